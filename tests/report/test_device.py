"""Views of devices and of what networks cost on them, and the page of a device."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nas.cost.catalog import find_model
from nas.cost.profile import find_device
from nas.errors import OutputError, UnknownNameError
from nas.graph.lower import lower
from nas.report.cost import cost_view, costs_where_known
from nas.report.device import covered, device_view, error_rows, matches, model_view, shown
from nas.report.device_page import draw_errors, write_device_page
from nas.space.catalog import find_network


class Text(HTMLParser):
    """The text of a page outside of its scripts, and how often each element opens."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.opened, self._inside = "", {}, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.opened[tag] = self.opened.get(tag, 0) + 1
        assert tag != "link" and not any(name == "src" for name, _ in attrs), "nothing is fetched"

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data + " "


def test_a_view_knows_facts_models_and_which_is_chosen() -> None:
    view = device_view("rpi5")
    assert (view.name, view.title, view.kind) == ("raspberry-pi-5", "Raspberry Pi 5", "board")
    assert [model.chosen for model in view.models] == [True, *[False] * (len(view.models) - 1)]
    assert view.models[0].name == "raspberry-pi-5/ncnn-fp32-b1-t4"
    power = next(fact for fact in view.facts if fact.name == "active power")
    assert power.value == "4 W" and "Raspberry Pi documentation" in power.source
    json.dumps(view.to_json(), allow_nan=False)


def test_a_device_that_is_nowhere_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="raspberry-pi-5"):
        device_view("raspberry-pi-6")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("memory_bytes", 4294967296, ("memory", "4 GiB")),
        ("memory_bandwidth_bytes_per_s", 25.6e9, ("memory bandwidth", "25.6 GB/s")),
        ("active_power_mw", 1750, ("active power", "1.75 W")),
        ("carbon_intensity_g_per_kwh", 480, ("carbon intensity", "480 g CO2/kWh")),
    ],
)
def test_facts_are_shown_with_units(name: str, value: float, said: tuple[str, str]) -> None:
    assert shown(name, value) == said


def test_words_find_devices_by_chip_alias_and_model() -> None:
    view = device_view("jetson-nano")
    assert matches(view, ["jetson"]) and matches(view, ["NVIDIA", "vulkan"])
    assert matches(view, ["cortex-a57"], kind="edge-gpu")
    assert not matches(view, ["jetson"], kind="phone")
    assert not matches(view, ["jetson", "orin"])


def test_units_of_batches_and_throughputs_are_said() -> None:
    units = {model.stored.file.stem: model.unit for model in device_view("titan-xp").models}
    assert units["help-fp32-b1"] == "per image"
    assert units["help-fp32-b64"] == "per batch of 64"
    (model,) = device_view("a100").models
    assert "throughput" in model.name and "throughput" in model.unit


def test_coverage_has_a_row_for_each_family_measured() -> None:
    model = device_view("pixel-3").models[0]
    rows = {row["kernels"]: row for row in covered(model)}
    assert set(rows) == {family.value for family in model.stored.model.calibrated}
    assert rows["depthwise_conv"]["size"] == "3, 5"


def test_energy_is_labelled_by_where_it_comes_from() -> None:
    for device, origin in (
        ("jetson-tx2", "measured"),
        ("eyeriss", "simulated"),
        ("zc706", "modelled"),
    ):
        rows = {row[0]: row for row in error_rows(device_view(device).models[0])}
        assert rows["energy"][1] == origin


def test_points_of_the_figure_are_those_of_the_evidence() -> None:
    model = device_view("rpi5").models[0]
    figure = draw_errors(model)
    drawn = figure.data[-1]
    points = model.latency_error.points
    assert list(zip(drawn.x, drawn.y, strict=True)) == [point[:2] for point in points]
    for (_, middle, low, high), up, down in zip(
        points, drawn.error_y.array, drawn.error_y.arrayminus, strict=True
    ):
        assert middle + up == pytest.approx(high) and middle - down == pytest.approx(low)


def test_a_page_stands_alone_and_tells_all_models(tmp_path: Path) -> None:
    view = device_view("raspberry-pi-4")
    write_device_page(view, tmp_path / "pi.html")
    page = (tmp_path / "pi.html").read_text(encoding="utf-8")
    text = Text()
    text.feed(page)
    for model in view.models:
        assert model.name in text.text
        assert f"{model.latency_error.median:.1%}" in text.text
        assert model.stored.evidence.source in text.text
    assert text.opened["h2"] == len(view.models)
    assert len(re.findall(r"Plotly\.newPlot\(", page)) >= len(view.models)
    assert page.count("plotly.js v") == 1, "the drawing library is inside once"
    assert list(tmp_path.iterdir()) == [tmp_path / "pi.html"]


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be a writable file"):
        write_device_page(device_view("pixel-3"), tmp_path / "missing" / "pi.html")
    assert not list(tmp_path.iterdir())


def test_costs_carry_intervals_and_what_lies_outside() -> None:
    network = lower(find_network("mobilenet_v2"))
    view = cost_view(network, find_model("rpi5"))
    low, high = view.estimate.latency_interval_ms
    assert low < view.estimate.latency_ms < high
    assert 0 <= view.outside <= 1 and bool(view.reasons) == (view.outside > 0)
    assert [part.latency_ms for part in view.dearest] == sorted(
        (part.latency_ms for part in view.estimate.breakdown), reverse=True
    )
    told = view.to_json("mine")
    assert told["latency_interval_ms"] == (low, high)
    json.dumps(told, allow_nan=False)


def test_all_devices_come_fastest_first() -> None:
    network = lower(find_network("mobilenet_v2"))
    models = [find_model(name) for name in ("zc706", "pixel-3", "rpi5")]
    views, without = costs_where_known(network, models)
    times = [view.estimate.latency_ms for view in views]
    assert times == sorted(times) and len(views) == 3 and not without


def test_modelled_energy_is_active_power_times_latency() -> None:
    view = cost_view(lower(find_network("mobilenet_v2")), find_model("raspberry-pi-5"))
    power = find_device("raspberry-pi-5").active_power_mw
    assert power is not None and model_view(find_model("rpi5")).energy == "modelled"
    estimate = view.estimate
    assert estimate.energy_mj == pytest.approx(estimate.latency_ms * power.value / 1000)

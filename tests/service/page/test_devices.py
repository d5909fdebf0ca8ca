"""Devices → what the views say of them, and a dropped log → a model."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from nas.cost.catalog import modelled_devices
from nas.errors import InputError, TakenError, UnknownNameError
from nas.report.palette import PALETTES
from nas.service.device_views import device_views, known_device
from nas.service.page import calibrate, device, devices, search_choices
from nas.service.page.parts import Parts
from tests.service.test_calibrations import LOG


def text(component: Any) -> str:
    return json.dumps(component, default=lambda one: one.to_plotly_json())


def test_the_list_has_every_device_with_its_error() -> None:
    shown = text(devices.device_table(device_views()))
    assert all(f"/ui/devices/{name}" in shown for name in modelled_devices())
    error = known_device("pixel-3").chosen.latency_error  # type: ignore[union-attr]
    assert f"{error.median:.1%}" in shown and f"{len(device_views())} devices" in shown
    assert "No device matches" in text(devices.device_table([]))


def test_a_device_has_facts_with_sources_models_errors_and_evidence(parts: Parts) -> None:
    shown = text(device.layout(parts, {"device": "raspberry-pi-5", "theme": "dark"}))
    view = known_device("raspberry-pi-5")
    assert all(fact.source in shown for fact in view.facts)
    assert all(model.name in shown for model in view.models)
    chosen = view.models[0]
    assert chosen.stored.evidence.licence in shown and "Calibrated on" in shown
    assert PALETTES["dark"].front in shown and PALETTES["light"].front not in shown
    with pytest.raises(UnknownNameError):
        device.layout(parts, {"device": "../x"})


def test_devices_of_every_kind_can_be_shown(parts: Parts) -> None:
    by_kind = {view.kind: view for view in device_views()}
    assert len(by_kind) > 5
    for view in by_kind.values():
        assert view.title in text(device.layout(parts, {"device": view.name})), view.name


def test_devices_to_choose_from_are_filtered_and_keep_the_choice() -> None:
    found = search_choices.device_options("raspberry int8", "pixel-3")
    names = [one["value"] for one in found]
    assert names[0] == "pixel-3" and len(names) > 1
    assert all("raspberry" in name for name in names[1:])


def test_objectives_that_a_device_or_space_does_not_know_cannot_be_chosen() -> None:
    chosen = ["accuracy", "energy_mj", "train_time_s"]
    assert search_choices.allowed_objectives(chosen, "jetson-tx2", "mnasnet") == chosen
    assert search_choices.allowed_objectives(chosen, "a100", "mobilenet_v3") == ["accuracy"]


@pytest.mark.parametrize(
    ("count", "said"),
    [(6561, "6,561"), (10**6, "1.0 × 10⁶"), (984770902183611232881, "9.8 × 10²⁰")],
)
def test_sizes_are_readable(count: int, said: str) -> None:
    assert search_choices.large(count) == said


def sent(data: bytes) -> str:
    return "data:text/csv;base64," + base64.b64encode(data).decode()


def test_a_dropped_log_becomes_a_model(parts: Parts) -> None:
    given = {"device": "my-board", "runtime": "tflite", "batch": "", "source": " me ", "force": []}
    model, more_helps = calibrate.fitted(parts, sent(LOG), given)
    assert model.stored.file.is_relative_to(parts.settings.models_folder)
    assert model.stored.evidence.source == "me" and model.stored.evidence.licence == "unstated"
    shown = text(calibrate.result(model, more_helps))
    assert model.name in shown and "/ui/devices/my-board" in shown
    with pytest.raises(TakenError, match="force"):
        calibrate.fitted(parts, sent(LOG), given)


@pytest.mark.parametrize(
    ("contents", "said"),
    [("data:,???", "not one"), (sent(b"\xff\xfe"), "readable"), (sent(b"a,b\n1,2\n"), "network")],
)
def test_what_is_no_log_is_refused_in_words(parts: Parts, contents: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        calibrate.fitted(parts, contents, {"device": "my-board", "runtime": "tflite"})

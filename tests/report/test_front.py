"""Front views: picks, staircases and pictures tell the same story as the rows behind them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nas.errors import OutputError
from nas.pareto import Sense, front
from nas.report.front import FrontView, front_view, staircase, thinned
from nas.report.picture import draw, write_html, write_image
from nas.report.references import costed_references
from nas.space.catalog import find_network
from nas.store.records import (
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
)

TEXT = str(find_network("mobilenet_v2"))
ACCURACY = ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"kind": "predicted"})
LATENCY = ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"kind": "predicted"})
ENERGY = ObjectiveRecord("energy_mj", Sense.MINIMIZE, "mJ", {"kind": "predicted"})
ROWS = [(60, 10, 90), (66, 20, 150), (67, 30, 200), (65, 22, 140), (50, 12, 100), (66.5, 19, 190)]


@pytest.fixture
def view() -> FrontView:
    spec = {"space": "mnasnet", "device": "jetson-tx2", "limits": {"max_latency_ms": 35.0}}
    objectives = (ACCURACY, LATENCY, ENERGY)
    study = StudyRecord(1, "s", spec, objectives, datetime.now(UTC), None)
    records = [
        EvaluationRecord(
            number,
            f"{number:016x}",
            TEXT,
            {"stage1.kernel": 3},
            EvaluationState.COMPLETE,
            dict(zip((o.name for o in objectives), map(float, row), strict=True)),
        )
        for number, row in enumerate(ROWS)
    ]
    kept = [records[i] for i in front(ROWS, [o.sense for o in objectives])]
    references = costed_references("jetson-tx2", classes=1000)
    return front_view(study, records, kept, references=references)


def test_the_view_splits_what_is_on_the_front(view: FrontView) -> None:
    assert [point.number for point in view.front] == [2, 5, 1, 3, 0]
    assert [point.number for point in view.dominated] == [4]
    assert view.limits == {"latency_ms": 35.0}
    document = view.to_json()
    assert [row["accuracy"] for row in document["front"]] == [67, 66.5, 66, 65, 60]
    assert document["objectives"][1]["provenance"] == {"kind": "predicted"}


def test_picks(view: FrontView) -> None:
    assert view.pick("fastest").number == 0
    assert view.pick("most-accurate").number == 2
    assert view.pick("2").number == 5
    assert view.pick(f"{3:016x}").number == 3
    assert view.pick("knee").number in (1, 3, 5)
    for wrong in ("0", "6", "best", ""):
        with pytest.raises(KeyError, match="1 to 5"):
            view.pick(wrong)


def test_the_staircase_is_the_front_of_two_objectives(view: FrontView) -> None:
    assert staircase(view.front, LATENCY, ACCURACY) == [(10, 60), (19, 66.5), (30, 67)]
    assert staircase(view.front, ENERGY, ACCURACY) == [
        (90, 60), (140, 65), (150, 66), (190, 66.5), (200, 67)
    ]  # fmt: skip


def test_thinning_keeps_both_ends(view: FrontView) -> None:
    assert thinned(view.front, 10) == [0, 1, 2, 3, 4]
    assert thinned(view.front, 2) == [0, 4]


def test_the_picture_shows_every_network_and_the_references(view: FrontView) -> None:
    figure = draw(view)
    traces = {(trace.name, trace.xaxis): trace for trace in figure.data}
    for axis, objective in (("x", LATENCY), ("x2", ENERGY)):
        shown = traces["front", axis]
        assert list(shown.x) == [point.values[objective.name] for point in view.front]
        assert list(shown.y) == [point.values["accuracy"] for point in view.front]
        assert len(traces["dominated", axis].x) == 1
        assert list(zip(*(traces["best at this cost", axis][k] for k in "xy"), strict=True)) == (
            staircase(view.front, objective, ACCURACY)
        )
        assert "mobilenet_v2" in traces["published networks (cost only)", axis].text
    assert "mb k3" in traces["front", "x"].text[0]
    assert "Energy (mJ)" in traces["front", "x"].text[0]
    assert [shape.x0 for shape in figure.layout.shapes] == [35.0]


def test_the_page_stands_alone(view: FrontView, tmp_path: Path) -> None:
    file = tmp_path / "front.html"
    write_html(draw(view), file)
    page = file.read_text()
    assert "Plotly.newPlot" in page
    assert "<script src=" not in page.replace("'", '"')
    with pytest.raises(OutputError, match="must be a writable file"):
        write_html(draw(view), tmp_path / "missing" / "front.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["front.html"]


def test_a_still_picture_is_drawn_where_a_browser_is(view: FrontView, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must end in .png, .svg or .pdf"):
        write_image(draw(view), tmp_path / "front.gif")
    if not any(map(shutil.which, ("chromium", "google-chrome", "chrome"))):
        pytest.skip("drawing a still picture needs Chrome or Chromium")
    file = tmp_path / "front.png"
    write_image(draw(view), file)
    assert file.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match="must be a writable file"):
        write_image(draw(view), tmp_path / "missing" / "front.png")


def test_several_devices_and_a_floor_are_shown() -> None:
    there = ObjectiveRecord("latency_ms@zc706", Sense.MINIMIZE, "ms", {"kind": "predicted"})
    spec = {
        "space": "mnasnet",
        "device": "jetson-tx2",
        "limits": {"max_latency_ms@zc706": 160.0, "max_macs": None, "min_accuracy": 62.0},
    }
    objectives = (ACCURACY, there, LATENCY)
    study = StudyRecord(1, "s", spec, objectives, datetime.now(UTC), None)
    records = [
        EvaluationRecord(
            *(number, f"{number:016x}", TEXT, {}, EvaluationState.COMPLETE),
            {"accuracy": accuracy, "latency_ms": here, "latency_ms@zc706": far},
        )
        for number, (accuracy, here, far) in enumerate(map(lambda row: map(float, row), ROWS))
    ]
    references = costed_references("jetson-tx2", classes=1000, others=["zc706"])
    view = front_view(study, records, records[:3], references=references)
    assert (view.limits, view.floors) == ({"latency_ms@zc706": 160.0}, {"accuracy": 62.0})
    assert view.to_json()["floors"] == {"accuracy": 62.0}
    assert view.pick("fastest").values["latency_ms@zc706"] == 90
    figure = draw(view)
    assert figure.layout.xaxis.title.text == "Latency on zc706 (ms)"
    assert figure.layout.xaxis2.title.text == "Latency (ms)"
    dashed = {(shape.x0, shape.y0) for shape in figure.layout.shapes}
    assert {(160.0, 0), (0, 62.0)} <= dashed
    marks = {trace.xaxis: trace for trace in figure.data if "published" in trace.name}
    costs = {reference.name: reference.costs for reference in references}
    for axis, name in (("x", "latency_ms@zc706"), ("x2", "latency_ms")):
        for text, x in zip(marks[axis].text, marks[axis].x, strict=True):
            assert x == costs[text][name]


def test_references_know_their_costs() -> None:
    with_energy = costed_references("jetson-tx2", classes=1000)
    without = costed_references("pixel-3", classes=1000)
    assert {r.name for r in with_energy} >= {"mobilenet_v2", "efficientnet_b0", "resnet50"}
    assert all(r.costs["energy_mj"] > 0 for r in with_energy)
    assert all("energy_mj" not in r.costs for r in without)
    assert costed_references("pixel-3", classes=10) == ()

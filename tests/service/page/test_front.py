"""The view of a front: what filters leave, what is sorted, what moves, what an empty one says."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nas.report.importance import top_choices
from nas.report.panel import DOMINATED, FRONT, STAIRCASE, extremes
from nas.service.insights import LEAST_EVALUATED
from nas.service.page import front
from nas.service.page.front_controls import STEPS, bounds, chosen_range, chosen_ranges, until_words
from nas.service.page.front_figure import MOST_MARKS, Shown, front_figure, moved, turned
from nas.service.page.front_insights import insight_cards
from nas.service.page.front_table import (
    ROWS,
    brushed,
    compare_link,
    filtered,
    front_table,
    ordered,
)
from nas.service.page.parts import Parts
from nas.service.page.plots import csv_file
from tests.report.studies import OBJECTIVES, study, viewed
from tests.service.studies import begun, records


@pytest.fixture
def stored(parts: Parts) -> Parts:
    """A study of real networks with the costs of a Jetson TX2."""
    asked, evaluations = study(120)
    row = parts.store.create_study("s", spec=asked.spec, objectives=asked.objectives)
    parts.store.record(row.id, list(evaluations))
    return parts


def said(component: Any) -> str:
    return str(component.to_plotly_json())


def test_filters_leave_what_is_in_every_range_and_brushed() -> None:
    view = viewed()
    assert filtered(view, {}, None) is None
    low, high = bounds(view, "latency_ms")
    middle = (low + high) / 2
    kept = filtered(view, {"latency_ms": (low, middle)}, None)
    assert kept == {p.id for p in view.front if p.values["latency_ms"] <= middle}
    some = frozenset(p.id for p in view.front[:4])
    assert filtered(view, {"latency_ms": (low, middle)}, some) == kept & some
    assert filtered(view, {}, frozenset()) == frozenset()


def test_the_ends_of_a_slider_leave_the_ends_of_the_front() -> None:
    view = viewed()
    low, high = bounds(view, "energy_mj")
    assert chosen_range(view, "energy_mj", [0, STEPS]) is None
    assert chosen_range(view, "energy_mj", None) is None
    half = chosen_range(view, "energy_mj", [0, STEPS // 2])
    assert half == (low, pytest.approx((low + high) / 2))
    least, most = chosen_range(view, "energy_mj", [1, STEPS]) or (0, 0)
    assert low < least and most == high
    ids = [{"name": "latency_ms"}, {"name": "energy_mj"}]
    assert set(chosen_ranges(view, [[0, STEPS], [5, 9]], ids)) == {"energy_mj"}


def test_a_brush_takes_marks_of_networks_only() -> None:
    view = viewed()
    axes = ("latency_ms", "accuracy")
    assert brushed(None, view, *axes) is None and brushed({"points": []}, view, *axes) is None
    points = [
        {"customdata": "a"},
        {"customdata": None},
        {"text": "mobilenet"},
        {"customdata": "b"},
    ]
    assert brushed({"points": points}, view, *axes) == {"a", "b"}


def test_a_brush_takes_networks_without_a_mark() -> None:
    view = viewed()
    axes = ("latency_ms", "accuracy")
    places = [[p.values[name] for p in view.front] for name in axes]
    (left, right), (low, high) = ((np.quantile(one, [0.2, 0.8])) for one in places)
    marks = {"points": [{"customdata": None}]}
    box = brushed({**marks, "range": {"x": [right, left], "y": [low, high]}}, view, *axes)
    assert box == {
        p.id
        for p, x, y in zip(view.front, *places, strict=True)
        if left <= x <= right and low <= y <= high
    }
    diamond = {
        "x": [left, (left + right) / 2, right, (left + right) / 2],
        "y": [(low + high) / 2, high, (low + high) / 2, low],
    }
    within = brushed({**marks, "lassoPoints": diamond}, view, *axes)
    assert within == {
        p.id
        for p, x, y in zip(view.front, *places, strict=True)
        if abs(2 * x - left - right) / (right - left) + abs(2 * y - low - high) / (high - low) < 1
    }
    assert within and box and within < box


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_table_is_sorted(name: str, descending: bool) -> None:
    values = [point.values[name] for point in ordered(viewed(), name, descending=descending)]
    assert all((a >= b) if descending else (a <= b) for a, b in pairwise(values))


def test_pages_of_the_table_hold_every_network_once() -> None:
    view = viewed()
    pages = -(-len(view.front) // ROWS)
    assert pages > 1
    options: dict[str, Any] = {"sort": "accuracy", "descending": True, "picked": ()}
    leaves = [said(front_table(view, kept=None, page=page, **options)) for page in range(pages)]
    for point in view.front:
        assert sum(f"/network/{point.id}" in leaf for leaf in leaves) == 1
    assert said(front_table(view, kept=None, page=99, **options)) == leaves[-1]
    few = said(front_table(view, kept=frozenset({view.front[0].id}), page=3, **options))
    assert f"1 of {len(view.front)} networks, page 1 of 1" in few


def test_two_or_three_networks_are_compared() -> None:
    ids = [point.id for point in ordered(viewed(), "accuracy", descending=True)]
    options: dict[str, Any] = {"sort": "accuracy", "descending": True, "page": 0, "kept": None}
    for count in (2, 3):
        table = said(front_table(viewed(), picked=ids[:count], **options))
        assert table.count("'Chosen'") == count
        assert table.count("disabled=True") == (ROWS - 3 if count == 3 else 0) + 1, "Earlier"
    assert "Choose two or three" in said(compare_link("s", ["a"]))
    assert "/ui/study/s/compare?ids=a,b" in said(compare_link("s", ["a", "b"]))


def test_the_first_figure_is_accuracy_over_the_first_cost() -> None:
    view = viewed()
    shown = Shown.first(view, "dark")
    assert (shown.x, shown.y, shown.z) == ("latency_ms", "accuracy", "energy_mj")
    figure = front_figure(view, shown)
    assert figure["data"][FRONT]["customdata"] == [p.id for p in view.front]
    assert figure["layout"]["xaxis"]["title"]["text"] == "Latency (ms)"


@pytest.mark.parametrize("kind", ["3d", "lines"])
def test_other_kinds_hold_the_same_networks(kind: Any) -> None:
    view = viewed()
    shown = Shown(kind, "latency_ms", "accuracy", "energy_mj", False, "light")
    figure = front_figure(view, shown, choices=["stage7.expansion"])
    drawn = {one for trace in figure.data for one in trace.customdata or ()}
    assert drawn == {point.id for point in view.front}


def test_what_moves_is_what_would_be_drawn() -> None:
    view, then = viewed(), viewed(until=60)
    shown = Shown.first(view, "light")
    intervals = {"accuracy": {then.front[0].id: (0.0, 99.0)}}
    operations = moved(then, shown, intervals).to_plotly_json()["operations"]
    values = {tuple(one["location"]): one["params"].get("value") for one in operations}
    wanted = front_figure(then, shown, intervals=intervals)["data"]
    for index, trace in enumerate(wanted[: FRONT + 1]):
        for key in ("x", "y", "customdata"):
            assert values.get(("data", index, key)) == trace.get(key)
    assert values["data", FRONT, "error_y"] == wanted[FRONT]["error_y"]


def test_what_is_shown_or_hidden_is_what_would_be_drawn() -> None:
    view = viewed()
    intervals = {"accuracy": {view.front[0].id: (0.0, 99.0)}}
    hidden = replace(Shown.first(view, "light"), dominated=False)
    operations = turned(view, hidden, intervals).to_plotly_json()["operations"]
    values = {tuple(one["location"]): one["params"].get("value") for one in operations}
    wanted = front_figure(view, hidden, intervals=intervals)["data"]
    assert values["data", DOMINATED, "visible"] is wanted[DOMINATED]["visible"] is False
    assert values["data", FRONT, "error_y"] == wanted[FRONT]["error_y"]
    assert not any(place[-1] in ("x", "y", "customdata") for place in values)


def test_a_large_front_has_fewer_marks_and_the_whole_line() -> None:
    view, count = viewed(), 5 * MOST_MARKS
    one = view.front[0]
    turn = np.linspace(0, np.pi / 2, count)
    front = tuple(
        replace(one, id=f"{n:016x}", values={**one.values, "latency_ms": x, "accuracy": y})
        for n, (x, y) in enumerate(zip(1 - np.cos(turn), np.sin(turn), strict=True))
    )
    large = replace(view, front=front)
    document = front_figure(large, Shown.first(large, "light"))
    marks = document["data"][FRONT]["customdata"]
    assert len(marks) == len(set(marks)) <= MOST_MARKS
    assert (marks[0], marks[-1]) == (front[0].id, front[-1].id)
    assert len(document["data"][STAIRCASE]["x"]) == count
    title = document["layout"]["xaxis"]["title"]["text"]
    assert f"{len(marks):,} of {count:,} networks of the front marked" in title
    small = front_figure(view, Shown.first(view, "light"))
    assert "marked" not in small["layout"]["xaxis"]["title"]["text"]


def test_the_figure_as_it_was_has_room_for_the_front_as_it_is() -> None:
    view, then = viewed(), viewed(until=60)
    shown = Shown.first(view, "light")
    now = front_figure(view, shown)["layout"]
    frame = {name: extremes(view, name) for name in OBJECTIVES}
    past = front_figure(then, shown, frame=frame)["layout"]
    assert all(past[axis]["range"] == now[axis]["range"] for axis in ("xaxis", "yaxis"))
    assert until_words(60, 300) == "As it was after 60 of 300 evaluations."
    assert until_words(300, 300) == "As it is now, after 300 evaluations."


def test_the_view_of_a_study_shows_everything(stored: Parts) -> None:
    shown = said(front.layout(stored, {"study": "s", "theme": "dark"}))
    for wanted in ("front-table", "front-until", "front-range", "on the front of 120 evaluated"):
        assert wanted in shown
    assert "/api/v1/studies/s/report" in shown and "#18212a" in shown


def test_a_study_without_a_front_says_what_to_do(parts: Parts) -> None:
    row = begun(parts.store, limits={"min_accuracy": 99.0})
    assert "Resume the study" in said(front.layout(parts, {"study": "small"}))
    parts.store.record(row.id, records([(50.0, 3.0)]))
    assert "none within the limits" in said(front.layout(parts, {"study": "small"}))


def test_a_large_study_is_read_while_the_view_says_so(
    stored: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "_READ_AT_ONCE", 100)
    assert "Its 120 evaluations are being read" in said(front.layout(stored, {"study": "s"}))
    assert not stored.views.ready("s")
    stored.views.front("s")
    assert "front-table" in said(front.layout(stored, {"study": "s"}))


def test_insights_tell_intervals_and_importance(stored: Parts) -> None:
    insights = stored.insights
    view = stored.views.front("s")
    intervals = insights.intervals("s")
    assert set(intervals) == {"accuracy", "latency_ms", "energy_mj"}
    for name, known in intervals.items():
        assert set(known) == {point.id for point in view.front}
        for point in view.front:
            assert known[point.id][0] <= point.values[name] <= known[point.id][1]
    every = [point.values["energy_mj"] for point in (*view.front, *view.dominated)]
    assert insights.frame("s")["energy_mj"] == (min(every), max(every))
    importance = insights.importance("s")
    assert [one.objective for one in importance] == list(OBJECTIVES)
    assert insights.importance("s") is importance and insights.intervals("s") is intervals
    assert {"stage7.expansion", "stage1.expansion"} <= set(top_choices(importance)[:6])
    cards = str([one.to_plotly_json() for one in insight_cards(view, importance, "light")])
    assert "Sobol" in cards and "the models of the study" in cards


def test_accuracies_that_are_paid_for_are_learned_from(parts: Parts) -> None:
    row = begun(parts.store, evaluator="package.module:factory")
    insights = parts.insights
    networks = records([(0.0, 0.0)] * (LEAST_EVALUATED + 20))

    def judged(one: Any) -> dict[str, float]:
        good = one.choices["stage1.block1.operation"] == "k5_e6"
        return {"accuracy": 70.0 + 5 * good + 0.01 * one.number, "latency_ms": 2.0}

    parts.store.record(row.id, [replace(one, values=judged(one)) for one in networks[:5]])
    assert insights.importance("small") == ()
    text = str(
        [c.to_plotly_json() for c in insight_cards(parts.views.front("small"), (), "light")]
    )
    assert "more networks must be evaluated" in text
    parts.store.record(row.id, [replace(one, values=judged(one)) for one in networks[5:]])
    accuracy, latency = insights.importance("small")
    assert "Gaussian process" in accuracy.source and latency.source == "the models of the study"
    assert "accuracy" not in insights.intervals("small")


def test_what_is_drawn_is_saved_as_csv() -> None:
    view = viewed()
    figure = front_figure(view, Shown.first(view, "light"))
    file = csv_file("front", figure)
    rows = list(csv.DictReader(io.StringIO(file["content"])))
    assert file["filename"] == "front.csv"
    assert {row["id"] for row in rows if row["series"] == "front"} == {p.id for p in view.front}
    hidden = front_figure(view, replace(Shown.first(view, "light"), dominated=False))
    assert (
        ",dominated," in file["content"] and ",dominated," not in csv_file("f", hidden)["content"]
    )

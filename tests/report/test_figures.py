"""Figures of fronts: every network once, in every theme, and the same numbers as CSV."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from nas.report.choices import choices_view, draw_choices
from nas.report.figure_csv import figure_csv
from nas.report.front import FrontView, Point, marked, staircase
from nas.report.growth import draw_growth
from nas.report.importance import accuracy_process, draw_importance, importances
from nas.report.palette import PALETTES, Theme, contrast, mixed
from nas.report.panel import DOMINATED, FRONT, REFERENCES, STAIRCASE
from nas.report.picture import MOST_FAINT, pair_document, thin, thinning_note
from nas.report.references import costed_references
from nas.report.spread import draw_parallel, draw_three, parallel_view
from tests.report.studies import DEVICE, OBJECTIVES, problem, viewed

THEMES: tuple[Theme, ...] = ("light", "dark")


def drawn_pair(view: FrontView, x: str, y: str, **options: Any) -> go.Figure:
    """What the page draws; Plotly refuses what no figure may have."""
    return go.Figure(pair_document(view, x, y, **options))


@pytest.mark.parametrize("theme", THEMES)
def test_colours_stand_out_from_the_paper(theme: Theme) -> None:
    palette = PALETTES[theme]
    assert contrast(palette.ink, palette.paper) > 7
    assert contrast(palette.quiet, palette.paper) > 4.5
    shapes = (palette.front, palette.limit, palette.reference, palette.high, *palette.series)
    assert min(contrast(colour, palette.paper) for colour in shapes) > 3
    assert contrast(mixed(palette.ink, palette.paper, 1.0), palette.paper) == pytest.approx(1)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("x", "y"), list(itertools.permutations(OBJECTIVES, 2)))
def test_every_network_stands_once_over_any_two_objectives(x: str, y: str) -> None:
    view = viewed()
    figure = drawn_pair(view, x, y)
    drawn = [
        (number, trace.x[index], trace.y[index])
        for trace in (figure.data[DOMINATED], figure.data[FRONT])
        for index, number in enumerate(trace.customdata)
    ]
    every = (*view.front, *view.dominated)
    assert sorted(drawn) == sorted((p.id, p.values[x], p.values[y]) for p in every)
    named = {o.name: o for o in view.objectives}
    line = figure.data[STAIRCASE]
    assert list(zip(line.x, line.y, strict=True)) == staircase(view.front, named[x], named[y])


def test_a_staircase_is_reached_by_nothing_in_any_sense() -> None:
    view = viewed()
    for x, y in itertools.permutations(view.objectives, 2):
        signs = np.array([1 if o.sense == "minimize" else -1 for o in (x, y)])
        table = np.array([[p.values[x.name], p.values[y.name]] for p in view.front]) * signs
        for corner in np.array(staircase(view.front, x, y)) * signs:
            better = (table <= corner).all(axis=1) & (table < corner).any(axis=1)
            assert not better.any()


def test_limits_intervals_and_references_are_drawn() -> None:
    view = replace(viewed(), references=costed_references(DEVICE, classes=1000))
    first = view.front[0]
    intervals = {"latency_ms": {first.id: (1.0, 99.0)}}
    figure = drawn_pair(view, "latency_ms", "accuracy", intervals=intervals)
    assert [shape.x0 for shape in figure.layout.shapes] == [30.0]
    bars = figure.data[FRONT].error_x
    assert bars.array[0] == pytest.approx(99 - first.values["latency_ms"])
    assert bars.arrayminus[0] == pytest.approx(first.values["latency_ms"] - 1)
    assert set(bars.array[1:]) == {0.0} and not figure.data[FRONT].error_y.visible
    below = figure.data[REFERENCES]
    assert len(below.x) > 3 and len(set(below.y)) == 1, "accuracy is not on the study's scale"
    placed = drawn_pair(view, "latency_ms", "energy_mj").data[REFERENCES]
    costs = {r.name: (r.costs["latency_ms"], r.costs["energy_mj"]) for r in view.references}
    for name, x, y in zip(placed.text, placed.x, placed.y, strict=True):
        assert costs[name] == (x, y)
    assert not drawn_pair(view, "latency_ms", "accuracy", dominated=False).data[DOMINATED].visible


def test_a_cloud_is_thinned_evenly_and_says_so() -> None:
    view = viewed()
    some = view.dominated[0]
    cloud = tuple(replace(some, number=n, id=f"{n:016x}") for n in range(50_001))
    whole = replace(view, dominated=cloud)
    shown = thin(whole)
    numbers = [point.number for point in shown.dominated]
    assert len(numbers) == MOST_FAINT and (numbers[0], numbers[-1]) == (0, 50_000)
    assert max(np.diff(numbers)) - min(np.diff(numbers)) <= 1
    assert thinning_note(shown, whole) == "2,000 of 50,001 dominated networks drawn"
    axis = drawn_pair(whole, "latency_ms", "accuracy").layout.xaxis.title.text
    assert axis == "Latency (ms)<br><sub>2,000 of 50,001 dominated networks drawn</sub>"
    csv_rows = figure_csv(drawn_pair(whole, "latency_ms", "accuracy").to_dict()).splitlines()
    assert csv_rows[1].startswith("Latency (ms),dominated,")
    assert thin(view) is view and not thinning_note(view, view)


def test_marks_of_a_front_keep_the_ends_of_every_objective() -> None:
    front = viewed().front
    for names in itertools.combinations(OBJECTIVES, 2):
        some = marked(front, names, 9)
        assert 4 < len(some) <= 9 < len(front)
        assert [point for point in front if point in some] == some
        for name in names:
            values, kept = ([p.values[name] for p in points] for points in (front, some))
            assert (min(kept), max(kept)) == (min(values), max(values))
    assert marked(front, OBJECTIVES, len(front)) == list(front)


def test_three_dimensions_hold_the_front() -> None:
    view = viewed()
    names = ("latency_ms", "energy_mj", "accuracy")
    drawn = draw_three(view, names, dominated=view.dominated[:5]).data
    for trace, points in zip(drawn, (view.dominated[:5], view.front), strict=True):
        cells = zip(trace.x, trace.y, trace.z, strict=True)
        assert list(cells) == [tuple(p.values[n] for n in names) for p in points]
        assert list(trace.customdata) == [p.id for p in points]


def test_parallel_lines_pass_every_network_once_with_better_up() -> None:
    view = viewed()
    lines = parallel_view(view, ["stage7.expansion", "stage6.depth", "nothing"])
    assert [axis.title for axis in lines.axes] == [
        *("accuracy %", "latency ms", "energy mJ", "memory MiB"),
        *("stage7.expansion", "stage6.depth"),
    ]
    best = {o.name: (max if o.sense == "maximize" else min) for o in view.objectives}
    for axis, name in zip(lines.axes, OBJECTIVES, strict=False):
        values = [point.values[name] for point in lines.points]
        assert axis.places[values.index(best[name](values))] == 1.0
        assert {min(axis.places), max(axis.places)} == {0.0, 1.0}
    drawn = [i for trace in draw_parallel(lines).data for i in trace.customdata[::7]]
    assert sorted(drawn) == sorted(point.id for point in view.front)
    kept = frozenset(point.id for point in view.front[:3])
    out = draw_parallel(lines, kept=kept).data[0]
    assert out.name == "left out" and not kept & set(out.customdata)


def test_thinned_lines_keep_both_ends() -> None:
    view = viewed()
    few = parallel_view(view, most=5).points
    values = [point.values["accuracy"] for point in view.front]
    assert len(few) == 5
    assert {few[0].values["accuracy"], few[-1].values["accuracy"]} == {min(values), max(values)}


def test_hypervolume_is_drawn_over_evaluations_with_a_mark() -> None:
    curve = [(1, 0.25), (4, 0.5), (9, 0.75)]
    figure = draw_growth(curve, at=7)
    assert list(zip(figure.data[0].x, figure.data[0].y, strict=True)) == curve
    assert figure.layout.shapes[0].x0 == 7
    assert not draw_growth([]).data[0].x


def _in_order(view: FrontView) -> list[Point]:
    return sorted((*view.front, *view.dominated), key=lambda point: point.number)


def test_the_choices_of_the_front_stand_in_the_order_of_the_cost() -> None:
    view = viewed()
    along = choices_view(view, ["stage7.expansion", "stage6.depth"])
    costs = [point.values["latency_ms"] for point in along.points]
    assert costs == sorted(costs) and len(costs) == len(view.front)
    assert along.levels[0] == (1.0, 4.0, 6.0)
    heat = draw_choices(along).data[0]
    for row, name in enumerate(along.names):
        for column, point in enumerate(along.points):
            level = along.levels[row].index(point.choices[name])
            assert heat.z[row][column] == level / (len(along.levels[row]) - 1)
            assert heat.text[row][column] == str(point.choices[name])
    few = choices_view(view, most=4).points
    assert (few[0], few[-1]) == (along.points[0], along.points[-1])


def test_what_a_choice_decides_is_found() -> None:
    space = problem().space

    def columns_of(codes: np.ndarray) -> dict[str, np.ndarray]:
        first, second = codes[:, 0].astype(float), codes[:, 4].astype(float)
        return {"macs": 2 * first + second, "parameters": (first - 1) * (second - 1)}

    sums, products = importances(
        space, columns_of, {"macs": "a sum", "parameters": "a product"}, draws=4000
    )
    shares = {share.choice: share for share in sums.shares}
    first, second = (shares[space.variables[i].name] for i in (0, 4))
    assert first.total == pytest.approx(0.8, abs=0.04) and first.alone == pytest.approx(
        0.8, abs=0.1
    )
    assert second.total == pytest.approx(0.2, abs=0.04)
    assert {s.total for s in sums.shares} - {first.total, second.total} == {0.0}
    both = {share.choice: share for share in products.shares}
    assert all(both[space.variables[i].name].alone < 0.1 for i in (0, 4))
    assert all(both[space.variables[i].name].total > 0.9 for i in (0, 4))
    bars = draw_importance([sums, products], shown=2).data
    assert [list(bar.y) for bar in bars] == [[second.choice, first.choice]] * 4
    assert bars[0].x[1] + bars[1].x[1] == pytest.approx(first.total)


def test_the_process_of_the_search_finds_what_the_predictor_holds_for_important() -> None:
    asked, view = problem(), viewed()
    points = _in_order(view)[:200]
    learned, true = (
        importances(asked.space, columns_of, {"accuracy": ""}, draws=256)[0].shares
        for columns_of in (accuracy_process(asked.space, points), asked.evaluate)
    )
    assert {s.choice for s in learned[:2]} == {s.choice for s in true[:2]}


def test_csv_holds_what_is_drawn() -> None:
    view = viewed()
    intervals = {"latency_ms": {p.id: (p.values["latency_ms"] - 1, 50.0) for p in view.front}}
    figure = drawn_pair(view, "latency_ms", "accuracy", intervals=intervals)
    rows = list(csv.DictReader(io.StringIO(figure_csv(figure.to_dict()))))
    front = {row["id"]: row for row in rows if row["series"] == "front"}
    assert set(front) == {point.id for point in view.front}
    for point in view.front:
        row = front[point.id]
        assert (float(row["x"]), float(row["y"])) == (
            point.values["latency_ms"],
            point.values["accuracy"],
        )
        assert float(row["x_low"]) == pytest.approx(point.values["latency_ms"] - 1)
        assert float(row["x_high"]) == pytest.approx(50.0)
        assert row["panel"] == "Latency (ms)" and "<" not in row["label"]
    cells = list(
        csv.DictReader(io.StringIO(figure_csv(draw_choices(choices_view(view)).to_dict())))
    )
    assert len(cells) == sum(len(point.choices) for point in view.front)


def test_csv_runs_nothing_in_a_spreadsheet() -> None:
    figure = {"data": [{"x": [1], "y": [2], "text": ["=1+1"], "name": "a"}]}
    assert figure_csv(figure).splitlines() == ["series,x,y,label", "a,1,2,'=1+1"]

"""The networks of a front → a page of a table: sorted, filtered, with buttons to compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from nas.report.front import FrontView, Point
from nas.report.words import heading as words
from nas.report.words import number
from nas.service.page.pieces import address, aria, data, table
from nas.store import StudySummary

ROWS = 15
MOST_COMPARED = 3


def filtered(
    view: FrontView,
    ranges: Mapping[str, tuple[float, float]],
    brushed: frozenset[str] | None,
) -> frozenset[str] | None:
    """Ids of the networks of a front that filters leave; None where nothing filters.

    Args:
        view: The front.
        ranges: The least and the most of objectives, both allowed.
        brushed: Those that a person drew a box or a line around; None without.
    """
    if not ranges and brushed is None:
        return None
    return frozenset(
        point.id
        for point in view.front
        if (brushed is None or point.id in brushed)
        and all(low <= point.values[name] <= high for name, (low, high) in ranges.items())
    )


def brushed(selected: Any, view: FrontView, x: str, y: str) -> frozenset[str] | None:
    """Ids of the networks that a box or a line was drawn around; None where there is none.

    Args:
        selected: What the figure says of it: its shape, and the marks in it. Not every network of
            a large front has a mark.
        view: The front.
        x: The objective across.
        y: The objective upwards.
    """
    if not selected or not selected.get("points"):
        return None
    marks = (point.get("customdata") for point in selected["points"])
    found = {one for one in marks if isinstance(one, str)}
    box, line = selected.get("range") or {}, selected.get("lassoPoints") or {}
    if len(box) == 2 and "x" in box and "y" in box:
        (left, right), (low, high) = sorted(box["x"]), sorted(box["y"])
        found |= {
            p.id for p in view.front
            if left <= p.values[x] <= right and low <= p.values[y] <= high
        }  # fmt: skip
    elif "x" in line and "y" in line:
        corners = list(zip(line["x"], line["y"], strict=True))
        found |= {p.id for p in view.front if _inside(p.values[x], p.values[y], corners)}
    return frozenset(found)


def _inside(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """Whether a line around an area goes around a point: by the sides to its right."""
    sides = zip(corners, (*corners[1:], *corners[:1]), strict=True)
    crossed = (
        (low > y) != (high > y) and x < left + (right - left) * (y - low) / (high - low)
        for (left, low), (right, high) in sides
    )
    return sum(crossed) % 2 == 1


def ordered(view: FrontView, sort: str, *, descending: bool) -> list[Point]:
    """The front by an objective."""
    return sorted(view.front, key=lambda point: point.values[sort], reverse=descending)


def front_table(
    view: FrontView,
    *,
    kept: frozenset[str] | None,
    sort: str,
    descending: bool,
    page: int,
    picked: Sequence[str],
) -> Component:
    """One page of the table, and the buttons to the others."""
    names = [objective.name for objective in view.objectives]
    points = [
        p for p in ordered(view, sort, descending=descending) if kept is None or p.id in kept
    ]
    pages = max(1, math.ceil(len(points) / ROWS))
    page = min(max(page, 0), pages - 1)
    rows = [
        [
            html.A(point.id, href=address("study", view.study, "network", point.id)),
            *(number(point.values[name], name) for name in names),
            f"{point.number + 1:,}",
            _pick(point.id, picked),
        ]
        for point in points[page * ROWS : (page + 1) * ROWS]
    ]
    columns = [
        "network",
        *(_sorter(name, sort, descending) for name in names),
        "evaluation",
        html.Span("compare", className="visually-hidden"),
    ]
    numeric = range(1, len(names) + 2)
    return html.Div(
        [
            table(columns, rows, caption="Networks of the front", numeric=list(numeric)),
            _turning(page, pages, len(points), len(view.front)),
        ]
    )


def _sorter(name: str, sort: str, descending: bool) -> Component:
    """A heading that sorts."""
    sign = ("▼" if descending else "▲") if name == sort else ""
    state = ("descending" if descending else "ascending") if name == sort else "not sorted"
    return html.Button(
        [words(name), html.Span(f" {sign}", **aria(hidden="true"))],
        id={"type": "front-sort", "name": name},
        type="button",
        className="button quiet small sorter",
        **aria(label=f"{words(name)}, {state}: sort"),
    )


def _pick(identity: str, picked: Sequence[str]) -> Component:
    chosen = identity in picked
    return html.Button(
        "Chosen" if chosen else "Compare",
        type="button",
        className="button small" + (" primary" if chosen else ""),
        disabled=not chosen and len(picked) >= MOST_COMPARED,
        **data(pick=identity, most=str(MOST_COMPARED)),
        **aria(pressed=str(chosen).lower(), label=f"Compare {identity}"),
    )


def _turning(page: int, pages: int, left: int, count: int) -> Component:
    said = f"{left:,} of {count:,} networks" if left != count else f"{count:,} networks"
    turns = (("Earlier", -1, page == 0), ("Later", 1, page == pages - 1))
    buttons = [
        html.Button(
            word,
            id={"type": "front-turn", "step": step},
            type="button",
            className="button small",
            disabled=off,
        )
        for word, step, off in turns
    ]
    return html.Div(
        [html.Span(f"{said}, page {page + 1} of {pages}", className="quiet"), *buttons],
        className="pager",
    )


def compare_link(study: str, picked: Sequence[str]) -> Component:
    """What compares the chosen networks, or says how to choose them."""
    if len(picked) < 2:
        text = "Choose two or three networks of the table to compare them."
        return html.Span(text, className="quiet")
    to = address("study", study, "compare", ids=",".join(picked))
    return html.A(f"Compare {len(picked)} networks", href=to, className="button primary")


def evaluations(summary: StudySummary) -> int:
    """How many evaluations ended in any way: the end of the slider."""
    return summary.complete + summary.stopped + summary.over_limit + summary.failed


def lead(view: FrontView, count: int) -> str:
    """What the study is, in a line."""
    front = f"{len(view.front):,} {'network' if len(view.front) == 1 else 'networks'}"
    return f"{view.space} on {view.device}: {front} on the front of {count:,} evaluated."

"""A front → the controls of its view: axes, kind of view, filters, and when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from nas.report.front import FrontView
from nas.report.panel import axis_title
from nas.report.words import heading as words
from nas.report.words import number
from nas.service.page.front_figure import Shown
from nas.service.page.pieces import aria, field

KINDS = {"2d": "Two axes", "3d": "Three axes", "lines": "Parallel lines"}
OPTIONS = {"dominated": "Dominated networks", "intervals": "90% intervals"}


def figure_controls(view: FrontView, shown: Shown) -> Component:
    """What the figure shows."""
    titles = {o.name: axis_title(o.name) for o in view.objectives}
    able = {kind: said for kind, said in KINDS.items() if kind != "3d" or len(titles) > 2}
    kinds = dcc.RadioItems(able, shown.kind, id="front-kind", inline=True, className="segments")
    options = dcc.Checklist(
        OPTIONS, ["dominated"] if shown.dominated else [], id="front-options", inline=True
    )
    axes = (("Across", "x", shown.x), ("Up", "y", shown.y), ("Deep", "z", shown.z))
    return html.Div(
        [
            html.Div(kinds, role="group", **aria(label="Kind of view")),
            *(
                _axis(label, name, titles, value, hidden=name == "z" and shown.kind != "3d")
                for label, name, value in axes
            ),
            html.Div(
                options,
                id="front-options-field",
                role="group",
                className="front-options",
                **aria(label="Show"),
            ),
        ],
        className="front-controls",
    )


def _axis(
    label: str, name: str, titles: Mapping[str, str], value: str, *, hidden: bool
) -> Component:
    menu = dcc.Dropdown(titles, value, id=f"front-{name}", clearable=False, searchable=False)
    named = field(label, menu)
    return html.Div(named, id=f"front-{name}-field", hidden=hidden, className="front-axis")


def time_control(count: int) -> Component:
    """A slider over the evaluations."""
    slider = dcc.Slider(
        min=0,
        max=max(1, count),
        step=1,
        value=max(1, count),
        id="front-until",
        marks=None,
        included=True,
        allow_direct_input=False,
        tooltip={"placement": "bottom", "always_visible": False},
    )
    return html.Div(
        [
            html.Div("The front as it was", className="field-label"),
            html.Div(slider, role="group", **aria(label="After how many evaluations")),
            html.P(until_words(count, count), id="front-until-words", className="quiet"),
        ],
        className="field",
    )


def until_words(until: int, count: int) -> str:
    """When the front is looked at, in words."""
    if until >= count:
        return f"As it is now, after {count:,} evaluations."
    return f"As it was after {until:,} of {count:,} evaluations."


def filters(view: FrontView) -> Component:
    """A range for each objective, over what the front has."""
    fields = [_range(view, objective.name) for objective in view.objectives if view.front]
    return html.Div(fields, className="front-filters")


def _range(view: FrontView, name: str) -> Component:
    low, high = bounds(view, name)
    slider = dcc.RangeSlider(
        min=0,
        max=STEPS,
        step=1,
        value=[0, STEPS],
        id={"type": "front-range", "name": name},
        marks=None,
        allow_direct_input=False,
    )
    label = axis_title(name)
    return html.Div(
        [
            html.Div(label, className="field-label"),
            html.Div(slider, role="group", **aria(label=f"Range of {label}")),
            html.P(
                range_words(name, (low, high)),
                id={"type": "front-range-words", "name": name},
                className="quiet",
            ),
        ],
        className="field",
    )


STEPS = 200
"""How finely a range can be set."""


def bounds(view: FrontView, name: str) -> tuple[float, float]:
    """The least and the most of an objective on the front."""
    values = [point.values[name] for point in view.front] or [0.0]
    return min(values), max(values)


def chosen_range(
    view: FrontView, name: str, value: Sequence[float] | None
) -> tuple[float, float] | None:
    """What a slider is set to, in the objective's unit; None where it leaves everything."""
    if not value or (value[0] <= 0 and value[1] >= STEPS):
        return None
    low, high = bounds(view, name)
    span = high - low
    # The ends of the slider are the ends of the front to the last digit.
    least = low if value[0] <= 0 else low + span * value[0] / STEPS
    most = high if value[1] >= STEPS else low + span * value[1] / STEPS
    return least, most


def range_words(name: str, ends: tuple[float, float]) -> str:
    """A range in words."""
    return f"{number(ends[0], name)} to {number(ends[1], name)} {words(name).split(' ')[-1]}"


def chosen_ranges(
    view: FrontView, values: Sequence[Any], ids: Sequence[Mapping[str, str]]
) -> dict[str, tuple[float, float]]:
    """What all sliders are set to; only those that leave something out."""
    found = {}
    for value, own in zip(values, ids, strict=True):
        if (ends := chosen_range(view, own["name"], value)) is not None:
            found[own["name"]] = ends
    return found

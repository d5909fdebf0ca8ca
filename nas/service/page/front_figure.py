"""What a person chose to see of a front → its figure, or what changes in the one that is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import plotly.graph_objects as go
from dash import Patch

from nas.report.front import FrontView, thinned
from nas.report.palette import Theme
from nas.report.panel import FRONT, Interval, Intervals
from nas.report.picture import axes, pair_document
from nas.report.spread import draw_parallel, draw_three, parallel_view

Kind = Literal["2d", "3d", "lines"]

MOST_FAINT = 400
"""Dominated networks in the figure: twice as many look the same and take twice as long."""
MOST_MARKS = 400
"""Networks of the front with a mark of their own: a browser takes 0.1 ms to draw each."""
_MOST_DEEP = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person chose to see.

    Args:
        kind: Two dimensions, three, or parallel lines.
        x: The objective across.
        y: The objective upwards.
        z: The objective into the depth.
        dominated: Whether networks that others beat are drawn.
        theme: Of the colours.
    """

    kind: Kind
    x: str
    y: str
    z: str
    dominated: bool
    theme: Theme

    @classmethod
    def first(cls, view: FrontView, theme: str) -> Shown:
        """What is seen before anything is chosen: accuracy over the first cost."""
        up, across = axes(view.objectives)
        z = across[1] if len(across) > 1 else across[0]
        return cls("2d", across[0].name, up.name, z.name, True, cast(Theme, theme))


def front_figure(
    view: FrontView,
    shown: Shown,
    *,
    frame: Mapping[str, Interval] | None = None,
    intervals: Intervals | None = None,
    kept: frozenset[str] | None = None,
    choices: Sequence[str] = (),
) -> go.Figure | dict[str, Any]:
    """The figure of a front.

    Args:
        view: The front, as it is or was.
        shown: What is to be seen of it.
        frame: What the axes have room for, by objective; the networks of the view without it.
        intervals: Error bars.
        kept: Ids that the filters leave; None where there are none. In two dimensions the browser
            fades the others, which takes no new figure.
        choices: Those that get an axis among the parallel lines.
    """
    if shown.kind == "lines":
        return draw_parallel(parallel_view(view, choices), theme=shown.theme, kept=kept)
    if shown.kind == "3d":
        left = view
        if kept is not None:
            left = replace(view, front=tuple(p for p in view.front if p.id in kept))
        deep = thinned(view.dominated, _MOST_DEEP) if shown.dominated else []
        names = (shown.x, shown.z, shown.y)
        some = [view.dominated[index] for index in deep]
        return draw_three(left, names, theme=shown.theme, dominated=some)
    return pair_document(
        view,
        shown.x,
        shown.y,
        theme=shown.theme,
        intervals=intervals,
        dominated=shown.dominated,
        frame=frame,
        most=MOST_FAINT,
        most_marks=MOST_MARKS,
    )


_PLACES = ("x", "y", "customdata", "text")
_EXTRAS = ("visible", "error_x", "error_y")


def moved(view: FrontView, shown: Shown, intervals: Intervals | None) -> Patch:
    """What changes in a figure of two dimensions when the front is another."""
    return _changed(view, shown, intervals, (*_PLACES, *_EXTRAS))


def turned(view: FrontView, shown: Shown, intervals: Intervals | None) -> Patch:
    """What changes in it when dominated networks or intervals are shown or hidden."""
    return _changed(view, shown, intervals, _EXTRAS)


def _changed(
    view: FrontView, shown: Shown, intervals: Intervals | None, keys: Sequence[str]
) -> Patch:
    document = pair_document(
        view,
        shown.x,
        shown.y,
        intervals=intervals,
        dominated=shown.dominated,
        most=MOST_FAINT,
        most_marks=MOST_MARKS,
    )
    change = Patch()
    for index, trace in enumerate(document["data"][: FRONT + 1]):
        for key in keys:
            if key in trace:
                change["data"][index][key] = trace[key]
    change["layout"]["xaxis"]["title"]["text"] = document["layout"]["xaxis"]["title"]["text"]
    return change

"""FrontView → all objectives of the front at once: in three dimensions, or as parallel lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from nas.pareto import Sense
from nas.report.choices import choices_view
from nas.report.front import FrontView, Point, thinned
from nas.report.palette import PALETTES, Palette, Theme, mixed, styled
from nas.report.panel import axis_title
from nas.report.words import heading, number

MOST_LINES = 400
_BANDS = 8
_CAMERA = {"aspectmode": "cube", "camera": {"eye": {"x": 1.5, "y": 1.6, "z": 0.8}}}


def draw_three(
    view: FrontView,
    names: Sequence[str],
    *,
    theme: Theme = "light",
    dominated: Sequence[Point] = (),
) -> go.Figure:
    """Networks over three objectives; clicks find the architecture's id in `customdata`.

    Args:
        view: The front.
        names: Three of its objectives: across, into the depth, upwards.
        theme: Of the colours.
        dominated: Those of the other networks that are drawn too.
    """
    palette, figure = PALETTES[theme], styled(go.Figure(), theme)
    kinds = (("dominated", dominated, palette.faint, 2, 0.5), ("front", view.front, "", 4, 1.0))
    for name, points, colour, size, opacity in kinds:
        columns = [[point.values[one] for point in points] for one in names]
        figure.add_trace(
            go.Scatter3d(
                x=columns[0],
                y=columns[1],
                z=columns[2],
                customdata=[point.id for point in points],
                mode="markers",
                marker={"size": size, "color": colour or palette.front, "opacity": opacity},
                name=name,
                showlegend=bool(points),
                text=[
                    f"<b>{point.id}</b><br>"
                    + "<br>".join(f"{axis_title(n)}: {point.values[n]:.4g}" for n in names)
                    for point in points
                ],
                hoverinfo="text",
            )
        )
    axis = {
        "gridcolor": palette.grid,
        "zerolinecolor": palette.grid,
        "backgroundcolor": palette.paper,
        "color": palette.ink,
    }
    scene = {
        f"{letter}axis": {**axis, "title": {"text": axis_title(name)}}
        for letter, name in zip("xyz", names, strict=True)
    }
    figure.update_layout(
        scene={**scene, **_CAMERA, "bgcolor": palette.paper},
        margin={"t": 40, "r": 0, "b": 0, "l": 0},
        uirevision=" ".join(names),
    )
    return figure


@dataclass(frozen=True, slots=True)
class Axis:
    """One of the parallel axes.

    Args:
        title: For people.
        places: Of the networks in their order, 0 to 1; None where it says nothing of one.
        ticks: Places with what stands there.
    """

    title: str
    places: tuple[float | None, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class ParallelView:
    """Networks of a front as lines over parallel axes, ordered by the first objective."""

    points: tuple[Point, ...]
    axes: tuple[Axis, ...]


def parallel_view(
    view: FrontView, choices: Sequence[str] = (), *, most: int = MOST_LINES
) -> ParallelView:
    """The objectives and some choices of a front as parallel axes; better is up.

    Args:
        view: The front.
        choices: Those that get an axis, behind the objectives.
        most: How many networks, at most; the ends are always there.
    """
    first = view.objectives[0]
    ordered = sorted(view.front, key=lambda point: point.values[first.name])
    points = tuple(ordered[index] for index in thinned(ordered, most))
    made = [_objective_axis(points, o.name, o.sense) for o in view.objectives if points]
    if choices and points:
        chosen = choices_view(view, choices, most=len(view.front))
        for row, (name, levels) in enumerate(zip(chosen.names, chosen.levels, strict=True)):
            last = max(1, len(levels) - 1)
            ends = [(index / last, str(level)) for index, level in enumerate(levels)]
            ticks = ends if len(levels) > 1 else [(0.5, str(levels[0]))]
            made.append(Axis(name, tuple(chosen.place(row, p) for p in points), tuple(ticks)))
    return ParallelView(points, tuple(made))


def _objective_axis(points: Sequence[Point], name: str, sense: Sense) -> Axis:
    values = np.array([point.values[name] for point in points])
    low, span = float(values.min()), float(np.ptp(values)) or 1.0
    shares = (values - low) / span
    places = shares if sense is Sense.MAXIMIZE else 1 - shares
    ticks = [(0.0, low), (0.5, low + span / 2), (1.0, low + span)]
    if sense is Sense.MINIMIZE:
        ticks = [(1 - place, value) for place, value in ticks]
    return Axis(
        heading(name),
        tuple(places.tolist()),
        tuple((place, number(value, name)) for place, value in ticks),
    )


def draw_parallel(
    view: ParallelView, *, theme: Theme = "light", kept: frozenset[str] | None = None
) -> go.Figure:
    """A line for each network, deeper in colour the further up it is on the first axis.

    Args:
        view: The lines.
        theme: Of the colours.
        kept: Ids of the networks that a filter leaves; the others are faint. None keeps all.
    """
    palette, figure = PALETTES[theme], styled(go.Figure(), theme)
    bands = _bands(view, palette, kept)
    for name, colour, points in bands:
        figure.add_trace(_lines(view, points, name, colour))
    look = {"showarrow": False, "xanchor": "left", "xshift": 4, "opacity": 0.9}
    font = {"size": 11, "color": palette.ink}
    figure.update_layout(
        shapes=[
            {
                **{"type": "line", "x0": index, "x1": index, "y0": 0, "y1": 1},
                "line": {"color": palette.quiet, "width": 1},
            }
            for index in range(len(view.axes))
        ],
        annotations=[
            {"x": index, "y": place, "text": said, "bgcolor": palette.paper, "font": font, **look}
            for index, axis in enumerate(view.axes)
            for place, said in axis.ticks
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(view.axes))),
        ticktext=[axis.title for axis in view.axes],
        range=[-0.4, len(view.axes) - 0.5],
        showgrid=False,
        side="top",
        zeroline=False,
    )
    figure.update_yaxes(visible=False, range=[-0.06, 1.06])
    figure.update_layout(showlegend=False, margin={"t": 40, "r": 24, "b": 12, "l": 12})
    return figure


def _bands(
    view: ParallelView, palette: Palette, kept: frozenset[str] | None
) -> list[tuple[str, str, list[int]]]:
    """Lines of one colour each: name, colour, places of the networks; those left out first."""
    out = [i for i, p in enumerate(view.points) if kept is not None and p.id not in kept]
    rest = [i for i, p in enumerate(view.points) if kept is None or p.id in kept]
    groups = [part.tolist() for part in np.array_split(np.array(rest, dtype=int), _BANDS)]
    bands = [("left out", palette.grid, out)] if out else []
    for index, group in enumerate(groups):
        if group:
            colour = mixed(palette.low, palette.high, 0.3 + 0.7 * index / (_BANDS - 1))
            bands.append((f"band {index + 1}", colour, group))
    return bands


def _lines(view: ParallelView, places: Sequence[int], name: str, colour: str) -> go.Scatter:
    """Lines with gaps between them, as one trace."""
    across: list[float | None] = []
    up: list[float | None] = []
    ids: list[str] = []
    for place in places:
        across += [*range(len(view.axes)), None]
        up += [*(axis.places[place] for axis in view.axes), None]
        ids += [view.points[place].id] * (len(view.axes) + 1)
    return go.Scatter(
        x=across,
        y=up,
        customdata=ids,
        mode="lines+markers",
        line={"color": colour, "width": 1},
        marker={"size": 3},
        name=name,
        connectgaps=False,
        hovertemplate="%{customdata}<extra></extra>",
    )

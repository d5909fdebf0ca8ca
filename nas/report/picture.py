"""FrontView → an interactive Plotly page: accuracy against each cost.

Dominated networks are faint, the front is a line, limits are dashed, published networks are marked
at their cost (their accuracy is not on the study's scale). Hovering shows the architecture.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nas.errors import MissingExtraError, OutputError
from nas.pareto import Sense
from nas.report.files import write_page
from nas.report.front import FrontView, Point, staircase
from nas.search.objectives import find_objective
from nas.store.records import ObjectiveRecord

_FRONT, _FAINT, _LIMIT, _REFERENCE = "#0b6e4f", "#9aa5b1", "#c1121f", "#7b6d8d"


def axis_title(name: str) -> str:
    """An objective for people, with its unit."""
    objective = find_objective(name)
    unit = f" ({objective.unit})" if objective.unit else ""
    return f"{objective.full_title}{unit}"


def draw(view: FrontView) -> go.Figure:
    """The figure of a front: one panel per cost, accuracy (or the first objective) upwards."""
    up, across = _axes(view.objectives)
    figure = make_subplots(
        rows=1, cols=len(across), shared_yaxes=True, horizontal_spacing=0.04 if across[1:] else 0
    )
    for column, cost in enumerate(across, start=1):
        _draw_panel(figure, view, cost, up, column)
    figure.update_yaxes(title_text=axis_title(up.name), col=1, row=1)
    figure.update_layout(
        title={
            "text": f"{view.space} on {view.device}: {len(view.front)} networks on the front of "
            f"{len(view.front) + len(view.dominated)} evaluated",
            "subtitle": {"text": str(up.provenance.get("title", ""))},
        },
        template="plotly_white",
        hovermode="closest",
        legend={"orientation": "h", "y": -0.14},
        margin={"t": 90, "r": 30},
    )
    return figure


def _axes(
    objectives: tuple[ObjectiveRecord, ...],
) -> tuple[ObjectiveRecord, list[ObjectiveRecord]]:
    """What goes up (the maximised objective if there is one) and what goes across."""
    up = next((o for o in objectives if o.sense is Sense.MAXIMIZE), objectives[0])
    return up, [o for o in objectives if o is not up] or [up]


def _draw_panel(
    figure: go.Figure, view: FrontView, cost: ObjectiveRecord, up: ObjectiveRecord, column: int
) -> None:
    place = {"row": 1, "col": column}
    first = column == 1
    line = staircase(view.front, cost, up)
    figure.add_trace(
        _points(view, view.dominated, cost, up, "dominated", _FAINT, 5, 0.35, first), **place
    )
    figure.add_trace(
        go.Scatter(
            x=[x for x, _ in line],
            y=[y for _, y in line],
            mode="lines",
            line={"color": _FRONT, "width": 2},
            name="best at this cost",
            showlegend=first,
            hoverinfo="skip",
        ),
        **place,
    )
    figure.add_trace(_points(view, view.front, cost, up, "front", _FRONT, 8, 1.0, first), **place)
    if cost.name in view.limits:
        figure.add_vline(
            x=view.limits[cost.name],
            line={"color": _LIMIT, "dash": "dash"},
            annotation_text="limit",
            **place,
        )
    if up.name in view.floors:
        figure.add_hline(
            y=view.floors[up.name],
            line={"color": _LIMIT, "dash": "dash"},
            annotation_text="least" if first else None,
            **place,
        )
    _draw_references(figure, view, cost, up, column)
    figure.update_xaxes(title_text=axis_title(cost.name), **place)


def _draw_references(
    figure: go.Figure, view: FrontView, cost: ObjectiveRecord, up: ObjectiveRecord, column: int
) -> None:
    """Published networks below the front: their cost is known, their accuracy here is not."""
    points = (*view.front, *view.dominated)
    most = 1.2 * max(point.values[cost.name] for point in points)
    shown = sorted(
        (r for r in view.references if r.costs.get(cost.name, most) < most),
        key=lambda reference: reference.costs[cost.name],
    )
    values = [point.values[up.name] for point in points]
    bottom, span = min(values), max(values) - min(values) or 1.0
    place = {"row": 1, "col": column}
    figure.update_xaxes(range=[0, most], **place)
    figure.update_yaxes(
        range=[bottom - (0.42 if shown else 0.05) * span, max(values) + 0.06 * span]
    )
    if not shown:
        return
    costs = [reference.costs[cost.name] for reference in shown]
    figure.add_trace(
        go.Scatter(
            x=costs,
            y=[bottom - 0.06 * span] * len(shown),
            mode="markers",
            marker={"symbol": "triangle-up", "size": 8, "color": _REFERENCE},
            text=[reference.name for reference in shown],
            name="published networks (cost only)",
            showlegend=column == 1,
            hovertext=[f"{r.title}<br>{r.costs[cost.name]:.4g} {cost.unit}" for r in shown],
            hoverinfo="text",
        ),
        **place,
    )
    for reference, x in zip(shown, _spread(costs, most / 32), strict=True):
        figure.add_annotation(
            x=x,
            y=bottom - 0.09 * span,
            text=reference.name,
            textangle=-90,
            yanchor="top",
            showarrow=False,
            font={"size": 10, "color": _REFERENCE},
            **place,
        )


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little to the right as keeps them a gap apart."""
    spread: list[float] = []
    for place in places:
        spread.append(max(place, spread[-1] + gap) if spread else place)
    return spread


def _points(
    view: FrontView,
    points: tuple[Point, ...],
    cost: ObjectiveRecord,
    up: ObjectiveRecord,
    name: str,
    colour: str,
    size: int,
    opacity: float,
    legend: bool,
) -> go.Scattergl:
    return go.Scatter(
        x=[point.values[cost.name] for point in points],
        y=[point.values[up.name] for point in points],
        mode="markers",
        marker={"color": colour, "size": size, "opacity": opacity},
        name=name,
        showlegend=legend,
        text=[_hover(view, point) for point in points],
        hoverinfo="text",
    )


def _hover(view: FrontView, point: Point) -> str:
    lines = [f"<b>{point.id}</b>"]
    lines += [f"{axis_title(o.name)}: {point.values[o.name]:.4g}" for o in view.objectives]
    return "<br>".join(lines + textwrap.wrap(point.text, 90))


def write_html(figure: go.Figure, file: Path) -> None:
    """Write a page that stands alone: the drawing library is inside, nothing is fetched.

    Raises:
        OutputError: if the file cannot be written.
    """
    write_page(figure.to_html(include_plotlyjs=True, full_html=True), file)


def write_image(figure: go.Figure, file: Path) -> None:
    """Write a still picture: PNG, SVG or PDF by the file's ending.

    Raises:
        MissingExtraError: if kaleido is not installed.
        OutputError: if there is no browser to draw with, or the file cannot be written.
    """
    if file.suffix not in (".png", ".svg", ".pdf"):
        raise OutputError(f"`{file}` must end in .png, .svg or .pdf; got {file.suffix!r}")
    try:
        import kaleido  # noqa: F401
    except ImportError:
        raise MissingExtraError("drawing a still picture", "figures") from None
    try:
        picture = figure.to_image(format=file.suffix[1:], width=1300, height=620, scale=1.5)
        file.write_bytes(picture)
    except OSError as error:
        raise OutputError(f"`{file}` must be a writable file; {error.strerror}") from None
    except (RuntimeError, ValueError) as error:
        raise OutputError(
            f"`{file}` could not be drawn; kaleido needs Chrome or Chromium: {error}"
        ) from None

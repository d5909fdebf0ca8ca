"""FrontView → an interactive Plotly figure: accuracy against each cost, or any two objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from nas.errors import MissingExtraError, OutputError
from nas.pareto import Sense
from nas.report.files import write_page
from nas.report.front import FrontView, marked, thinned
from nas.report.palette import CONFIG, PALETTES, Theme, axis_style, layout_style
from nas.report.panel import Interval, Intervals, Panel, axis_title, extremes
from nas.store.records import ObjectiveRecord

MOST_FAINT = 2_000
"""Dominated networks in a picture: more are a cloud that takes megabytes and shows no more."""


def draw(view: FrontView, *, theme: Theme = "light") -> go.Figure:
    """The figure of a front: one panel per cost, accuracy (or the first objective) upwards."""
    up, across = axes(view.objectives)
    panels = [
        Panel(view, cost, up, PALETTES[theme], {}, texts=True, number=number)
        for number, cost in enumerate(across, start=1)
    ]
    document = _document(panels, theme)
    document["layout"] |= {
        "title": {
            "text": f"{view.space} on {view.device}: {len(view.front)} networks on the front of "
            f"{len(view.front) + len(view.dominated)} evaluated",
            "subtitle": {"text": str(up.provenance.get("title", ""))},
        },
        "legend": {"orientation": "h", "y": -0.14, "yanchor": "top"},
        "margin": {"t": 90, "r": 30},
    }
    return go.Figure(document)


def pair_document(
    view: FrontView,
    x: str,
    y: str,
    *,
    theme: Theme = "light",
    intervals: Intervals | None = None,
    dominated: bool = True,
    frame: Mapping[str, Interval] | None = None,
    most: int = MOST_FAINT,
    most_marks: int | None = None,
) -> dict[str, Any]:
    """One panel over any two objectives; clicks find the architecture's id in `customdata`.

    Why plain values: they are made in a tenth of the time that a `go.Figure` of them takes.

    Args:
        view: The front.
        x: Name of the objective across.
        y: Name of the objective upwards.
        theme: Of the colours.
        intervals: Error bars of the front.
        dominated: Whether networks that others beat are seen.
        frame: What the axes have room for, by objective; the networks of the view without it.
        most: How many dominated networks are drawn at most.
        most_marks: How many networks of the front get a mark, without it all; the line is that of
            all of them.
    """
    named = {one.name: one for one in view.objectives}
    shown = thin(view, most)
    marks = view.front if most_marks is None else marked(view.front, (x, y), most_marks)
    if frame is None:
        frame = {name: extremes(shown, name) for name in (x, y)}
    panel = Panel(
        shown,
        named[x],
        named[y],
        PALETTES[theme],
        intervals or {},
        texts=False,
        frame=frame,
        dominated=dominated,
        marked=marks,
    )
    document = _document([panel], theme)
    layout = document["layout"]
    layout |= {
        "margin": {"t": 48, "r": 24, "b": 62, "l": 56},
        "uirevision": f"{x} {y}",
        "selectionrevision": f"{x} {y}",
    }
    said = [thinning_note(shown, view)] if dominated else []
    if len(marks) < len(view.front):
        said.append(f"{len(marks):,} of {len(view.front):,} networks of the front marked")
    if note := ", ".join(filter(None, said)):
        # Below the axis: nothing else is there on any screen.
        layout["xaxis"]["title"]["text"] += f"<br><sub>{note}</sub>"
    return document


def _document(panels: Sequence[Panel], theme: Theme) -> dict[str, Any]:
    """Panels beside one another over one axis upwards."""
    style, layout = axis_style(theme), layout_style(theme)
    gap = 0.04
    width = (1 - gap * (len(panels) - 1)) / len(panels)
    for index, panel in enumerate(panels):
        across, upwards = panel.axes()
        number = "" if index == 0 else str(index + 1)
        left = index * (width + gap)
        title = {**style["title"], **across["title"]}
        domain = [left, left + width]
        layout[f"xaxis{number}"] = {
            **style,
            **across,
            "title": title,
            "domain": domain,
            "anchor": f"y{number}",
        }
        beside = {"matches": "y", "showticklabels": False} if index else {}
        words = {} if index else {"title": {**style["title"], "text": axis_title(panel.y.name)}}
        layout[f"yaxis{number}"] = {
            **style,
            **upwards,
            **beside,
            **words,
            "anchor": f"x{number}",
        }
    layout["shapes"] = [shape for panel in panels for shape in panel.shapes()]
    layout["annotations"] = [note for panel in panels for note in panel.annotations()]
    return {"data": [trace for panel in panels for trace in panel.traces()], "layout": layout}


def thin(view: FrontView, most: int = MOST_FAINT) -> FrontView:
    """The same front with no more dominated networks than a picture can show."""
    if len(view.dominated) <= most:
        return view
    kept = tuple(view.dominated[index] for index in thinned(view.dominated, most))
    return replace(view, dominated=kept)


def thinning_note(shown: FrontView, whole: FrontView) -> str:
    """How many dominated networks are drawn, where not all are."""
    if len(shown.dominated) == len(whole.dominated):
        return ""
    return f"{len(shown.dominated):,} of {len(whole.dominated):,} dominated networks drawn"


def axes(
    objectives: tuple[ObjectiveRecord, ...],
) -> tuple[ObjectiveRecord, list[ObjectiveRecord]]:
    """What goes up (the maximised objective if there is one) and what goes across."""
    up = next((o for o in objectives if o.sense is Sense.MAXIMIZE), objectives[0])
    return up, [o for o in objectives if o is not up] or [up]


def write_html(figure: go.Figure, file: Path) -> None:
    """Write a page that stands alone: the drawing library is inside, nothing is fetched.

    Raises:
        OutputError: if the file cannot be written.
    """
    write_page(figure.to_html(include_plotlyjs=True, full_html=True, config=dict(CONFIG)), file)


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

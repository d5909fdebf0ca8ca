"""FrontView → an interactive Plotly figure: accuracy against each cost, or any two objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nas.errors import MissingExtraError, OutputError
from nas.pareto import Sense
from nas.report.files import write_page
from nas.report.front import FrontView, thinned
from nas.report.palette import PALETTES, Theme, styled
from nas.report.panel import Intervals, Panel, axis_title
from nas.store.records import ObjectiveRecord

MOST_FAINT = 2_000
"""Dominated networks in a picture: more are a cloud that takes megabytes and shows no more."""


def draw(view: FrontView, *, theme: Theme = "light") -> go.Figure:
    """The figure of a front: one panel per cost, accuracy (or the first objective) upwards."""
    up, across = axes(view.objectives)
    figure = make_subplots(
        rows=1, cols=len(across), shared_yaxes=True, horizontal_spacing=0.04 if across[1:] else 0
    )
    styled(figure, theme)
    for column, cost in enumerate(across, start=1):
        panel = Panel(view, cost, up, PALETTES[theme], {}, texts=True)
        panel.add_to(figure, row=1, col=column, legend=column == 1)
    figure.update_yaxes(title_text=axis_title(up.name), col=1, row=1)
    figure.update_layout(
        title={
            "text": f"{Path(view.space).stem} on {view.device}: {len(view.front)} networks on the "
            f"front of {len(view.front) + len(view.dominated)} evaluated",
            "subtitle": {"text": str(up.provenance.get("title", ""))},
        },
        legend={"orientation": "h", "y": -0.14, "yanchor": "top"},
        margin={"t": 90, "r": 30},
    )
    return figure


def draw_pair(
    view: FrontView,
    x: str,
    y: str,
    *,
    theme: Theme = "light",
    intervals: Intervals | None = None,
    dominated: bool = True,
    frame: FrontView | None = None,
) -> go.Figure:
    """One panel over any two objectives; clicks find the architecture's id in `customdata`.

    Args:
        view: The front.
        x: Name of the objective across.
        y: Name of the objective upwards.
        theme: Of the colours.
        intervals: Error bars of the front.
        dominated: Whether networks that others beat are drawn, `MOST_FAINT` at most.
        frame: Whose networks the axes have room for; those of the view without it.
    """
    shown = thin(view) if dominated else replace(view, dominated=())
    figure = styled(make_subplots(rows=1, cols=1), theme)
    panel = _panel(shown, x, y, theme, intervals, frame)
    panel.add_to(figure, row=1, col=1, legend=True)
    figure.update_yaxes(title_text=axis_title(y))
    figure.update_layout(
        margin={"t": 48, "r": 24, "b": 48, "l": 56},
        uirevision=f"{x} {y}",
        selectionrevision=f"{x} {y}",
    )
    if dominated and (note := thinning_note(shown, view)):
        figure.add_annotation(
            text=note,
            showarrow=False,
            font={"size": 11, "color": PALETTES[theme].quiet},
            **_TOP_RIGHT,
        )
    return figure


def pair_traces(
    view: FrontView,
    x: str,
    y: str,
    *,
    theme: Theme = "light",
    intervals: Intervals | None = None,
    dominated: bool = True,
) -> list[go.Scatter]:
    """The traces of `draw_pair` alone, to change in a figure that is drawn already."""
    shown = thin(view) if dominated else replace(view, dominated=())
    return _panel(shown, x, y, theme, intervals, None).traces()


def _panel(
    view: FrontView,
    x: str,
    y: str,
    theme: Theme,
    intervals: Intervals | None,
    frame: FrontView | None,
) -> Panel:
    named = {one.name: one for one in view.objectives}
    colours = PALETTES[theme]
    return Panel(view, named[x], named[y], colours, intervals or {}, texts=False, frame=frame)


_TOP_RIGHT: Mapping[str, object] = {
    **{"xref": "paper", "yref": "paper", "x": 1, "y": 1},
    **{"xanchor": "right", "yanchor": "bottom"},
}


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

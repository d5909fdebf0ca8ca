"""A figure → its place on the page: a fixed height, a name, and its PNG, SVG and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from dash import MATCH, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from nas.report.figure_csv import figure_csv
from nas.report.palette import CONFIG
from nas.service.page.pieces import aria, data

_CONFIG: Any = {**CONFIG, "modeBarButtonsToRemove": ["autoScale2d", "toImage"]}


def plot_id(name: str) -> dict[str, str]:
    """The id of a figure's graph."""
    return {"type": "plot", "name": name}


def plot(
    name: str,
    label: str,
    *,
    figure: go.Figure | dict[str, Any] | None = None,
    height: int | None = 420,
) -> Component:
    """A figure in its place, with buttons that save what it shows.

    Args:
        name: Unique on a view, such as `front`; files are named by it.
        label: What it shows, for those who do not see it.
        figure: Drawn at once; else a callback draws it.
        height: In pixels; None where the figure knows its own.
    """
    drawn = figure if figure is not None else go.Figure(layout=_BLANK)
    own = drawn.layout.height if isinstance(drawn, go.Figure) else None
    style = {"height": f"{height or own or 420}px"}
    graph = dcc.Graph(
        id=plot_id(name), figure=drawn, config=_CONFIG, style=style, className="plot-graph"
    )
    return html.Figure(
        [
            html.Div(graph, role="group", style=style, **aria(label=label)),
            html.Figcaption(
                [
                    html.Span("Save as", className="quiet"),
                    _saves(name, "png", label),
                    _saves(name, "svg", label),
                    html.Button(
                        "CSV",
                        id={"type": "plot-csv", "name": name},
                        type="button",
                        className="button small",
                        **aria(label=f"Save as CSV: {label}"),
                    ),
                ],
                className="plot-saves",
            ),
            dcc.Download(id={"type": "plot-file", "name": name}),
        ],
        className="plot",
    )


_BLANK = {
    "template": "none",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "xaxis": {"visible": False},
    "yaxis": {"visible": False},
}


def _saves(name: str, kind: str, label: str) -> Component:
    return html.Button(
        kind.upper(),
        type="button",
        className="button small",
        **data(plot=name, format=kind),
        **aria(label=f"Save as {kind.upper()}: {label}"),
    )


def register(page: Dash) -> None:
    """What the CSV button of every figure does; PNG and SVG are made in the browser."""

    @page.callback(
        Output({"type": "plot-file", "name": MATCH}, "data"),
        Input({"type": "plot-csv", "name": MATCH}, "n_clicks"),
        State({"type": "plot", "name": MATCH}, "figure"),
        State({"type": "plot-csv", "name": MATCH}, "id"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, figure: Mapping[str, Any] | None, own: Mapping[str, str]) -> Any:
        if not clicks or not figure:
            return no_update
        return csv_file(own["name"], figure)


def csv_file(name: str, figure: Mapping[str, Any]) -> dict[str, Any]:
    """A figure's numbers as a file to save."""
    return {"content": figure_csv(figure), "filename": f"{name}.csv", "type": "text/csv"}

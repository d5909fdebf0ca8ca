"""Mean shares by evaluations, with bands → one picture of all tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.efficiency.methods import OURS, TITLES
from benchmarks.efficiency.share import Curves
from benchmarks.efficiency.tasks import Task

_COLUMNS = 3
_COLOURS = {
    "pareto": "#0b6e4f",
    "pareto-8": "#0b6e4f",
    "random": "#9aa5b1",
    "nsga2-20": "#e07a1f",
    "nsga2-50": "#f2b279",
    "nsga3-20": "#b5651d",
    "tpe": "#1d5fa8",
    "tpe-multivariate": "#7fb2e5",
    "gp": "#c1121f",
    "pymoo-nsga2-20": "#8d6a9f",
    "nni-rea": "#d45087",
    "nni-rea-drawn": "#eeb0cc",
    "syne-tune-mo-rea": "#c9cb6b",
    "syne-tune-mended": "#8a8d0f",
}


def draw(tasks: Sequence[Task], found: Mapping[tuple[str, str], Curves]) -> go.Figure:
    """One panel per task; the band is one standard error either way."""
    rows = -(-len(tasks) // _COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=_COLUMNS,
        subplot_titles=[task.title for task in tasks],
        horizontal_spacing=0.05,
        vertical_spacing=0.12,
    )
    shown: set[str] = set()
    for index, task in enumerate(tasks):
        row, column = index // _COLUMNS + 1, index % _COLUMNS + 1
        for method in reversed(TITLES):
            if (task.name, method) in found:
                for trace in _traces(method, found[task.name, method], method not in shown):
                    figure.add_trace(trace, row=row, col=column)
                shown.add(method)
    figure.update_yaxes(range=[0.6, 1.005], tickformat=".2f")
    figure.update_xaxes(range=[0, 200], dtick=50)
    figure.update_xaxes(title_text="networks evaluated", row=rows)
    figure.update_yaxes(title_text="share of the hypervolume", col=1)
    figure.update_layout(
        template="plotly_white",
        width=1500,
        height=420 * rows + 60,
        margin={"t": 40, "r": 20, "l": 60, "b": 60},
        # In the place that five panels leave free in a grid of six.
        legend={
            "traceorder": "reversed",
            "font": {"size": 14},
            "x": 0.7,
            "y": 0.42,
            "yanchor": "top",
        },
    )
    return figure


def _traces(method: str, curves: Curves, first: bool) -> list[go.Scatter]:
    mean, error = curves.mean, np.nan_to_num(curves.standard_error)
    across = np.arange(1, len(mean) + 1)
    colour = _COLOURS[method]
    band = go.Scatter(
        x=np.concatenate([across, across[::-1]]),
        y=np.concatenate([mean + error, (mean - error)[::-1]]),
        fill="toself",
        fillcolor=colour,
        opacity=0.15,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    line = go.Scatter(
        x=across,
        y=mean,
        name=TITLES[method],
        legendgroup=method,
        showlegend=first,
        line={
            "color": colour,
            "width": 3.5 if method in OURS else 1.6,
            "dash": "dot" if method == "pareto-8" else "solid",
        },
    )
    return [band, line]


def write_picture(figure: go.Figure, file: Path) -> None:
    """A PNG, drawn by an installed Chromium."""
    figure.write_image(file)

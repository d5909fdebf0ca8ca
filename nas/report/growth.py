"""How a front grew → its hypervolume over evaluations as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from nas.report.palette import PALETTES, Theme, styled

Curve = Sequence[tuple[int, float]]
"""Evaluations, and the hypervolume of the front after so many, from 0 to 1."""


def draw_growth(curve: Curve, *, theme: Theme = "light", at: int | None = None) -> go.Figure:
    """Hypervolume over evaluations.

    Args:
        curve: Its steps.
        theme: Of the colours.
        at: The evaluation to mark, as of a slider.
    """
    palette, figure = PALETTES[theme], styled(go.Figure(), theme)
    figure.add_trace(
        go.Scatter(
            x=[evaluation for evaluation, _ in curve],
            y=[volume for _, volume in curve],
            mode="lines",
            line={"color": palette.front, "width": 2, "shape": "hv"},
            name="hypervolume",
            hovertemplate="after %{x:,} evaluations<br>%{y:.4f}<extra></extra>",
        )
    )
    figure.update_layout(
        showlegend=False,
        shapes=mark(at, theme),
        margin={"t": 12, "r": 16, "b": 40, "l": 52},
        xaxis={"title": {"text": "evaluations"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "hypervolume (0 to 1)"}},
    )
    return figure


def mark(at: int | None, theme: Theme) -> list[dict[str, Any]]:
    """The line at an evaluation, if there is one to mark."""
    if at is None:
        return []
    line = {"color": PALETTES[theme].quiet, "dash": "dot"}
    ends = {"x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "y domain"}
    return [{"type": "line", "line": line, **ends}]

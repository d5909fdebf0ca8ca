"""How a front grew → its hypervolume over evaluations, drawn large or as a small line."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from nas.report.palette import PALETTES, Theme, styled

Curve = Sequence[tuple[int, float]]
"""Evaluations, and the hypervolume of the front after so many, from 0 to 1."""

_SPARK = "#2a9d74"  # Stands out from light and dark alike: the page sets it into either.


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
            mode="lines+markers",
            line={"color": palette.front, "width": 2, "shape": "hv"},
            marker={"size": 4},
            name="hypervolume",
            hovertemplate="after %{x:,} evaluations<br>%{y:.4f}<extra></extra>",
        )
    )
    if at is not None:
        figure.add_vline(x=at, line={"color": palette.quiet, "dash": "dot"})
    figure.update_layout(
        showlegend=False,
        margin={"t": 12, "r": 16, "b": 40, "l": 52},
        xaxis={"title": {"text": "evaluations"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "hypervolume (0 to 1)"}},
    )
    return figure


def sparkline(values: Sequence[float], *, width: int = 96, height: int = 24) -> str:
    """A curve as a small SVG that stands alone; empty while there are no two values."""
    if len(values) < 2:
        return ""
    low, span = min(values), max(values) - min(values) or 1.0
    step = (width - 4) / (len(values) - 1)
    places = (
        f"{2 + step * index:.1f},{height - 3 - (value - low) / span * (height - 6):.1f}"
        for index, value in enumerate(values)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><polyline points="{" ".join(places)}" fill="none" '
        f'stroke="{_SPARK}" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )

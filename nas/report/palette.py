"""A theme, light or dark → the colours of every figure, and a figure that wears them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

Theme = Literal["light", "dark"]

CONFIG: Mapping[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "doubleClick": "reset+autosize",
}
"""How every figure behaves in a browser; nothing of it is sent anywhere."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they mean; all but `grid` and `faint` stand out from `paper` by 3 to 1.

    Args:
        paper: Behind everything.
        ink: Text; stands out by more than 7 to 1.
        quiet: Text that matters less; by 4.5 to 1.
        grid: Lines that may be overlooked.
        front: The best networks.
        faint: Networks that others beat.
        limit: Bounds that were asked for.
        reference: Published networks.
        series: Kinds of things, told apart by people who see no red or green too.
        low: The end of a scale of values that is near the paper.
        high: Its other end.
    """

    paper: str
    ink: str
    quiet: str
    grid: str
    front: str
    faint: str
    limit: str
    reference: str
    series: tuple[str, ...]
    low: str
    high: str


PALETTES: Mapping[Theme, Palette] = {
    "light": Palette(
        paper="#ffffff",
        ink="#1c252e",
        quiet="#56626f",
        grid="#dde2e8",
        front="#0b6e4f",
        faint="#9aa5b1",
        limit="#c1121f",
        reference="#7b6d8d",
        series=("#2f6f9f", "#0b6e4f", "#b8621b", "#7b4fa3", "#a83e63", "#5f6b78"),
        low="#d8ece4",
        high="#0b4f3a",
    ),
    "dark": Palette(
        paper="#18212a",
        ink="#e8edf2",
        quiet="#a9b6c3",
        grid="#2c3844",
        front="#55c89f",
        faint="#6b7785",
        limit="#ff7b7b",
        reference="#b9a5d0",
        series=("#6fb1e0", "#55c89f", "#e59a52", "#b794e0", "#e58aa8", "#98a4b0"),
        low="#24463b",
        high="#8fe3bd",
    ),
}


def styled(figure: go.Figure, theme: Theme) -> go.Figure:
    """The same figure in the colours of a theme, with room for its labels and nothing else."""
    figure.update_layout(layout_style(theme))
    figure.update_xaxes(axis_style(theme))
    figure.update_yaxes(axis_style(theme))
    return figure


def layout_style(theme: Theme) -> dict[str, Any]:
    """The layout of every figure of a theme."""
    palette = PALETTES[theme]
    return {
        "template": "none",
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"family": FONT, "size": 13, "color": palette.ink},
        "colorway": list(palette.series),
        "hoverlabel": {
            "bgcolor": palette.paper,
            "bordercolor": palette.quiet,
            "font": {"family": FONT, "size": 12, "color": palette.ink},
        },
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": palette.quiet,
            "activecolor": palette.front,
        },
    }


def axis_style(theme: Theme) -> dict[str, Any]:
    """Every axis of a theme."""
    grid = PALETTES[theme].grid
    lines = {"gridcolor": grid, "linecolor": grid, "zerolinecolor": grid}
    return {**lines, "automargin": True, "title": {"standoff": 8}}


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another mixed in; both and the result are `#rrggbb`."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    parts = (round(own * (1 - share) + foreign * share) for own, foreign in pairs)
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(colour: str, other: str) -> float:
    """How far two colours stand apart, from 1 to 21 (Web Content Accessibility Guidelines 2)."""
    dark, light = sorted((_luminance(colour), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

"""Costs of networks on devices → bars, one for each device and network, the fastest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from nas.report.cost import CostView
from nas.report.palette import PALETTES, Theme, styled
from nas.report.words import heading, interval, number

_BAR_PX = 18


def draw_devices(
    costs: Mapping[str, Sequence[CostView]],
    *,
    quantity: str = "latency_ms",
    theme: Theme = "light",
    own: str = "",
) -> go.Figure:
    """Bars with 90% intervals on a logarithmic axis; a device without the quantity has none.

    Args:
        costs: By title of a network: its costs; the first network orders the devices.
        quantity: `latency_ms`, `energy_mj` or `peak_memory_bytes`.
        theme: Of the colours.
        own: The device to mark, as that of the study.
    """
    palette, figure = PALETTES[theme], styled(go.Figure(), theme)
    known = {
        title: [view for view in views if getattr(view.estimate, quantity) is not None]
        for title, views in costs.items()
    }
    first = next(iter(known.values()), [])
    order = [
        view.model.stored.model.key.device
        for view in sorted(first, key=lambda view: float(getattr(view.estimate, quantity)))
    ]
    for index, (title, views) in enumerate(known.items()):
        colour = palette.series[(index + 1) % len(palette.series)]
        figure.add_trace(_bars(title, views, quantity, colour, palette.quiet))
    figure.update_xaxes(type="log", title_text=heading(quantity), side="top")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=order,
        autorange="reversed",
        showgrid=False,
        tickvals=order,
        ticktext=[f"<b>{device}</b>" if device == own else device for device in order],
    )
    figure.update_layout(
        showlegend=len(known) > 1,
        bargap=0.3,
        height=110 + _BAR_PX * max(3, len(order) * max(1, len(known))),
        margin={"t": 70, "r": 16, "b": 12, "l": 16},
        legend={"y": 1.0, "yanchor": "top", "x": 1, "xanchor": "right", "orientation": "v"},
    )
    return figure


def _bars(
    title: str, views: Sequence[CostView], quantity: str, colour: str, whisker: str
) -> go.Bar:
    values = [float(getattr(view.estimate, quantity)) for view in views]
    ends = [_interval(view, quantity) for view in views]
    return go.Bar(
        x=values,
        y=[view.model.stored.model.key.device for view in views],
        orientation="h",
        name=title,
        marker={"color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for (_, high), value in zip(ends, values, strict=True)],
            "arrayminus": [value - low for (low, _), value in zip(ends, values, strict=True)],
            "color": whisker,
            "thickness": 1,
            "width": 0,
        },
        hovertext=[
            f"<b>{view.model.name}</b><br>{number(value, quantity)} "
            f"({interval(pair, quantity)}) {heading(quantity)}"
            for view, value, pair in zip(views, values, ends, strict=True)
        ],
        hoverinfo="text",
    )


def _interval(view: CostView, quantity: str) -> tuple[float, float]:
    """Its 90% interval; memory is exact."""
    known = {
        "latency_ms": view.estimate.latency_interval_ms,
        "energy_mj": view.estimate.energy_interval_mj,
    }
    value = float(getattr(view.estimate, quantity))
    return known.get(quantity) or (value, value)

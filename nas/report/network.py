"""Architecture → NetworkView → a picture of its blocks to scale, alone or above one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nas.graph.network import Network
from nas.report.layers import LayerRow
from nas.report.palette import PALETTES, Palette, Theme, mixed, styled
from nas.space.architecture import Architecture, block_text

_GAP = 12.0  # Between blocks, in channels.
_END = 40.0  # What has no picture plane is drawn so wide and high, not to scale.
_THICKNESS = 4.0
_LABEL = 0.04  # Of the width of a network: what a resolution takes to be written.


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block of a network.

    Args:
        index: Its place.
        text: In the notation.
        kind: Its kind in the notation.
        channels_in: What comes in.
        channels: What goes out.
        size: Height of what goes out, in pixels.
        kernel: Size of its kernel; None where it has none.
        expansion: Its hidden width over what comes in; None where it has none.
        stage: Number of the stage, from 1: a run of blocks at one resolution.
        macs: Its multiply-accumulates.
        parameters: Its trainable parameters.
    """

    index: int
    text: str
    kind: str
    channels_in: int
    channels: int
    size: int
    kernel: int | None
    expansion: float | None
    stage: int
    macs: int
    parameters: int


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A network as its picture shows it."""

    id: str
    title: str
    blocks: tuple[BlockView, ...]


def network_view(architecture: Architecture, network: Network, title: str = "") -> NetworkView:
    """The blocks of a network; a block that changes nothing takes no room.

    Args:
        architecture: The network.
        network: The same, lowered.
        title: What to call it; its id without.
    """
    image = architecture.image
    channels, size, stage = image.channels, image.height, 0
    blocks: list[BlockView] = []
    for index, block in enumerate(architecture.blocks):
        own = [kernel for kernel in network.kernels if kernel.block == index]
        if not own:
            continue
        out, height, _ = network.tensors[own[-1].writes]
        stage += height != size or not blocks
        hidden = getattr(block, "hidden", None)
        blocks.append(
            BlockView(
                index,
                block_text(block),
                block.kind.value,
                channels,
                out,
                height,
                getattr(block, "kernel", None),
                hidden / channels if hidden else None,
                stage,
                sum(kernel.signature.macs for kernel in own),
                sum(kernel.parameters for kernel in own),
            )
        )
        channels, size = out, height
    return NetworkView(architecture.id, title or architecture.id, tuple(blocks))


def draw_networks(
    views: Sequence[NetworkView],
    *,
    theme: Theme = "light",
    layers: Mapping[str, Sequence[LayerRow]] | None = None,
) -> go.Figure:
    """A row for each network: blocks as wide as their channels, as high as their resolution.

    Kernels have a colour each, and larger expansions are deeper. What is behind the last
    resolution above one pixel (pooling, classifier) is not to scale.

    Args:
        views: The networks, at least one.
        theme: Of the colours.
        layers: By id of a network, its costs, for what hovering shows.
    """
    palette = PALETTES[theme]
    figure = make_subplots(
        rows=len(views),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06 / len(views),
        subplot_titles=[view.title for view in views] if len(views) > 1 else None,
    )
    styled(figure, theme)
    figure.update_annotations(font={"size": 12, "color": palette.quiet})
    most = max((b.expansion or 1.0 for view in views for b in view.blocks), default=1.0)
    named: set[str] = set()
    for row, view in enumerate(views, start=1):
        costs = (layers or {}).get(view.id, ())
        for name, colour, kept in _kinds(view, palette):
            trace = _bars(view, kept, colour, most, palette, costs)
            trace.update(name=name, legendgroup=name, showlegend=name not in named)
            named.add(name)
            figure.add_trace(trace, row=row, col=1)
        _stages(figure, view, palette, row)
        top = max((block.size for block in view.blocks), default=1)
        figure.update_yaxes(range=[-0.72 * top, 0.6 * top], row=row, col=1)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(
        barmode="overlay",
        height=70 + 190 * len(views),
        margin={"t": 48, "r": 12, "b": 12, "l": 12},
        legend={"title": {"text": "kernel"}},
    )
    return figure


def _kinds(view: NetworkView, palette: Palette) -> list[tuple[str, str, list[BlockView]]]:
    """Blocks of one colour each, small kernels first."""
    groups: dict[int, list[BlockView]] = {}
    for block in view.blocks:
        groups.setdefault(block.kernel or 0, []).append(block)
    colours = {1: 0, 3: 1, 5: 2, 7: 3}
    return [
        (
            f"{kernel}×{kernel}" if kernel else "none",
            palette.series[colours.get(kernel, 4) if kernel else 5],
            groups[kernel],
        )
        for kernel in sorted(groups)
    ]


def _places(view: NetworkView) -> dict[int, tuple[float, float, float]]:
    """By index of a block: its left end, its width and its height."""
    left, places = 0.0, {}
    for block in view.blocks:
        flat = block.size > 1
        wide = float(block.channels) if flat else _END
        places[block.index] = left, wide, float(block.size) if flat else _END
        left += wide + _GAP
    return places


def _bars(
    view: NetworkView,
    blocks: Sequence[BlockView],
    colour: str,
    most: float,
    palette: Palette,
    costs: Sequence[LayerRow],
) -> go.Bar:
    places = _places(view)
    kept = [places[block.index] for block in blocks]
    heights = [max(height, _THICKNESS) for _, _, height in kept]
    paler = [0.6 * (1 - (block.expansion or 1.0) / most) for block in blocks]
    return go.Bar(
        x=[left + wide / 2 for left, wide, _ in kept],
        width=[wide for _, wide, _ in kept],
        y=heights,
        base=[-height / 2 for height in heights],
        marker={
            "color": [mixed(colour, palette.paper, share) for share in paler],
            "line": {"color": colour, "width": 1},
        },
        customdata=[block.index for block in blocks],
        hovertext=[_hover(block, costs) for block in blocks],
        hoverinfo="text",
        textposition="none",
    )


def _hover(block: BlockView, costs: Sequence[LayerRow]) -> str:
    lines = [
        f"<b>block {block.index + 1}: {block.text}</b>",
        f"{block.channels_in} → {block.channels} channels at {block.size}×{block.size}",
        f"{block.macs / 1e6:.2f} M MACs, {block.parameters / 1e3:.1f} k parameters",
    ]
    if block.expansion:
        lines.append(f"expansion {block.expansion:.3g}")
    own = [row for row in costs if row.block == block.index]
    if own:
        share = sum(row.latency_share for row in own)
        lines.append(f"{sum(row.latency_ms for row in own):.3g} ms, {share:.1%} of the latency")
    return "<br>".join(lines)


def _stages(figure: go.Figure, view: NetworkView, palette: Palette, row: int) -> None:
    """The resolution of each stage below its first block."""
    places, seen = _places(view), set()
    top = max((block.size for block in view.blocks), default=1)
    free = float("-inf")
    for block in view.blocks:
        left = places[block.index][0]
        if block.stage in seen or block.size <= 1 or left < free:
            continue
        seen.add(block.stage)
        free = left + _LABEL * max(end[0] for end in places.values())
        figure.add_annotation(
            x=places[block.index][0],
            y=-0.56 * top,
            text=f"{block.size}²",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            font={"size": 11, "color": palette.quiet},
            row=row,
            col=1,
        )

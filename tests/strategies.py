"""Hypothesis strategies for architectures: every kind of block, small enough to run at once.

Channels are shuffled only where that moves any: exporters drop a shuffle that does nothing.
"""

from __future__ import annotations

from hypothesis import strategies as st

from nas.graph.lower import lower_blocks
from nas.graph.network import Shape
from nas.space.architecture import Architecture, Image
from nas.space.blocks import (
    Activation,
    Basic,
    Block,
    BlockKind,
    Bottleneck,
    Conv,
    Fire,
    FusedInvertedResidual,
    Gate,
    GlobalPool,
    InvertedResidual,
    Linear,
    MaxPool,
    Separable,
    Shuffle,
    SqueezeExcite,
)

BODY_KINDS = tuple(
    kind for kind in BlockKind if kind not in (BlockKind.GLOBAL_POOL, BlockKind.LINEAR)
)

activations = st.sampled_from(Activation)
kernels = st.sampled_from((1, 3, 5))
strides = st.sampled_from((1, 1, 2))
widths = st.integers(1, 12)
even_widths = st.integers(2, 6).map(lambda half: 2 * half)
squeezes = st.none() | st.builds(
    SqueezeExcite, st.integers(1, 4), activations, st.sampled_from(Gate)
)


@st.composite
def architectures(draw: st.DrawFn, *, kinds: tuple[BlockKind, ...] = BODY_KINDS) -> Architecture:
    """Valid networks of up to 4 blocks of these kinds, a pool, and up to 2 linear layers."""
    image = Image(draw(st.integers(1, 4)), draw(st.integers(7, 16)), draw(st.integers(7, 16)))
    shape = (image.channels, image.height, image.width)
    body: list[Block] = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        now = lower_blocks(body, shape).output_shape
        if kind is BlockKind.SHUFFLE and (now[0] % 2 or now[0] < 4):
            body.append(Conv(1, draw(even_widths), activation=draw(activations)))
            now = lower_blocks(body, shape).output_shape
        body.append(draw(blocks(kind, now)))
    head = draw(st.lists(linears, max_size=2))
    return Architecture(image, (*body, GlobalPool(), *head))


def blocks(kind: BlockKind, shape: Shape) -> st.SearchStrategy[Block]:
    """Blocks of a kind of the body that fit an input of that shape."""
    channels, size = shape[0], min(shape[1:])
    same_or_any = st.just(channels) | widths
    hidden = st.none() | widths
    strategies: dict[BlockKind, st.SearchStrategy[Block]] = {
        BlockKind.CONV: _convs(channels, size),
        BlockKind.SEPARABLE: st.builds(Separable, kernels, widths, strides, activations),
        BlockKind.INVERTED_RESIDUAL: _inverted_residuals(channels),
        BlockKind.FUSED_INVERTED_RESIDUAL: st.builds(
            FusedInvertedResidual, kernels, same_or_any, strides, hidden, activations, squeezes
        ),
        BlockKind.BASIC: st.builds(Basic, kernels, same_or_any, strides, activations),
        BlockKind.BOTTLENECK: st.builds(
            Bottleneck, kernels, same_or_any, widths, strides, activations
        ),
        BlockKind.FIRE: st.builds(Fire, even_widths, widths, activations),
        BlockKind.SHUFFLE: _shuffles(channels),
        BlockKind.MAX_POOL: _max_pools(size),
    }
    return strategies[kind]


linears = st.builds(Linear, widths, activations, st.booleans())


@st.composite
def _convs(draw: st.DrawFn, channels: int, size: int) -> Conv:
    kernel = draw(kernels)
    groups = draw(_divisors(channels))
    return Conv(
        kernel,
        groups * draw(st.integers(1, 4)),
        stride=draw(strides),
        groups=groups,
        padding=draw(st.none() | _paddings(kernel, size)),
        activation=draw(activations),
        bias=draw(st.booleans()),
    )


@st.composite
def _inverted_residuals(draw: st.DrawFn, channels: int) -> InvertedResidual:
    groups = draw(_divisors(channels))
    multiples = st.integers(2, 5).map(lambda count: groups * count)
    return InvertedResidual(
        draw(kernels),
        draw(st.just(channels) | multiples),
        draw(strides),
        draw(st.none() | multiples),
        groups,
        draw(activations),
        draw(squeezes),
    )


@st.composite
def _shuffles(draw: st.DrawFn, channels: int) -> Shuffle:
    stride = draw(strides)
    width = channels if stride == 1 else draw(even_widths)
    return Shuffle(draw(kernels), width, stride, draw(activations))


@st.composite
def _max_pools(draw: st.DrawFn, size: int) -> MaxPool:
    kernel = draw(kernels)
    return MaxPool(kernel, draw(strides), draw(st.none() | _paddings(kernel, size)))


def _divisors(channels: int) -> st.SearchStrategy[int]:
    return st.sampled_from([count for count in range(1, channels + 1) if channels % count == 0])


def _paddings(kernel: int, size: int) -> st.SearchStrategy[int]:
    """From what just lets the kernel fit to half of the kernel."""
    return st.integers(min(max(0, -(-(kernel - size) // 2)), kernel // 2), kernel // 2)

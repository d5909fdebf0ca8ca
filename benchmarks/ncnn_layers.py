"""Calls that add a layer as ncnn's benchmark has it → the tensor of a network being built."""

from __future__ import annotations

from nas.graph.builder import NetworkBuilder
from nas.graph.network import KernelActivation, KernelKind

_RELU = KernelActivation.RELU


def max_pool(builder: NetworkBuilder, source: int) -> int:
    """Over 3 x 3 positions by 2; ncnn pads the far sides until the last window fits."""
    _, height, width = builder.tensors[source]
    return builder.pooling(
        KernelKind.MAX_POOL, source, (height // 2, width // 2), kernel=3, stride=2
    )


def activated(
    builder: NetworkBuilder,
    source: int,
    width: int,
    kernel: int = 1,
    stride: int = 1,
    *,
    groups: int = 1,
    padding: int | None = None,
) -> int:
    """A convolution with a bias and a rectifier, as networks were before batch-norm."""
    return builder.conv(
        source,
        width,
        kernel=kernel,
        stride=stride,
        groups=groups,
        padding=padding,
        activation=_RELU,
        bias=True,
        normalized=False,
    )


def separable(builder: NetworkBuilder, source: int, width: int, stride: int = 1) -> int:
    """A depthwise and a pointwise convolution, both activated."""
    channels = builder.tensors[source][0]
    inner = builder.conv(
        source, channels, kernel=3, stride=stride, groups=channels, activation=_RELU
    )
    return builder.conv(inner, width, activation=_RELU)

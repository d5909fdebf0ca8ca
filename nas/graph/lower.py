"""Architecture → Network: the only shape arithmetic of blocks in the project.

One rule per block kind, in a table keyed by BlockKind. Batch-norm and activation fuse into the
convolution before them, as inference runtimes do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nas.errors import ArchitectureError
from nas.graph.builder import NetworkBuilder
from nas.graph.network import KernelActivation, KernelKind, Network, Shape
from nas.space.architecture import Architecture, block_text
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

_ACTIVATION = {activation: KernelActivation(activation.value) for activation in Activation}
_GATE = {gate: KernelActivation(gate.value) for gate in Gate}
_LINEAR = KernelActivation.LINEAR


def lower(architecture: Architecture) -> Network:
    """The kernels of an architecture, for one image.

    Raises:
        ArchitectureError: naming the block whose shapes cannot work.
    """
    image = architecture.image
    return lower_blocks(architecture.blocks, (image.channels, image.height, image.width))


def lower_blocks(blocks: Iterable[Block], shape: Shape) -> Network:
    """The kernels of some consecutive blocks over an input of that shape."""
    builder = NetworkBuilder(shape)
    tensor = 0
    for index, block in enumerate(blocks):
        builder.block = index
        try:
            tensor = LOWERING[block.kind](builder, tensor, block)
        except ArchitectureError as error:
            raise ArchitectureError(
                f"block {index + 1} ({block_text(block)!r}): {error}"
            ) from None
    return builder.build(tensor)


def _conv(builder: NetworkBuilder, source: int, block: Conv) -> int:
    return builder.conv(
        source,
        block.width,
        kernel=block.kernel,
        stride=block.stride,
        groups=block.groups,
        padding=block.padding,
        activation=_ACTIVATION[block.activation],
        bias=block.bias,
        normalized=not block.bias,
    )


def _depthwise(
    builder: NetworkBuilder,
    source: int,
    kernel: int,
    stride: int,
    activation: KernelActivation = _LINEAR,
) -> int:
    width = builder.tensors[source][0]
    return builder.conv(
        source, width, kernel=kernel, stride=stride, groups=width, activation=activation
    )


def _separable(builder: NetworkBuilder, source: int, block: Separable) -> int:
    activation = _ACTIVATION[block.activation]
    tensor = _depthwise(builder, source, block.kernel, block.stride, activation)
    return builder.conv(tensor, block.width, activation=activation)


def _squeeze_excite(builder: NetworkBuilder, source: int, se: SqueezeExcite | None) -> int:
    if se is None:
        return source
    width = builder.tensors[source][0]
    tensor = builder.global_pool(source)
    tensor = builder.conv(
        tensor, se.width, activation=_ACTIVATION[se.activation], bias=True, normalized=False
    )
    gate = builder.conv(tensor, width, activation=_GATE[se.gate], bias=True, normalized=False)
    return builder.multiply(source, gate)


def _residual(builder: NetworkBuilder, source: int, tensor: int, stride: int) -> int:
    """Add the block's input where the stride is 1 and the widths agree."""
    if stride == 1 and builder.tensors[source][0] == builder.tensors[tensor][0]:
        return builder.add(tensor, source)
    return tensor


def _inverted_residual(builder: NetworkBuilder, source: int, block: InvertedResidual) -> int:
    activation, tensor = _ACTIVATION[block.activation], source
    if block.hidden is not None:
        tensor = builder.conv(tensor, block.hidden, groups=block.groups, activation=activation)
        if block.groups > 1:
            tensor = builder.transpose(tensor)
    tensor = _depthwise(builder, tensor, block.kernel, block.stride, activation)
    tensor = _squeeze_excite(builder, tensor, block.se)
    tensor = builder.conv(tensor, block.width, groups=block.groups)
    return _residual(builder, source, tensor, block.stride)


def _fused(builder: NetworkBuilder, source: int, block: FusedInvertedResidual) -> int:
    tensor = builder.conv(
        source,
        block.width if block.hidden is None else block.hidden,
        kernel=block.kernel,
        stride=block.stride,
        activation=_ACTIVATION[block.activation],
    )
    tensor = _squeeze_excite(builder, tensor, block.se)
    if block.hidden is not None:
        tensor = builder.conv(tensor, block.width)
    return _residual(builder, source, tensor, block.stride)


def _shortcut(builder: NetworkBuilder, source: int, width: int, stride: int) -> int:
    if stride == 1 and builder.tensors[source][0] == width:
        return source
    return builder.conv(source, width, stride=stride)


def _basic(builder: NetworkBuilder, source: int, block: Basic) -> int:
    activation = _ACTIVATION[block.activation]
    tensor = builder.conv(
        source, block.width, kernel=block.kernel, stride=block.stride, activation=activation
    )
    tensor = builder.conv(tensor, block.width, kernel=block.kernel)
    shortcut = _shortcut(builder, source, block.width, block.stride)
    return builder.add(tensor, shortcut, activation)


def _bottleneck(builder: NetworkBuilder, source: int, block: Bottleneck) -> int:
    activation = _ACTIVATION[block.activation]
    tensor = builder.conv(source, block.hidden, activation=activation)
    tensor = builder.conv(
        tensor, block.hidden, kernel=block.kernel, stride=block.stride, activation=activation
    )
    tensor = builder.conv(tensor, block.width)
    shortcut = _shortcut(builder, source, block.width, block.stride)
    return builder.add(tensor, shortcut, activation)


def _fire(builder: NetworkBuilder, source: int, block: Fire) -> int:
    if block.width % 2:
        raise ArchitectureError(f"`width` of fire must be even; got {block.width}")
    activation = _ACTIVATION[block.activation]
    squeezed = builder.conv(
        source, block.hidden, activation=activation, bias=True, normalized=False
    )
    branches = [
        builder.conv(
            squeezed,
            block.width // 2,
            kernel=kernel,
            activation=activation,
            bias=True,
            normalized=False,
        )
        for kernel in (1, 3)
    ]
    return builder.concat(tuple(branches))


def _shuffle(builder: NetworkBuilder, source: int, block: Shuffle) -> int:
    channels, activation = builder.tensors[source][0], _ACTIVATION[block.activation]
    half = block.width // 2
    if block.width % 2 or (block.stride == 1 and channels != block.width):
        raise ArchitectureError(
            f"`width` of shuffle must be even, and equal to the input's at stride 1; "
            f"got {block.width} after {channels}"
        )
    if block.stride == 1:
        kept, tensor = builder.slice(source, half), builder.slice(source, half)
    else:
        kept = _depthwise(builder, source, block.kernel, block.stride)
        kept, tensor = builder.conv(kept, half, activation=activation), source
    tensor = builder.conv(tensor, half, activation=activation)
    tensor = _depthwise(builder, tensor, block.kernel, block.stride)
    tensor = builder.conv(tensor, half, activation=activation)
    return builder.transpose(builder.concat((kept, tensor)))


def _max_pool(builder: NetworkBuilder, source: int, block: MaxPool) -> int:
    padding = block.kernel // 2 if block.padding is None else block.padding
    return builder.pool(
        KernelKind.MAX_POOL, source, kernel=block.kernel, stride=block.stride, padding=padding
    )


def _global_pool(builder: NetworkBuilder, source: int, block: GlobalPool) -> int:
    return builder.global_pool(source)


def _linear(builder: NetworkBuilder, source: int, block: Linear) -> int:
    _, height, width = builder.tensors[source]
    if (height, width) != (1, 1):
        raise ArchitectureError(
            f"`fc` needs a pooled input of 1x1 positions; got {height}x{width}; "
            "put `pool` before it"
        )
    return builder.linear(
        source, block.width, activation=_ACTIVATION[block.activation], bias=block.bias
    )


# The table erases each rule's own block type; `lower_blocks` looks rules up by the block's kind.
LOWERING: dict[BlockKind, Callable[[NetworkBuilder, int, Any], int]] = {
    BlockKind.CONV: _conv,
    BlockKind.SEPARABLE: _separable,
    BlockKind.INVERTED_RESIDUAL: _inverted_residual,
    BlockKind.FUSED_INVERTED_RESIDUAL: _fused,
    BlockKind.BASIC: _basic,
    BlockKind.BOTTLENECK: _bottleneck,
    BlockKind.FIRE: _fire,
    BlockKind.SHUFFLE: _shuffle,
    BlockKind.MAX_POOL: _max_pool,
    BlockKind.GLOBAL_POOL: _global_pool,
    BlockKind.LINEAR: _linear,
}

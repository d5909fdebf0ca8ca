"""Architecture → torch module: which layer each block becomes, with which arguments.

One rule per block kind, in a table keyed by BlockKind. Shapes come from the lowered network; the
exporter writes the same layers and arguments as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nas.errors import ArchitectureError
from nas.graph.lower import lower
from nas.networks import blocks, layers
from nas.space.architecture import Architecture, block_text
from nas.space.blocks import (
    Basic,
    BlockKind,
    Bottleneck,
    Conv,
    Fire,
    FusedInvertedResidual,
    GlobalPool,
    InvertedResidual,
    Linear,
    MaxPool,
    Separable,
    Shuffle,
    SqueezeExcite,
)

Argument = int | str | None


@dataclass(frozen=True, slots=True)
class LayerCall:
    """A layer and the keyword arguments that make it."""

    layer: type[nn.Module]
    arguments: Mapping[str, Argument]

    def make(self) -> nn.Module:
        """A new module."""
        return self.layer(**self.arguments)


class ClassificationNetwork(nn.Module):
    """Blocks in sequence over N × C × H × W images; the result is N × classes logits."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of a batch of images."""
        x: Tensor = self.blocks(image)
        return x.flatten(1)


def build(architecture: Architecture, *, seed: int = 0) -> ClassificationNetwork:
    """A freshly initialised module; equal seeds give equal weights.

    Raises:
        ArchitectureError: naming the block whose shapes cannot work.
    """
    calls = layer_calls(architecture)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = ClassificationNetwork(call.make() for call in calls)
        layers.initialize(network)
    return network


def build_to_train(architecture: Architecture, *, seed: int = 0) -> ClassificationNetwork:
    """A freshly initialised module as a training begins with it; see `begin_shallow`.

    Raises:
        ArchitectureError: naming the block whose shapes cannot work.
    """
    network = build(architecture, seed=seed)
    blocks.begin_shallow(network)
    return network


def layer_calls(architecture: Architecture) -> tuple[LayerCall, ...]:
    """The layer of every block, in order.

    Raises:
        ArchitectureError: naming the block whose shapes cannot work.
    """
    network = lower(architecture)
    if network.output_shape[1:] != (1, 1):
        raise ArchitectureError(
            "`architecture` must end in one vector per image; "
            f"got {'x'.join(map(str, network.output_shape))}; put `pool` at the end"
        )
    channels = [architecture.image.channels] * (len(architecture.blocks) + 1)
    for kernel in network.kernels:  # the last kernel of a block writes the next one's input
        channels[kernel.block + 1] = kernel.signature.out_shape[0]
    calls: list[LayerCall] = []
    for index, block in enumerate(architecture.blocks):
        try:
            if calls and calls[-1].layer is layers.LinearAct and block.kind != BlockKind.LINEAR:
                raise ArchitectureError("`fc` must be followed by `fc` or nothing")
            calls.append(BUILD[block.kind](block, channels[index]))
        except ArchitectureError as error:
            raise ArchitectureError(
                f"block {index + 1} ({block_text(block)!r}): {error}"
            ) from None
    return tuple(calls)


def _conv(block: Conv, channels: int) -> LayerCall:
    return LayerCall(
        layers.ConvNormAct,
        {
            "in_channels": channels,
            "out_channels": block.width,
            "kernel": block.kernel,
            "stride": block.stride,
            "groups": block.groups,
            "padding": block.padding,
            "activation": block.activation.value,
            "bias": block.bias,
        },
    )


def _spatial(
    block: Separable | InvertedResidual | FusedInvertedResidual | Basic | Bottleneck | Shuffle,
    channels: int,
) -> dict[str, Argument]:
    """What all blocks around one sliding window share."""
    return {
        "in_channels": channels,
        "out_channels": block.width,
        "kernel": block.kernel,
        "stride": block.stride,
        "activation": block.activation.value,
    }


def _squeeze_excite(se: SqueezeExcite | None) -> dict[str, Argument]:
    if se is None:
        return {}
    return {
        "se_width": se.width,
        "se_activation": se.activation.value,
        "se_gate": se.gate.value,
    }


def _separable(block: Separable, channels: int) -> LayerCall:
    return LayerCall(blocks.SeparableConv, _spatial(block, channels))


def _inverted_residual(block: InvertedResidual, channels: int) -> LayerCall:
    arguments = {"hidden": block.hidden, "groups": block.groups, **_squeeze_excite(block.se)}
    return LayerCall(blocks.InvertedResidual, _spatial(block, channels) | arguments)


def _fused(block: FusedInvertedResidual, channels: int) -> LayerCall:
    arguments = {"hidden": block.hidden, **_squeeze_excite(block.se)}
    return LayerCall(blocks.FusedInvertedResidual, _spatial(block, channels) | arguments)


def _basic(block: Basic, channels: int) -> LayerCall:
    return LayerCall(blocks.BasicBlock, _spatial(block, channels))


def _bottleneck(block: Bottleneck, channels: int) -> LayerCall:
    return LayerCall(blocks.Bottleneck, _spatial(block, channels) | {"hidden": block.hidden})


def _fire(block: Fire, channels: int) -> LayerCall:
    return LayerCall(
        blocks.Fire,
        {
            "in_channels": channels,
            "out_channels": block.width,
            "hidden": block.hidden,
            "activation": block.activation.value,
        },
    )


def _shuffle(block: Shuffle, channels: int) -> LayerCall:
    return LayerCall(blocks.ShuffleUnit, _spatial(block, channels))


def _max_pool(block: MaxPool, channels: int) -> LayerCall:
    padding = block.kernel // 2 if block.padding is None else block.padding
    if padding > block.kernel // 2:
        raise ArchitectureError(
            f"`padding` of maxpool must be at most half of its kernel ({block.kernel // 2}); "
            f"got {padding}"
        )
    return LayerCall(
        nn.MaxPool2d, {"kernel_size": block.kernel, "stride": block.stride, "padding": padding}
    )


def _global_pool(block: GlobalPool, channels: int) -> LayerCall:
    return LayerCall(nn.AdaptiveAvgPool2d, {"output_size": 1})


def _linear(block: Linear, channels: int) -> LayerCall:
    return LayerCall(
        layers.LinearAct,
        {
            "in_features": channels,
            "out_features": block.width,
            "activation": block.activation.value,
            "bias": block.bias,
        },
    )


# The table erases each rule's own block type; rules are looked up by the block's kind.
BUILD: dict[BlockKind, Callable[[Any, int], LayerCall]] = {
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

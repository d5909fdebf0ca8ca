"""The vocabulary of blocks: one frozen value per kind, keyed by BlockKind.

A block says what it computes in absolute numbers; shapes come from `nas.graph`, modules from
`nas.networks`. Adding a kind means one class here and one row in each layer's table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from nas.errors import ArchitectureError


class BlockKind(StrEnum):
    """Every kind of block, named as in the notation."""

    CONV = "conv"
    SEPARABLE = "ds"
    INVERTED_RESIDUAL = "mb"
    FUSED_INVERTED_RESIDUAL = "fmb"
    BASIC = "basic"
    BOTTLENECK = "bottleneck"
    FIRE = "fire"
    SHUFFLE = "shuffle"
    MAX_POOL = "maxpool"
    GLOBAL_POOL = "pool"
    LINEAR = "fc"


class Activation(StrEnum):
    """Activation functions; `linear` is none."""

    LINEAR = "linear"
    RELU = "relu"
    RELU6 = "relu6"
    HARD_SWISH = "hswish"
    SWISH = "swish"


class Gate(StrEnum):
    """What turns squeeze-and-excitation's output into a factor per channel."""

    SIGMOID = "sigmoid"
    HARD_SIGMOID = "hsigmoid"


@dataclass(frozen=True, slots=True)
class SqueezeExcite:
    """Squeeze-and-excitation (Hu et al., 2018): `width` channels between its two layers."""

    width: int
    activation: Activation
    gate: Gate

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ArchitectureError(f"`se` width must be at least 1; got {self.width}")


@dataclass(frozen=True, slots=True)
class _Checked:
    """Field rules that hold for every kind of block."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            if value < (0 if field.name == "padding" else 1):
                raise ArchitectureError(f"`{field.name}` must be at least 1; got {value}")
            if field.name == "kernel" and value % 2 == 0:
                raise ArchitectureError(f"`kernel` must be odd; got {value}")


@dataclass(frozen=True, slots=True)
class Conv(_Checked):
    """Convolution, then batch-norm (or, with `bias`, a bias instead), then activation.

    `padding` None means kernel // 2.
    """

    kind: ClassVar = BlockKind.CONV
    kernel: int
    width: int
    stride: int = 1
    groups: int = 1
    padding: int | None = None
    activation: Activation = Activation.LINEAR
    bias: bool = False


@dataclass(frozen=True, slots=True)
class Separable(_Checked):
    """Depthwise then pointwise convolution, both normalised and activated (MobileNetV1)."""

    kind: ClassVar = BlockKind.SEPARABLE
    kernel: int
    width: int
    stride: int = 1
    activation: Activation = Activation.LINEAR


@dataclass(frozen=True, slots=True)
class InvertedResidual(_Checked):
    """MBConv: pointwise to `hidden`, depthwise, optional SE, linear pointwise to `width`.

    `hidden` None leaves the first pointwise out. `groups` above 1 groups both pointwise
    convolutions and shuffles channels between them (FBNet's block). The input is added where the
    stride is 1 and the widths agree. Sandler et al., 2018; Howard et al., 2019; Wu et al., 2019.
    """

    kind: ClassVar = BlockKind.INVERTED_RESIDUAL
    kernel: int
    width: int
    stride: int = 1
    hidden: int | None = None
    groups: int = 1
    activation: Activation = Activation.LINEAR
    se: SqueezeExcite | None = None


@dataclass(frozen=True, slots=True)
class FusedInvertedResidual(_Checked):
    """Fused MBConv (Tan & Le, 2021): full convolution to `hidden`, SE, linear pointwise.

    `hidden` None is one activated convolution. The input is added as in InvertedResidual.
    """

    kind: ClassVar = BlockKind.FUSED_INVERTED_RESIDUAL
    kernel: int
    width: int
    stride: int = 1
    hidden: int | None = None
    activation: Activation = Activation.LINEAR
    se: SqueezeExcite | None = None


@dataclass(frozen=True, slots=True)
class Basic(_Checked):
    """ResNet's basic block: two convolutions and a shortcut (He et al., 2016)."""

    kind: ClassVar = BlockKind.BASIC
    kernel: int
    width: int
    stride: int = 1
    activation: Activation = Activation.RELU


@dataclass(frozen=True, slots=True)
class Bottleneck(_Checked):
    """ResNet's bottleneck: 1×1 to `hidden`, strided convolution, 1×1 to `width`, shortcut."""

    kind: ClassVar = BlockKind.BOTTLENECK
    kernel: int
    width: int
    hidden: int
    stride: int = 1
    activation: Activation = Activation.RELU


@dataclass(frozen=True, slots=True)
class Fire(_Checked):
    """SqueezeNet's fire module: 1×1 to `hidden`, then 1×1 and 3×3, half of `width` each."""

    kind: ClassVar = BlockKind.FIRE
    width: int
    hidden: int
    activation: Activation = Activation.RELU


@dataclass(frozen=True, slots=True)
class Shuffle(_Checked):
    """ShuffleNetV2's unit: split, transform one half, concatenate, shuffle (Ma et al., 2018)."""

    kind: ClassVar = BlockKind.SHUFFLE
    kernel: int
    width: int
    stride: int = 1
    activation: Activation = Activation.RELU


@dataclass(frozen=True, slots=True)
class MaxPool(_Checked):
    """Max pooling; `padding` None means kernel // 2."""

    kind: ClassVar = BlockKind.MAX_POOL
    kernel: int
    stride: int = 1
    padding: int | None = None


@dataclass(frozen=True, slots=True)
class GlobalPool(_Checked):
    """Average over all positions, leaving one value per channel."""

    kind: ClassVar = BlockKind.GLOBAL_POOL


@dataclass(frozen=True, slots=True)
class Linear(_Checked):
    """Fully connected layer over a pooled vector; the last one is the classifier."""

    kind: ClassVar = BlockKind.LINEAR
    width: int
    activation: Activation = Activation.LINEAR
    bias: bool = True


Block = (
    Conv
    | Separable
    | InvertedResidual
    | FusedInvertedResidual
    | Basic
    | Bottleneck
    | Fire
    | Shuffle
    | MaxPool
    | GlobalPool
    | Linear
)

BLOCK_TYPES: dict[BlockKind, type[Block]] = {
    block_type.kind: block_type
    for block_type in (
        Conv,
        Separable,
        InvertedResidual,
        FusedInvertedResidual,
        Basic,
        Bottleneck,
        Fire,
        Shuffle,
        MaxPool,
        GlobalPool,
        Linear,
    )
}

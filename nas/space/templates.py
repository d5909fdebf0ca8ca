"""The numbers of a block, fixed or chosen → the block itself, widths rounded as the space rules.

One builder per block name of the schema, in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nas.space.blocks import (
    Activation,
    Block,
    Conv,
    FusedInvertedResidual,
    GlobalPool,
    InvertedResidual,
    Linear,
    MaxPool,
    Separable,
    SqueezeExcite,
)
from nas.space.rounding import make_divisible
from nas.space.schema import Rules

Value = int | float | str
"""One legal value of a variable."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for the value of a variable."""

    variable: int


@dataclass(frozen=True, slots=True)
class BlockTemplate:
    """A block whose numbers are values or references to variables."""

    kind: str
    fields: Mapping[str, Value | bool | Ref]
    rules: Rules

    def build(self, values: Mapping[int, Value], channels: int, *, first: bool) -> Block | None:
        """The block for an input of `channels`; None where it is the identity.

        Args:
            values: Value of every variable referred to.
            channels: Width coming in.
            first: Whether it opens its stage, and so takes the stride.
        """
        field = {
            name: values[value.variable] if isinstance(value, Ref) else value
            for name, value in self.fields.items()
        }
        return _BUILD[self.kind](_Numbers(field, self.rules, channels, first))


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The resolved numbers of one block, with the rules that turn them into widths."""

    field: Mapping[str, Value | bool]
    rules: Rules
    channels: int
    first: bool

    def integer(self, name: str, default: int = 1) -> int:
        return int(self.field.get(name, default))

    @property
    def stride(self) -> int:
        return self.integer("stride") if self.first else 1

    @property
    def width(self) -> int:
        width, multiplier = self.integer("width"), float(self.field["multiplier"])
        if multiplier == 1 or (multiplier < 1 and self.field.get("scale_width") == "up"):
            return width
        return make_divisible(width * multiplier, self.rules.width_divisor)

    @property
    def hidden(self) -> int | None:
        """Hidden width; None where an expansion of 1 means no first convolution."""
        expansion = float(self.field["expansion"])
        if expansion == 1 and not self.field.get("keep_expansion", False):
            return None
        if expansion == 1:
            return self.channels
        return make_divisible(round(self.channels * expansion), self.rules.width_divisor)

    @property
    def activation(self) -> Activation:
        return Activation(str(self.field.get("activation", self.rules.activation)))

    @property
    def se(self) -> SqueezeExcite | None:
        ratio, rule = float(self.field.get("se", 0)), self.rules.se
        if ratio == 0:
            return None
        width = ratio * (self.channels if rule.of == "input" else self.hidden or self.channels)
        rounded = max(1, int(width)) if rule.divisor == 1 else make_divisible(width, rule.divisor)
        return SqueezeExcite(rounded, rule.activation, rule.gate)


def _conv(n: _Numbers) -> Block:
    return Conv(
        kernel=n.integer("kernel"),
        width=n.width,
        stride=n.stride,
        groups=n.integer("groups"),
        activation=n.activation,
        bias=bool(n.field.get("bias", False)),
    )


def _separable(n: _Numbers) -> Block:
    return Separable(n.integer("kernel"), n.width, n.stride, n.activation)


def _inverted_residual(n: _Numbers) -> Block:
    return InvertedResidual(
        kernel=n.integer("kernel"),
        width=n.width,
        stride=n.stride,
        hidden=n.hidden,
        groups=n.integer("groups"),
        activation=n.activation,
        se=n.se,
    )


def _fused(n: _Numbers) -> Block:
    return FusedInvertedResidual(
        kernel=n.integer("kernel"),
        width=n.width,
        stride=n.stride,
        hidden=n.hidden,
        activation=n.activation,
        se=n.se,
    )


def _skip(n: _Numbers) -> Block | None:
    """The identity, or the 1×1 convolution that changes shape where the identity cannot."""
    if n.stride == 1 and n.width == n.channels:
        return None
    return Conv(kernel=1, width=n.width, stride=n.stride)


def _max_pool(n: _Numbers) -> Block:
    return MaxPool(n.integer("kernel"), n.stride)


def _global_pool(n: _Numbers) -> Block:
    return GlobalPool()


def _linear(n: _Numbers) -> Block:
    activation = n.activation if "activation" in n.field else Activation.LINEAR
    return Linear(n.integer("width"), activation, bool(n.field.get("bias", True)))


_BUILD = {
    "conv": _conv,
    "ds": _separable,
    "mb": _inverted_residual,
    "fmb": _fused,
    "skip": _skip,
    "maxpool": _max_pool,
    "pool": _global_pool,
    "fc": _linear,
}

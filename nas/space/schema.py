"""The declarative form of a search space: what a file in `search_spaces/` may say.

A single value is fixed; a list is a choice. `nas spaces check FILE` tells what is wrong with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from nas.declarations import Declaration, SchemaRuleError
from nas.errors import Problem, nearest
from nas.space.blocks import Activation, Gate

BlockName = Literal["conv", "ds", "mb", "fmb", "skip", "maxpool", "pool", "fc"]

_TAKES: dict[str, tuple[set[str], set[str]]] = {  # block: (required, optional)
    "conv": ({"kernel", "width"}, {"stride", "activation", "groups", "bias", "scale_width"}),
    "ds": ({"kernel", "width"}, {"stride", "activation", "scale_width"}),
    "mb": (
        {"kernel", "width", "expansion"},
        {"stride", "activation", "groups", "se", "keep_expansion", "scale_width"},
    ),
    "fmb": (
        {"kernel", "width", "expansion"},
        {"stride", "activation", "se", "keep_expansion", "scale_width"},
    ),
    "skip": ({"width"}, {"stride", "scale_width"}),
    "maxpool": ({"kernel"}, {"stride"}),
    "pool": (set(), set()),
    "fc": ({"width"}, {"activation", "bias"}),
}
_STAGE_KEYS = {"name", "depth", "choose_per", "operation", "block"}
_STAGE_GIVES = {"width", "stride", "scale_width"}


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else (value,)


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise SchemaRuleError(Problem("", "choices must differ", f"{value!r} twice"))
    return values


def _odd(values: tuple[int, ...]) -> tuple[int, ...]:
    for index, value in enumerate(values):
        if value % 2 == 0:
            path = str(index) if len(values) > 1 else ""
            close = f"{value - 1} or {value + 1}"
            raise SchemaRuleError(Problem(path, "a kernel size must be odd", f"{value}", close))
    return values


_Choice = (BeforeValidator(_as_tuple), Field(min_length=1), AfterValidator(_distinct))
Counts = Annotated[tuple[Annotated[int, Field(ge=1)], ...], *_Choice]
Kernels = Annotated[tuple[Annotated[int, Field(ge=1)], ...], *_Choice, AfterValidator(_odd)]
Factors = Annotated[tuple[Annotated[float, Field(gt=0)], ...], *_Choice]
Ratios = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], *_Choice]
Activations = Annotated[tuple[Annotated[Activation, Field(strict=False)], ...], *_Choice]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class SqueezeExciteRule(Declaration):
    """How an `se` ratio becomes a layer: ratio × the width of `of`, rounded to `divisor`."""

    of: Literal["input", "hidden"] = "input"
    divisor: Annotated[int, Field(ge=1)] = 1
    activation: Activation = Activation.RELU
    gate: Gate = Gate.SIGMOID


class Rules(Declaration):
    """What holds for every block that does not say otherwise."""

    activation: Activation = Activation.RELU
    width_divisor: Annotated[int, Field(ge=1)] = 8
    se: SqueezeExciteRule = SqueezeExciteRule()


class Input(Declaration):
    """The image; several resolutions are a choice."""

    channels: Annotated[int, Field(ge=1)] = 3
    resolution: Counts = (224,)


class BlockFields(Declaration):
    """The numbers of a block; which of them apply depends on its kind.

    `scale_width` says whether the width multiplier applies (it does unless stated); `up` means
    only multipliers above 1, as for the last convolution of MobileNetV2. `keep_expansion` keeps
    the first pointwise convolution at an expansion of 1, which is otherwise left out.
    """

    kernel: Kernels | None = None
    stride: Counts | None = None
    width: Counts | None = None
    expansion: Factors | None = None
    groups: Counts | None = None
    se: Ratios | None = None
    activation: Activations | None = None
    bias: bool | None = None
    keep_expansion: bool | None = None
    scale_width: bool | Literal["up"] | None = None


class FixedPosition(BlockFields):
    """One block of the stem or the head."""

    block: BlockName

    @model_validator(mode="after")
    def _takes(self) -> FixedPosition:
        _check_fields(self, self.block, given=set())
        return self


class Operation(BlockFields):
    """One named alternative for a block; the stage gives its width and stride."""

    block: BlockName

    @model_validator(mode="after")
    def _takes(self) -> Operation:
        _check_fields(self, self.block, given=_STAGE_GIVES)
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) > 1:
                rule = "an operation is one alternative: its values must be single"
                raise SchemaRuleError(Problem(name, rule, f"{list(value)}", f"{value[0]}"))
        return self


class Stage(BlockFields):
    """`depth` blocks of one width; the first takes the stride.

    Choices of kernel, expansion, groups, se, activation and operation are made once for the stage
    or once for each block, as `choose_per` says; width, stride and depth once for the stage.
    """

    name: Name
    block: BlockName | None = None
    depth: Counts = (1,)
    choose_per: Literal["stage", "block"] = "stage"
    operation: Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _takes(self) -> Stage:
        if (self.block is None) == (self.operation is None):
            rule = "a stage must give either `block` or `operation`"
            received = "both" if self.block else "neither"
            raise SchemaRuleError(Problem("block", rule, received))
        if self.block is not None:
            _check_fields(self, self.block, given=set())
        elif self.width is None:
            raise SchemaRuleError(Problem("width", "a stage must give its width", "no such key"))
        return self


class SpaceDeclaration(Declaration):
    """A whole search space."""

    name: Name
    title: str
    source: str
    input: Input = Input()
    width_multiplier: Factors = (1.0,)
    rules: Rules = Rules()
    operations: dict[Name, Operation] = {}
    stem: tuple[FixedPosition, ...] = ()
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    head: tuple[FixedPosition, ...]

    @model_validator(mode="after")
    def _consistent(self) -> SpaceDeclaration:
        problems = [*self._name_problems(), *self._operation_problems(), *self._head_problems()]
        if problems:
            raise SchemaRuleError(*problems)
        return self

    def _name_problems(self) -> Iterator[Problem]:
        names = [stage.name for stage in self.stages]
        for index, name in enumerate(names):
            if name in names[:index] or name.startswith(("stem", "head")):
                rule = "stage names must differ, and not start with stem or head"
                yield Problem(f"stages.{index}.name", rule, repr(name))

    def _operation_problems(self) -> Iterator[Problem]:
        for index, stage in enumerate(self.stages):
            if isinstance(stage.operation, tuple):
                for place, name in enumerate(stage.operation):
                    if name not in self.operations:
                        rule = f"must be one of {', '.join(self.operations) or '(none declared)'}"
                        path, close = (
                            f"stages.{index}.operation.{place}",
                            nearest(name, self.operations),
                        )
                        yield Problem(path, rule, repr(name), close)
            elif stage.operation == "all" and not self.operations:
                rule = "`all` needs `operations` to be declared"
                yield Problem(f"stages.{index}.operation", rule, "none declared")

    def _head_problems(self) -> Iterator[Problem]:
        if not self.head or self.head[-1].block not in ("fc", "pool"):
            received = f"{self.head[-1].block!r}" if self.head else "nothing"
            yield Problem("head", "the last block must be fc or pool", received, "fc")


def _check_fields(fields: BlockFields, block: str, *, given: set[str]) -> None:
    """Each block takes its own keys, no others; `given` are given from outside."""
    required, optional = _TAKES[block]
    present = {
        name
        for name in type(fields).model_fields
        if name not in _STAGE_KEYS and getattr(fields, name) is not None
    }
    takes = (required | optional) - given
    problems = [
        Problem(
            name,
            f"`{block}` does not take this key; it takes {', '.join(sorted(takes))}",
            f"{name!r}",
            nearest(name, takes),
        )
        for name in sorted(present - takes)
    ] + [
        Problem(name, f"`{block}` needs this key", "no such key")
        for name in sorted(required - given - present)
    ]
    if problems:
        raise SchemaRuleError(*problems)

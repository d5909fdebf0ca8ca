"""A declaration → variables and slots: what can be chosen, and what each choice builds.

A slot is the smallest run of blocks decided by variables of its own: a whole stage when its
choices are made once, else one block. Given its values and the width coming in, it yields blocks.
Building networks and scoring populations both fold over slots, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas.space.blocks import Block
from nas.space.schema import BlockFields, FixedPosition, SpaceDeclaration, Stage
from nas.space.templates import BlockTemplate, Ref, Value

_PER_BLOCK = ("kernel", "expansion", "groups", "se", "activation")


@dataclass(frozen=True, slots=True)
class Variable:
    """One decision of a search space.

    Args:
        name: Unique, such as `stage2.kernel` or `stage2.block3.kernel`.
        values: The legal values, in the order of their codes.
        depth: Index of the depth variable that can make this one inactive, if any.
        position: The block (from 1) that it decides; inactive where the depth is smaller.
    """

    name: str
    values: tuple[Value, ...]
    depth: int | None = None
    position: int = 1


@dataclass(frozen=True, slots=True)
class Slot:
    """A run of blocks decided by the same variables.

    Args:
        name: The stage, or the stage and block.
        variables: Indices of the variables that decide it, ascending.
        templates: For each position the alternatives by operation name (`""` where there is one).
        operation: The variable that picks the alternative, if any.
        depth: The variable that says how many positions exist, if any.
        position: Number (from 1) of the first template's block in its stage.
    """

    name: str
    variables: tuple[int, ...]
    templates: tuple[Mapping[str, BlockTemplate], ...]
    operation: int | None
    depth: int | None
    position: int

    def blocks(self, values: tuple[Value, ...], channels: int) -> tuple[Block, ...]:
        """The blocks for these values (in the order of `variables`) after `channels`."""
        chosen = dict(zip(self.variables, values, strict=True))
        limit = chosen[self.depth] if self.depth is not None else None
        built: list[Block] = []
        for position, alternatives in enumerate(self.templates, start=self.position):
            if isinstance(limit, int) and position > limit:
                break
            name = str(chosen[self.operation]) if self.operation is not None else ""
            block = alternatives[name].build(chosen, channels, first=position == 1)
            if block is not None:
                built.append(block)
                channels = getattr(block, "width", channels)
        return tuple(built)


class _Compiler:
    """Walks a declaration once, collecting variables and slots."""

    def __init__(self, declaration: SpaceDeclaration) -> None:
        self.declaration = declaration
        self.variables: list[Variable] = []
        self.slots: list[Slot] = []
        self.choose("resolution", declaration.input.resolution)
        self.multiplier = self.choose("width_multiplier", declaration.width_multiplier)
        self.add_positions("stem", declaration.stem)
        for stage in declaration.stages:
            self.add_stage(stage)
        self.add_positions("head", declaration.head)

    def choose(self, name: str, values: tuple[Value, ...], **activity: int) -> Value | Ref:
        """The only value, or a reference to a new variable over several."""
        if len(values) == 1:
            return values[0]
        self.variables.append(Variable(name, values, **activity))
        return Ref(len(self.variables) - 1)

    def stage_fields(self, name: str, fields: BlockFields) -> dict[str, Value | bool | Ref]:
        """What is decided once for a run of blocks: width, its scaling, stride."""
        made: dict[str, Value | bool | Ref] = {
            "multiplier": 1.0 if fields.scale_width is False else self.multiplier
        }
        for key in ("width", "stride"):
            if (values := getattr(fields, key)) is not None:
                made[key] = self.choose(f"{name}.{key}", values)
        for key in ("bias", "keep_expansion", "scale_width"):
            if (value := getattr(fields, key)) is not None:
                made[key] = value
        return made

    def block_fields(
        self, name: str, fields: BlockFields, activity: dict[str, int]
    ) -> dict[str, Value | bool | Ref]:
        """What is decided for one block, or once for a stage."""
        return {
            key: self.choose(f"{name}.{key}", values, **activity)
            for key in _PER_BLOCK
            if (values := getattr(fields, key)) is not None
        }

    def template(self, kind: str, fields: Mapping[str, Value | bool | Ref]) -> BlockTemplate:
        return BlockTemplate(kind, dict(fields), self.declaration.rules)

    def add_positions(self, part: str, positions: Sequence[FixedPosition]) -> None:
        for index, position in enumerate(positions, start=1):
            name = f"{part}{index}"
            fields = self.stage_fields(name, position) | self.block_fields(name, position, {})
            self.add_slot(name, [{"": self.template(position.block, fields)}], None, None, 1)

    def add_stage(self, stage: Stage) -> None:
        depth = self.choose(f"{stage.name}.depth", stage.depth)
        shared = self.stage_fields(stage.name, stage)
        if stage.choose_per == "stage":
            alternatives, operation = self.alternatives(stage, stage.name, shared, {})
            templates = [alternatives] * max(stage.depth)
            self.add_slot(stage.name, templates, operation, depth, 1)
            return
        for position in range(1, max(stage.depth) + 1):
            activity: dict[str, int] = {}
            if isinstance(depth, Ref) and position > min(stage.depth):
                activity = {"depth": depth.variable, "position": position}
            name = f"{stage.name}.block{position}"
            alternatives, operation = self.alternatives(stage, name, shared, activity)
            shared.pop("stride", None)  # only the first block of a stage takes it
            self.add_slot(name, [alternatives], operation, depth if activity else None, position)

    def alternatives(
        self,
        stage: Stage,
        name: str,
        shared: Mapping[str, Value | bool | Ref],
        activity: dict[str, int],
    ) -> tuple[dict[str, BlockTemplate], int | None]:
        """The block templates of one position by operation name, and what picks one."""
        if stage.block is not None:
            fields = {**shared, **self.block_fields(name, stage, activity)}
            return {"": self.template(stage.block, fields)}, None
        declared = self.declaration.operations
        names = tuple(declared) if stage.operation == "all" else stage.operation or ()
        made = {}
        for operation in names:
            fixed = declared[operation]
            own = {
                key: value[0] if isinstance(value, tuple) else value
                for key in (*_PER_BLOCK, "bias", "keep_expansion")
                if (value := getattr(fixed, key)) is not None
            }
            made[operation] = self.template(fixed.block, {**shared, **own})
        picked = self.choose(f"{name}.operation", names, **activity)
        if isinstance(picked, Ref):
            return made, picked.variable
        return {"": made[names[0]]}, None

    def add_slot(
        self,
        name: str,
        templates: list[dict[str, BlockTemplate]],
        operation: int | None,
        depth: Value | Ref | None,
        position: int,
    ) -> None:
        used = {
            value.variable
            for alternatives in templates
            for template in alternatives.values()
            for value in template.fields.values()
            if isinstance(value, Ref)
        }
        depth_variable = depth.variable if isinstance(depth, Ref) else None
        used |= {variable for variable in (operation, depth_variable) if variable is not None}
        variables = tuple(sorted(used))
        self.slots.append(
            Slot(name, variables, tuple(templates), operation, depth_variable, position)
        )


def compile_declaration(
    declaration: SpaceDeclaration,
) -> tuple[tuple[Variable, ...], tuple[Slot, ...]]:
    """The variables and the slots of a declaration, in network order."""
    compiler = _Compiler(declaration)
    return tuple(compiler.variables), tuple(compiler.slots)

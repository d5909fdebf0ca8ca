"""Architecture + space → the choices that build it, or where it leaves the space."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from nas.errors import ChoiceError
from nas.space.architecture import Architecture, block_text
from nas.space.blocks import Block
from nas.space.slots import Slot
from nas.space.space import Codes, SearchSpace


def locate(space: SearchSpace, architecture: Architecture) -> Codes:
    """The code that builds a network; the first where several do.

    Raises:
        ChoiceError: if none does, with the first block that no choice can bring.
    """
    image, declared = architecture.image, space.declaration.input
    sizes = declared.resolution
    square = image.height == image.width and image.height in sizes
    if not square or image.channels != declared.channels:
        legal = ", ".join(f"{declared.channels}x{size}x{size}" for size in sizes)
        raise ChoiceError(
            f"{space.name}: `image` must be one of {legal}; got "
            f"{image.channels}x{image.height}x{image.width}"
        )
    walk = _Walk(space, architecture)
    start = {0: sizes.index(image.height)} if len(sizes) > 1 else {}
    found = walk.follow(0, 0, start)
    if found is None:
        raise ChoiceError(f"{space.name} cannot build this network: {walk.obstacle()}")
    code = np.zeros(len(space.variables), dtype=np.int16)
    for variable, value in found.items():
        code[variable] = value
    canonical: Codes = space.canonical(code[None])[0]
    return canonical


@dataclass
class _Walk:
    """Fits the slots of a space to the blocks of a network, from the first to the last.

    `reached` is how many blocks the longest fitting prefix has; `dead` remembers places from
    which the rest does not fit, as many choices lead to the same place.
    """

    space: SearchSpace
    architecture: Architecture
    reached: int = 0
    dead: set[tuple[int, int, tuple[tuple[int, int], ...]]] = field(default_factory=set)

    def follow(self, index: int, place: int, chosen: dict[int, int]) -> dict[int, int] | None:
        """Choices that build the blocks from a place on by the slots from an index on."""
        blocks, slots = self.architecture.blocks, self.space.slots
        if index == len(slots):
            return chosen if place == len(blocks) else None
        later = {variable for slot in slots[index:] for variable in slot.variables}
        key = index, place, tuple(sorted((v, c) for v, c in chosen.items() if v in later))
        if key in self.dead:
            return None
        for picked, built in self._options(slots[index], place, chosen):
            same = [one == two for one, two in zip(built, blocks[place:], strict=False)]
            fitting = (*same, False).index(False)
            self.reached = max(self.reached, place + fitting)
            if fitting == len(built):
                found = self.follow(index + 1, place + len(built), chosen | picked)
                if found is not None:
                    return found
        self.dead.add(key)
        return None

    def _options(
        self, slot: Slot, place: int, chosen: Mapping[int, int]
    ) -> Iterator[tuple[dict[int, int], tuple[Block, ...]]]:
        """What the slot can build after the blocks before a place, with the choices for it."""
        channels = self.architecture.image.channels
        for block in self.architecture.blocks[:place]:
            channels = getattr(block, "width", channels)
        variables = [self.space.variables[index] for index in slot.variables]
        codes = [
            [chosen[index]] if index in chosen else range(len(variable.values))
            for index, variable in zip(slot.variables, variables, strict=True)
        ]
        for combination in itertools.product(*codes):
            values = tuple(v.values[c] for v, c in zip(variables, combination, strict=True))
            picked = dict(zip(slot.variables, combination, strict=True))
            yield picked, slot.blocks(values, channels)

    def obstacle(self) -> str:
        """Where the longest fitting prefix ends, in words."""
        blocks = self.architecture.blocks
        if self.reached == len(blocks):
            return f"it would have to go on after its {len(blocks)} blocks"
        return (
            f"no choice brings `{block_text(blocks[self.reached])}` as block {self.reached + 1} "
            f"of {len(blocks)}"
        )

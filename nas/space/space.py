"""Declaration → SearchSpace: every legal choice counted, sampled, encoded and built.

Choices have two forms: a mapping of variable names to values for people, and an integer vector
(`code`: the index of each variable's value) for arithmetic. A variable that the depth makes
inactive has code 0 and no entry in the mapping, so equal choices have equal codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.declarations import load
from nas.errors import ChoiceError, did_you_mean
from nas.space.architecture import Architecture, Image
from nas.space.schema import SpaceDeclaration
from nas.space.slots import Slot, Variable, compile_declaration
from nas.space.templates import Value

Codes = NDArray[np.int16]
"""Encoded choices: shape (variables,) for one, (count, variables) for many."""
Choices = Mapping[str, Value]


@dataclass(frozen=True)
class SearchSpace:
    """A finite set of architectures.

    Args:
        declaration: What the file says.
        variables: The decisions, in network order.
        slots: What they build, in network order.
    """

    declaration: SpaceDeclaration
    variables: tuple[Variable, ...]
    slots: tuple[Slot, ...]

    @classmethod
    def from_declaration(cls, declaration: SpaceDeclaration) -> SearchSpace:
        """Compile a checked declaration."""
        return cls(declaration, *compile_declaration(declaration))

    @classmethod
    def from_file(cls, file: Path) -> SearchSpace:
        """Read a space from YAML.

        Raises:
            DeclarationError: with every fault in the file.
        """
        return cls.from_declaration(load(file, SpaceDeclaration))

    def at_resolution(self, size: int) -> SearchSpace:
        """The same space with its input resolution fixed; `size` in pixels.

        Raises:
            ChoiceError: if the size is not one of its resolutions.
        """
        sizes = self.declaration.input.resolution
        if size not in sizes:
            legal = ", ".join(map(str, sizes))
            raise ChoiceError(f"{self.name}: `resolution` must be one of {legal}; got {size!r}")
        return self._at(size)

    def up_to_resolution(self, size: int) -> SearchSpace:
        """The same space without the resolutions above a size in pixels; the least one stays."""
        sizes = self.declaration.input.resolution
        return self._at(*[each for each in sizes if each <= size] or [min(sizes)])

    def _at(self, *sizes: int) -> SearchSpace:
        fixed = self.declaration.input.model_copy(update={"resolution": sizes})
        return self.from_declaration(self.declaration.model_copy(update={"input": fixed}))

    def for_classes(self, count: int) -> SearchSpace:
        """The same space with networks that tell so many classes apart.

        Raises:
            ChoiceError: if its networks do not end in `fc`, whose width the number of classes is.
        """
        *head, last = self.declaration.head
        if last.block != "fc":
            raise ChoiceError(
                f"{self.name}: the last block must be `fc` for its width to be the number of "
                f"classes; got `{last.block}`; add such a block to the head"
            )
        if count < 2:
            raise ChoiceError(f"`classes` must be at least 2; got {count}")
        fixed = (*head, last.model_copy(update={"width": (count,)}))
        return self.from_declaration(self.declaration.model_copy(update={"head": fixed}))

    @property
    def name(self) -> str:
        """The space's name."""
        return self.declaration.name

    @cached_property
    def cardinalities(self) -> NDArray[np.int64]:
        """Number of values of each variable."""
        return np.array([len(variable.values) for variable in self.variables], dtype=np.int64)

    @cached_property
    def size(self) -> int:
        """The exact number of distinct choices (inactive variables do not count)."""
        return math.prod(sum(counts) for _, counts in self._groups)

    @cached_property
    def _groups(self) -> list[tuple[int, list[int]]]:
        """Independent groups: (variable, how many choices go with each of its values).

        A depth variable carries the combinations of the variables that it activates; every other
        free variable is a group of its own with one choice per value.
        """
        groups = []
        for index, variable in enumerate(self.variables):
            if variable.depth is None:
                counts = [
                    math.prod(
                        len(other.values)
                        for other in self.variables
                        if other.depth == index and other.position <= int(value)
                    )
                    if any(other.depth == index for other in self.variables)
                    else 1
                    for value in variable.values
                ]
                groups.append((index, counts))
        return groups

    def sample(self, count: int, *, seed: int) -> Codes:
        """Draw choices uniformly over all distinct ones; shape (count, variables)."""
        rng = np.random.default_rng(seed)
        codes = rng.integers(0, self.cardinalities, (count, len(self.variables)), dtype=np.int16)
        for index, counts in self._groups:
            if len(set(counts)) > 1:
                weights = np.array([c / sum(counts) for c in counts])
                codes[:, index] = rng.choice(len(counts), size=count, p=weights)
        return self.canonical(codes)

    def codes_at(self, numbers: NDArray[np.int64]) -> Codes:
        """The distinct codes in a fixed order, by their numbers from 0 to `size` - 1.

        Args:
            numbers: Shape (count,); the space must have less than 2**63 networks.
        """
        codes = np.zeros((len(numbers), len(self.variables)), dtype=np.int16)
        rest = np.asarray(numbers, dtype=np.int64)
        for index, counts in self._groups:
            rest, place = np.divmod(rest, sum(counts))
            ends = np.cumsum(counts)
            codes[:, index] = np.searchsorted(ends, place, side="right")
            place = place - (ends - counts)[codes[:, index]]
            for inner, variable in enumerate(self.variables):
                if variable.depth == index:
                    active = self._deep_enough(codes[:, index], variable)
                    place[active], digits = np.divmod(place[active], len(variable.values))
                    codes[active, inner] = digits
        return codes

    def canonical(self, codes: Codes) -> Codes:
        """A copy of (count, variables) codes with inactive variables set to 0."""
        codes = np.array(codes, dtype=np.int16)
        for index, variable in enumerate(self.variables):
            if variable.depth is not None:
                codes[:, index] *= self._deep_enough(codes[:, variable.depth], variable)
        return codes

    def _deep_enough(self, depth_codes: Codes, variable: Variable) -> NDArray[np.bool_]:
        assert variable.depth is not None
        depths = np.array(self.variables[variable.depth].values)
        active: NDArray[np.bool_] = depths[depth_codes] >= variable.position
        return active

    def is_active(self, index: int, code: Codes) -> bool:
        """Whether the variable decides anything in that network."""
        variable = self.variables[index]
        if variable.depth is None:
            return True
        return bool(self._deep_enough(code[variable.depth], variable))

    def contains(self, choices: Choices) -> bool:
        """Whether the choices name a network of this space."""
        try:
            self.encode(choices)
        except ChoiceError:
            return False
        return True

    def encode(self, choices: Choices) -> Codes:
        """Choices by name → code of shape (variables,).

        Values given for inactive variables must be legal, and are dropped.

        Raises:
            ChoiceError: naming the variable, its values and what was received.
        """
        known = {variable.name for variable in self.variables}
        for name in choices:
            if name not in known:
                raise ChoiceError(
                    f"{self.name} has no variable {name!r}{did_you_mean(name, known)}"
                )
        code = np.zeros(len(self.variables), dtype=np.int16)
        for index, variable in enumerate(self.variables):
            if variable.name in choices:
                value = choices[variable.name]
                if value not in variable.values or isinstance(value, bool):
                    legal = ", ".join(map(str, variable.values))
                    raise ChoiceError(
                        f"{self.name}: `{variable.name}` must be one of {legal}; got {value!r}"
                    )
                code[index] = variable.values.index(value)
            elif self.is_active(index, code):
                raise ChoiceError(f"{self.name}: `{variable.name}` must be chosen; got nothing")
        canonical: Codes = self.canonical(code[None])[0]
        return canonical

    def decode(self, code: Codes) -> dict[str, Value]:
        """Code of shape (variables,) → the active choices by name.

        Raises:
            ChoiceError: if the code has another length or an index out of range.
        """
        code = np.asarray(code)
        if code.shape != (len(self.variables),):
            raise ChoiceError(
                f"a code of {self.name} must have {len(self.variables)} numbers; got {code.shape}"
            )
        for index, variable in enumerate(self.variables):
            if not 0 <= code[index] < len(variable.values):
                raise ChoiceError(
                    f"{self.name}: code of `{variable.name}` must be 0 to "
                    f"{len(variable.values) - 1}; got {code[index]}"
                )
        return {
            variable.name: variable.values[code[index]]
            for index, variable in enumerate(self.variables)
            if self.is_active(index, code)
        }

    def neighbours(self, code: Codes) -> Codes:
        """All codes that differ from this one in a single choice; shape (count, variables)."""
        rows = []
        for index, variable in enumerate(self.variables):
            if self.is_active(index, code):
                for value in range(len(variable.values)):
                    if value != code[index]:
                        row = code.copy()
                        row[index] = value
                        rows.append(row)
        shape = (len(rows), len(self.variables))
        return self.canonical(np.array(rows, dtype=np.int16).reshape(shape))

    def image(self, code: Codes) -> Image:
        """The input image that a code asks for."""
        declared = self.declaration.input
        size = declared.resolution[0]
        if len(declared.resolution) > 1:  # then it is the first variable
            size = declared.resolution[code[0]]
        return Image(declared.channels, size, size)

    def architecture(self, code: Codes) -> Architecture:
        """The network of a code of shape (variables,)."""
        image = self.image(code)
        channels, blocks = image.channels, []
        for slot in self.slots:
            values = tuple(self.variables[index].values[code[index]] for index in slot.variables)
            for block in slot.blocks(values, channels):
                blocks.append(block)
                channels = getattr(block, "width", channels)
        return Architecture(image, tuple(blocks))

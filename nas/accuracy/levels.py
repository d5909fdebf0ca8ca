"""Codes of a search space → levels: what the models take, absence being a level of its own.

In codes an absent variable has code 0, as its first value has. A model must tell them apart, so a
variable that the depth can make inactive has level 0 where it is, and level code + 1 where not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.accuracy.interactions import Levels
from nas.space.space import Codes, SearchSpace


@dataclass(frozen=True, slots=True)
class Factor:
    """One categorical input of a model, in the words of the design of experiments.

    Args:
        levels: How many levels it has.
        group: What belongs together, such as `stage3` for `stage3.block2.kernel`.
        kind: What it decides, such as `kernel`.
        absent: The level that means that it decides nothing, if there is one.
    """

    levels: int
    group: str
    kind: str
    absent: int | None = None


def factors(space: SearchSpace) -> tuple[Factor, ...]:
    """The variables of a space as factors, in their order."""
    return tuple(
        Factor(
            levels=len(variable.values) + (variable.depth is not None),
            group=variable.name.split(".")[0],
            kind=variable.name.split(".")[-1],
            absent=None if variable.depth is None else 0,
        )
        for variable in space.variables
    )


def to_levels(space: SearchSpace, codes: Codes) -> Levels:
    """Codes of shape (count, variables) → levels of the same shape; inactive codes are ignored."""
    levels = np.array(codes, dtype=np.intp)
    for index, variable in enumerate(space.variables):
        if variable.depth is not None:
            depths = np.array(space.variables[variable.depth].values)
            active = depths[codes[:, variable.depth]] >= variable.position
            levels[:, index] = np.where(active, levels[:, index] + 1, 0)
    return levels

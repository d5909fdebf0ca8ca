"""A network of a space → the networks one choice away, and what each change costs or gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nas.pareto import Sense
from nas.search.feasibility import free_columns
from nas.search.objectives import find_objective
from nas.search.problem import Problem
from nas.space.architecture import Architecture
from nas.space.membership import locate
from nas.space.space import Codes
from nas.space.templates import Value


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A network one choice away.

    Args:
        choice: The variable that differs.
        before: Its value in the network.
        after: Its value here.
        architecture: The network that it makes.
        values: Every objective that is known for nothing, by name.
    """

    choice: str
    before: Value
    after: Value
    architecture: Architecture
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NeighboursView:
    """A network and what surrounds it in its space.

    Args:
        space: Name of the space.
        architecture: The network.
        values: Its own objectives.
        neighbours: In the order of the choices.
        better: Ids of the neighbours that are better in something and worse in nothing.
    """

    space: str
    architecture: Architecture
    values: Mapping[str, float]
    neighbours: tuple[Neighbour, ...]
    better: frozenset[str]


def neighbours_view(problem: Problem, architecture: Architecture) -> NeighboursView:
    """What surrounds a network.

    Args:
        problem: The space, and the objectives to tell; accuracy only where it costs nothing.
        architecture: A network of the space.

    Raises:
        ChoiceError: if the space cannot build the network.
    """
    space = problem.space
    code = locate(space, architecture)
    codes = np.vstack([code[None], space.neighbours(code)])
    columns = free_columns(problem, codes)
    rows = [
        {name: float(column[index]) for name, column in columns.items()}
        for index in range(len(codes))
    ]
    near = tuple(
        Neighbour(*_change(problem, code, other), space.architecture(other), values)
        for other, values in zip(codes[1:], rows[1:], strict=True)
    )
    better = frozenset(one.architecture.id for one in near if _better(one.values, rows[0]))
    return NeighboursView(space.name, architecture, rows[0], near, better)


def _change(problem: Problem, code: Codes, other: Codes) -> tuple[str, Value, Value]:
    """The choice that was made; others differ only where it switched them on or off."""
    space = problem.space
    differing = np.flatnonzero(code != other).tolist()
    both = [i for i in differing if space.is_active(i, code) and space.is_active(i, other)]
    variable = space.variables[both[0]]
    return variable.name, variable.values[code[both[0]]], variable.values[other[both[0]]]


def _better(values: Mapping[str, float], own: Mapping[str, float]) -> bool:
    gains = []
    for name, value in values.items():
        turn = -1 if find_objective(name).sense is Sense.MINIMIZE else 1
        gains.append(turn * (value - own[name]))
    return min(gains) >= 0 and max(gains) > 0

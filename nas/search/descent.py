"""A space + a quantity of its codes → codes where the quantity is least, as far as steps lead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nas.search.problem import Problem
from nas.space.space import Codes, SearchSpace

Quantity = Callable[[Codes], NDArray[np.float64]]
"""Codes of shape (count, variables) → numbers of shape (count,); infinite where not allowed."""

# Spaces of up to so many networks are looked at whole.
ENUMERABLE = 1_000_000
_PROBES = 20_000
_DESCENTS = 4


def least(
    space: SearchSpace, quantity: Quantity, probes: Codes, *, enough: float = -np.inf
) -> tuple[Codes, float]:
    """The code with the least of a quantity: the best of some probes, then steepest descent.

    Args:
        space: Where the codes are from.
        quantity: What is to be small.
        probes: Shape (count, variables), at least one.
        enough: The descent ends where the quantity is at most that.
    """
    values = quantity(probes)
    found = []
    for start in np.argsort(values, kind="stable")[:_DESCENTS]:
        code, value = _descended(space, quantity, probes[start], float(values[start]), enough)
        found.append((value, code))
        if value <= enough:
            break
    value, code = min(found, key=lambda pair: pair[0])
    return code, value


def _descended(
    space: SearchSpace, quantity: Quantity, code: Codes, value: float, enough: float
) -> tuple[Codes, float]:
    while value > enough:
        neighbours = space.neighbours(code)
        values = quantity(neighbours)
        if values.min(initial=value) >= value:
            break
        code, value = neighbours[values.argmin()], float(values.min())
    return code, value


def worst_excess(problem: Problem, codes: Codes) -> NDArray[np.float64]:
    """How far the most broken limit is exceeded, as a share; at most 0 where all are kept."""
    excess = problem.excess(problem.known(codes))
    largest: NDArray[np.float64] = np.max(list(excess.values()), axis=0)
    return largest


def nearest_to_limits(problem: Problem) -> tuple[Codes, float]:
    """The code whose worst excess over the limits is least, and that excess.

    At most 0 when it fits. Exact where the space is small enough to look at whole.
    """
    space = problem.space
    if space.size <= ENUMERABLE:
        starts = space.codes_at(np.arange(space.size))
    else:
        starts = space.sample(_PROBES, seed=problem.spec.seed)
    return least(space, lambda codes: worst_excess(problem, codes), starts, enough=0.0)

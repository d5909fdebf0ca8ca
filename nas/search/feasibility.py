"""Problem → whether anything fits its limits, and what the nearest network to them needs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nas.errors import InfeasibleError
from nas.search.problem import Problem
from nas.space.space import Codes

_PROBES = 20_000
_DESCENTS = 4


def check_feasible(problem: Problem) -> Codes | None:
    """Look for one network within all limits.

    Returns:
        The code of such a network; None where there are no limits to keep.

    Raises:
        InfeasibleError: with what the nearest network found needs.
    """
    if not problem.limits:
        return None
    code, worst = nearest_to_limits(problem)
    if worst <= 0:
        return code
    needed = problem.known(code[None])
    lines = [
        f"`max_{name}` must be at least {rounded_up(float(needed[name][0]))}; got {limit:.10g}"
        for name, limit in problem.limits.items()
        if needed[name][0] > limit
    ]
    raise InfeasibleError(
        f"no network of {problem.space.name} was found within the limits on "
        f"{problem.spec.device}; the nearest needs: {'; '.join(lines)}"
    )


def nearest_to_limits(problem: Problem) -> tuple[Codes, float]:
    """The code with the least worst excess: best of many samples, then steepest descent."""

    def worst(codes: Codes) -> NDArray[np.float64]:
        excess = problem.excess(problem.known(codes))
        largest: NDArray[np.float64] = np.max(list(excess.values()), axis=0)
        return largest

    samples = problem.space.sample(_PROBES, seed=problem.spec.seed)
    starts = samples[np.argsort(worst(samples), kind="stable")[:_DESCENTS]]
    found = []
    for code in starts:
        value = float(worst(code[None])[0])
        while value > 0:
            neighbours = problem.space.neighbours(code)
            values = worst(neighbours)
            if values.min(initial=value) >= value:
                break
            code, value = neighbours[values.argmin()], float(values.min())
        found.append((value, code))
    value, code = min(found, key=lambda pair: pair[0])
    return code, value


def rounded_up(value: float) -> str:
    """Four significant digits that are enough: the value or slightly more."""
    step = 10.0 ** (math.floor(math.log10(value)) - 3)
    return f"{math.ceil(value / step) * step:.10g}"

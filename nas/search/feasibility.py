"""Problem → what its space offers: ranges, the share within the limits, the nearest to them.

Small spaces are looked at whole. Of others a sample says what is typical and how much fits, with
its error; the least and the most are what descent from the best of the sample finds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.accuracy.predictor import shipped_predictors
from nas.cost.catalog import find_model
from nas.errors import InfeasibleError
from nas.search.descent import ENUMERABLE, least, nearest_to_limits
from nas.search.direct import search_direct
from nas.search.objectives import find_objective
from nas.search.problem import NEARLY_FREE_S, Columns, Problem
from nas.search.study import StudySpec
from nas.space.catalog import find_space
from nas.space.space import Codes

_SAMPLE = 100_000
_SURE = 1.96  # standard errors to either side of a 95% interval
_FLOOR_EVALUATIONS = 50_000


@dataclass(frozen=True, slots=True)
class Range:
    """One objective over the space: its extremes, the middle 90% and the median."""

    least: float
    low: float
    median: float
    high: float
    most: float


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the space.

    Args:
        hits: How many of those looked at.
        looked_at: How many were looked at.
        exact: Whether that was the whole space.
    """

    hits: int
    looked_at: int
    exact: bool

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.looked_at

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share is with 95% confidence (Wilson, 1927)."""
        if self.exact:
            return self.value, self.value
        count, square = self.looked_at, _SURE**2
        middle = (self.hits + square / 2) / (count + square)
        spread = _SURE / (count + square)
        spread *= math.sqrt(self.hits * (count - self.hits) / count + square / 4)
        low, high = middle - spread, middle + spread
        return min(max(low, 0.0), self.value), max(min(high, 1.0), self.value)


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What a space offers a study before anything is spent.

    Args:
        exact: Whether every network was looked at.
        ranges: By objective; accuracy only where a predictor says it for free.
        within: The share of the space within all limits; all of it without limits.
        alone: The share within each limit, by its key in a study file.
        nearest: Code of the network nearest to the limits, or of one within them.
        needed: What that network has, by objective.
        broken: The limits that it breaks, by key: what they would have to be. None break when
            something fits.
        hopeless: Those that no network was found to keep even alone.
    """

    exact: bool
    ranges: Mapping[str, Range]
    within: Share
    alone: Mapping[str, Share]
    nearest: Codes
    needed: Mapping[str, float]
    broken: Mapping[str, float]
    hopeless: tuple[str, ...]

    @property
    def feasible(self) -> bool:
        """Whether a network within all limits was found."""
        return not self.broken


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Networks of a space with all that is known of them, whatever the limits are.

    Args:
        exact: Whether these are all networks.
        codes: Shape (count, variables).
        columns: Arrays of shape (count,), by objective.
        ranges: By objective.
    """

    exact: bool
    codes: Codes
    columns: Columns
    ranges: Mapping[str, Range]


def is_free(problem: Problem) -> bool:
    """Whether accuracy can be asked of any number of networks: a predictor says it."""
    evaluator, named = problem.evaluator, problem.spec.evaluator
    return evaluator is not None and named is None and evaluator.cost_s <= NEARLY_FREE_S


def draw(problem: Problem) -> Drawn:
    """Look at the networks of a space, which takes seconds where it is large."""
    space = problem.space
    exact = space.size <= ENUMERABLE
    if exact:
        codes = space.codes_at(np.arange(space.size))
    else:
        codes = space.sample(_SAMPLE, seed=problem.spec.seed)
    columns = free_columns(problem, codes)
    ranges = {name: _range(problem, name, codes, columns[name], exact) for name in columns}
    return Drawn(exact, codes, columns, ranges)


def feasibility(problem: Problem, drawn: Drawn | None = None) -> Feasibility:
    """What the space offers, and what the limits leave of it.

    Args:
        problem: The question.
        drawn: Of the same space and devices, where that is known already, with every objective
            and every limited cost of the problem.
    """
    drawn = drawn or draw(problem)
    kept = _kept(problem, drawn.columns)
    count = len(drawn.codes)
    every = np.all([np.ones(count, bool), *kept.values()], axis=0)
    nearest, broken = _nearest(problem)
    found = free_columns(problem, nearest[None])
    return Feasibility(
        drawn.exact,
        drawn.ranges,
        Share(int(every.sum()), count, drawn.exact),
        {key: Share(int(one.sum()), count, drawn.exact) for key, one in kept.items()},
        nearest,
        {name: float(column[0]) for name, column in found.items()},
        broken,
        tuple(key for key in broken if not _reached_alone(problem, key, drawn.ranges)),
    )


def free_columns(problem: Problem, codes: Codes) -> Columns:
    """What is known of some networks for nothing; arrays of shape (count,) by objective."""
    known = problem.known(codes)
    return problem.evaluate(codes) | known if is_free(problem) else known


def _kept(problem: Problem, columns: Columns) -> dict[str, NDArray[np.bool_]]:
    """Which candidates keep each limit, by its key."""
    kept = {f"max_{name}": columns[name] <= limit for name, limit in problem.limits.items()}
    if problem.floor is not None and "accuracy" in columns:
        kept["min_accuracy"] = columns["accuracy"] >= problem.floor
    return kept


def _range(
    problem: Problem, name: str, codes: Codes, column: NDArray[np.float64], exact: bool
) -> Range:
    low, median, high = np.quantile(column, [0.05, 0.5, 0.95])
    ends = [float(column.min()), float(column.max())]
    if not exact:
        for index, turn in enumerate((1.0, -1.0)):

            def turned(codes: Codes, turn: float = turn) -> NDArray[np.float64]:
                known = problem.evaluate(codes) if name == "accuracy" else problem.known(codes)
                return turn * known[name]

            ends[index] = turn * least(problem.space, turned, codes)[1]
    return Range(ends[0], float(low), float(median), float(high), ends[1])


def _reached_alone(problem: Problem, key: str, ranges: Mapping[str, Range]) -> bool:
    name = key.removeprefix("max_")
    if name in ranges:
        return ranges[name].least <= problem.limits[name]
    return ranges["accuracy"].most >= (problem.floor or 0.0)


def _nearest(problem: Problem) -> tuple[Codes, dict[str, float]]:
    """The network nearest to the limits, or within them, and what it needs of those it breaks."""
    if problem.limits:
        code, worst = nearest_to_limits(problem)
        if worst > 0:
            needed = problem.known(code[None])
            return code, {
                f"max_{name}": float(needed[name][0])
                for name, limit in problem.limits.items()
                if needed[name][0] > limit
            }
    else:
        code = problem.space.sample(1, seed=problem.spec.seed)[0]
    if problem.floor is None or not is_free(problem):
        return code, {}
    return _most_accurate(problem, problem.floor)


def _most_accurate(problem: Problem, floor: float) -> tuple[Codes, dict[str, float]]:
    """The most accurate network found within the limits; the floor is broken if it is below."""
    limits = problem.spec.limits.model_copy(update={"min_accuracy": None})
    changes = {"objectives": ("accuracy",), "limits": limits}
    alone = replace(problem, spec=problem.spec.model_copy(update=changes))
    found = search_direct(
        alone,
        evaluations=_FLOOR_EVALUATIONS,
        seed=problem.spec.seed,
        on_generation=lambda generation: None,
    )
    best = float(found.columns["accuracy"][0])
    return found.codes[0], {} if best >= floor else {"min_accuracy": best}


def check_feasible(problem: Problem) -> Codes | None:
    """Look for one network within all limits.

    Returns:
        The code of such a network; None where there are no limits to keep.

    Raises:
        InfeasibleError: with what the nearest network found needs.
    """
    if not problem.limits and problem.floor is None:
        return None
    code, broken = _nearest(problem)
    if not broken:
        return code
    raise InfeasibleError(
        f"no network of {problem.space.name} was found within the limits on "
        f"{', '.join(problem.models)}; the nearest needs: {'; '.join(demands(problem, broken))}"
    )


def demands(problem: Problem, broken: Mapping[str, float]) -> list[str]:
    """What broken limits would have to be, in words that can be given as they are."""
    bounds = problem.spec.limits.given()
    return [
        f"`{key}` must be at {'most' if key.startswith('min_') else 'least'} "
        f"{enough(key, value)}; got {bounds[key]:.10g}"
        for key, value in broken.items()
    ]


def enough(key: str, value: float) -> str:
    """Four significant digits that let the value through as a limit."""
    step = 10.0 ** (math.floor(math.log10(value)) - 3)
    steps = math.floor(value / step) if key.startswith("min_") else math.ceil(value / step)
    return f"{steps * step:.10g}"


def all_free(space_name: str, devices: Sequence[str]) -> tuple[str, ...]:
    """Every quantity that can be asked of a space on some devices for nothing, by objective.

    Raises:
        UnknownNameError: for an unknown space or device.
    """
    name = find_space(space_name).name
    wanted = [one for one in ("accuracy", "train_time_s") if name in shipped_predictors(one)]
    for index, device in enumerate(devices):
        suffix = f"@{device}" if index else ""
        wanted.append(f"latency_ms{suffix}")
        if find_model(device).model.energy is not None:
            wanted.append(f"energy_mj{suffix}")
    return (*wanted, "peak_memory_bytes", "macs", "parameters")


def without_dear(spec: StudySpec) -> StudySpec:
    """The same study without accuracy where that costs something, and so without a floor."""
    name = find_space(spec.space).name
    if spec.evaluator is None and name in shipped_predictors("accuracy"):
        return spec
    kept = tuple(one for one in spec.objectives if find_objective(one).known)
    limits = spec.limits.model_copy(update={"min_accuracy": None})
    changes = {"objectives": kept or ("latency_ms",), "limits": limits, "evaluator": None}
    return spec.model_copy(update=changes)

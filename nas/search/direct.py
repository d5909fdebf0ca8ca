"""Problem with a nearly free accuracy → its front, by scoring candidates by the hundred thousand.

Evolution on arrays: what no other dominates are the parents; children mix two parents that are
neighbours along one objective, or change a choice. Candidates over a limit are not scored. Small
spaces are scored whole.

Why not a surrogate or Optuna: a shipped predictor answers in microseconds. Choosing each
candidate with care, or handling candidates as objects, would take a thousand times longer than
scoring them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from nas.search.archive import Archive
from nas.search.descent import ENUMERABLE, least, nearest_to_limits
from nas.search.problem import Columns, Problem
from nas.space.space import Codes

CAPACITY = 2_000
_FIRST = 5_000
_GENERATION = 10_000
_BELOW = 200  # candidates below the floor that stay parents until one reaches it
_MATE_SPREAD = 0.1  # of the archive's length: how far along an objective mates are looked for
_NOVEL, _WIDER = 0.5, 1.2
# Over so many generations the hypervolume has to grow by so much, or the front has settled.
_PATIENCE = 20
_GROWTH = 1e-5


@dataclass(frozen=True, slots=True)
class Generation:
    """What a generation brought.

    Args:
        scored: Different candidates scored since the beginning.
        front_size: How many of them are on the front.
        hypervolume: Of the front, in a frame that stays the same; grows from 0.
        codes: Candidates that this generation brought to the front; (count, variables).
        columns: Their objectives and limited costs; arrays of shape (count,).
    """

    scored: int
    front_size: int
    hypervolume: float
    codes: Codes
    columns: Columns


@dataclass(frozen=True, slots=True)
class DirectResult:
    """How a search ended.

    Args:
        codes: The front, at most `CAPACITY` networks spread over it; (count, variables).
        columns: Its objectives and limited costs; arrays of shape (count,).
        scored: Different candidates scored, all within the limits.
        complete: Whether these are all networks within the limits.
        settled: Whether the front had stopped growing.
        stopped: Whether it was told to stop.
    """

    codes: Codes
    columns: Columns
    scored: int
    complete: bool
    settled: bool
    stopped: bool = False


def search_direct(
    problem: Problem,
    *,
    evaluations: int,
    seed: int,
    on_generation: Callable[[Generation], None],
    first: Codes | None = None,
    settle: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> DirectResult:
    """Search until so many candidates are scored or the front has settled.

    Equal arguments give equal results, on any machine with the same libraries.

    Args:
        problem: What to search.
        evaluations: How many different candidates may be scored.
        seed: Of everything random.
        on_generation: Called after each generation.
        first: Codes to begin with, such as known good networks; (count, variables).
        settle: Whether to stop when the front no longer grows.
        stop: Asked before each generation but the first whether to stop there.
    """
    search = _Search(problem, evaluations, on_generation)
    if first is not None and len(first):
        search.score(first)
    complete = problem.space.size <= min(evaluations, ENUMERABLE)
    stopped = False
    proposals = _every_code(problem) if complete else _evolved(problem, search, seed)
    for number, codes in enumerate(proposals):
        stopped = number > 0 and stop()
        if stopped:
            break
        search.score(codes)
        if search.scored >= evaluations or (settle and not complete and search.settled):
            break
    return search.result(complete=complete and not stopped, stopped=stopped)


def _every_code(problem: Problem) -> Iterator[Codes]:
    space = problem.space
    for start in range(0, space.size, _GENERATION):
        yield space.codes_at(np.arange(start, min(start + _GENERATION, space.size)))


def _evolved(problem: Problem, search: _Search, seed: int) -> Iterator[Codes]:
    rng = np.random.default_rng(seed)
    # A short search has generations in proportion, or it would end before it evolves.
    count = max(20, min(_GENERATION, search.goal // 50))
    sample = problem.space.sample(max(20, min(_FIRST, search.goal // 10)), seed=seed)
    yield np.concatenate([sample, _corners(problem, sample)])
    changes = 1.0
    while len(search.parents[0]):
        yield _children(problem, search.parents, rng, count, changes)
        # Where most of what is near was scored before, what is new lies a little further away.
        changes *= _WIDER if search.novelty < _NOVEL else 1 / _WIDER
        changes = min(max(changes, 1.0), len(problem.space.variables) / 2)


def _corners(problem: Problem, sample: Codes) -> Codes:
    """The cheapest network within the limits by each known objective, as far as descent leads."""
    rows = [nearest_to_limits(problem)[0]] if problem.limits else []
    starts = np.concatenate([sample, *(row[None] for row in rows)])
    for one in problem.objectives:
        if one.known:

            def cost(codes: Codes, name: str = one.name) -> NDArray[np.float64]:
                columns = problem.known(codes)
                fits = problem.within(columns, len(codes))
                return np.where(fits, columns[name], np.inf)

            rows.append(least(problem.space, cost, starts)[0])
    return np.array(rows, dtype=np.int16).reshape(len(rows), sample.shape[1])


def _children(
    problem: Problem,
    parents: tuple[Codes, NDArray[np.float64]],
    rng: np.random.Generator,
    count: int,
    changes: float,
) -> Codes:
    """Candidates next to and between parents of shape (parents, variables).

    Args:
        problem: Whose they are.
        parents: See `_Search.parents`.
        rng: Of everything random.
        count: How many.
        changes: How many choices of a child are drawn anew, on average.
    """
    codes, scaled = parents
    order = np.argsort(scaled[:, rng.integers(scaled.shape[1])], kind="stable")
    place = rng.integers(len(codes), size=count)
    step = np.round(rng.normal(scale=_MATE_SPREAD * len(codes), size=count)).astype(np.int64)
    mate = np.clip(place + step, 0, len(codes) - 1)
    shape = (count, codes.shape[1])
    mixed = (rng.random(shape, dtype=np.float32) < 0.5) & (rng.random((count, 1)) < 0.5)
    children = np.where(mixed, codes[order[mate]], codes[order[place]])
    changed = rng.random(shape, dtype=np.float32) < changes / shape[1]
    other = rng.integers(0, problem.space.cardinalities, shape, dtype=np.int16)
    return problem.space.canonical(np.where(changed, other, children))


@final
class _Search:
    """What was scored, what is on the front, and whether it still grows."""

    def __init__(
        self, problem: Problem, goal: int, on_generation: Callable[[Generation], None]
    ) -> None:
        self.problem, self.goal, self.scored = problem, goal, 0
        self.novelty = 1.0  # the share of the last generation that was new
        self._on_generation = on_generation
        variables = len(problem.space.variables)
        senses = [objective.sense for objective in problem.objectives]
        self._archive = Archive(senses, variables, CAPACITY)
        self._below = np.empty((0, variables), dtype=np.int16), np.empty(0)
        self._seen = _Seen(variables)
        self._progress: list[float] = []

    @property
    def parents(self) -> tuple[Codes, NDArray[np.float64]]:
        """Codes and, for each, numbers of which less is better; (count, any).

        The front; while nothing reaches the floor, what comes nearest to it.
        """
        if len(self._archive):
            return self._archive.codes, self._archive.scaled()
        codes, accuracy = self._below
        return codes, -accuracy[:, None]

    def score(self, codes: Codes) -> None:
        """Take a generation: score what is new and fits, keep what is on the front."""
        proposed = len(codes)
        codes = codes[self._seen.add(codes)]
        self.novelty = len(codes) / proposed
        columns = self.problem.known(codes)
        fits = np.flatnonzero(self.problem.within(columns, len(codes)))
        fits = fits[: self.goal - self.scored]
        codes, columns = codes[fits], {name: column[fits] for name, column in columns.items()}
        columns |= self.problem.evaluate(codes)
        self.scored += len(codes)
        codes, columns = self._above_floor(codes, columns)
        values = [columns[one.name] for one in self.problem.objectives]
        kept = self._archive.add(codes, np.column_stack(values))
        self._report(codes[kept], {name: column[kept] for name, column in columns.items()})

    def _above_floor(self, codes: Codes, columns: Columns) -> tuple[Codes, Columns]:
        """Candidates that may be on the front; of the others, the nearest to it are remembered."""
        if self.problem.modelled is None:
            return codes, columns
        accuracy, floor = columns[self.problem.modelled], self.problem.floor
        able = ~np.isnan(accuracy)  # what a table does not list cannot be compared
        if floor is not None:
            able &= accuracy >= floor
            below = np.flatnonzero(accuracy < floor)
            near = np.concatenate([self._below[0], codes[below]])
            how_near = np.concatenate([self._below[1], accuracy[below]])
            nearest = np.argsort(-how_near, kind="stable")[:_BELOW]
            self._below = near[nearest], how_near[nearest]
        return codes[able], {name: column[able] for name, column in columns.items()}

    def _report(self, codes: Codes, columns: Columns) -> None:
        volume = self._archive.hypervolume()
        short = self._below[1].max(initial=-np.inf) - (self.problem.floor or 0.0)
        self._progress.append(volume if len(self._archive) else float(short))
        self._on_generation(Generation(self.scored, len(self._archive), volume, codes, columns))

    @property
    def settled(self) -> bool:
        """Whether the front, or the way to the floor, has not grown for a while."""
        if len(self._progress) <= _PATIENCE:
            return False
        before, now = max(self._progress[:-_PATIENCE]), max(self._progress)
        return now - before <= _GROWTH * abs(now)

    def result(self, *, complete: bool, stopped: bool) -> DirectResult:
        codes = self._archive.codes
        columns = self.problem.known(codes) | self.problem.evaluate(codes)
        return DirectResult(
            codes, columns, self.scored, complete, complete or self.settled, stopped
        )


@final
class _Seen:
    """Which codes came before, by 64 random bits for each.

    Two of a million different codes are taken for the same once in forty million searches.
    """

    def __init__(self, variables: int) -> None:
        bits = np.random.default_rng(0).integers(2**64, size=variables, dtype=np.uint64)
        self._factors = bits | np.uint64(1)
        self._keys = np.empty(0, dtype=np.uint64)

    def add(self, codes: Codes) -> NDArray[np.intp]:
        """Rows of the codes that are new, each once, in their order."""
        keys = (codes.astype(np.uint64) * self._factors).sum(axis=1, dtype=np.uint64)
        distinct, rows = np.unique(keys, return_index=True)
        new = ~np.isin(distinct, self._keys, assume_unique=True)
        self._keys = np.sort(np.concatenate([self._keys, distinct[new]]), kind="stable")
        return np.sort(rows[new])

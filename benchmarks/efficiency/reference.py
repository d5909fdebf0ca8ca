"""A space too large to enumerate → its front, as far as a search without a budget finds it.

Random codes first, then evolution of those not dominated, from several seeds, together: how much
the seeds' fronts differ tells how settled the reference is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.efficiency.tasks import Codes, Values, logged, volume
from nas.pareto import Sense, front

_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to search: random codes, then generations of offspring, from each seed."""

    random: int
    generations: int
    offspring: int
    seeds: tuple[int, ...]


WHOLE = Effort(random=1_000_000, generations=60, offspring=10_000, seeds=(0, 1, 2))


def find_reference(
    evaluate: Callable[[Codes], Values], counts: tuple[int, ...], effort: Effort = WHOLE
) -> dict[str, object]:
    """The range of everything scored, and the hypervolume of the front of all seeds together.

    Returns:
        `low` and `high` on the scale of the score, `volume`, `volume_by_seed` of each seed's
        front alone, and how many were `scored`.
    """
    searches = [_evolve(evaluate, counts, effort, seed) for seed in effort.seeds]
    low = np.min([search.low for search in searches], axis=0)
    high = np.max([search.high for search in searches], axis=0)
    fronts = [(logged(search.values) - low) / (high - low) for search in searches]
    return {
        "low": low.tolist(),
        "high": high.tolist(),
        "volume": volume(np.concatenate(fronts)),
        "volume_by_seed": [volume(found) for found in fronts],
        "scored": sum(search.scored for search in searches),
    }


class _Search:
    """The non-dominated codes so far, and the least and most of everything scored, logged."""

    def __init__(self, codes: Codes, values: Values) -> None:
        self.codes, self.values, self.scored = codes[:0], values[:0], 0
        self.low = np.full(values.shape[1], np.inf)
        self.high = -self.low
        self.add(codes, values)

    def add(self, codes: Codes, values: Values) -> None:
        self.scored += len(codes)
        self.low = np.minimum(self.low, logged(values).min(axis=0))
        self.high = np.maximum(self.high, logged(values).max(axis=0))
        codes = np.concatenate([self.codes, codes])
        values = np.concatenate([self.values, values])
        best = front(values, [Sense.MINIMIZE] * values.shape[1])
        self.codes, self.values = codes[best], values[best]


def _evolve(
    evaluate: Callable[[Codes], Values], counts: tuple[int, ...], effort: Effort, seed: int
) -> _Search:
    source = np.random.default_rng(seed)
    sizes = [min(_CHUNK, effort.random - start) for start in range(0, effort.random, _CHUNK)]
    first = source.integers(counts, size=(sizes[0], len(counts)))
    search = _Search(first, evaluate(first))
    for size in sizes[1:]:
        codes = source.integers(counts, size=(size, len(counts)))
        search.add(codes, evaluate(codes))
    for _ in range(effort.generations):
        codes = offspring(search.codes, counts, effort.offspring, source)
        search.add(codes, evaluate(codes))
    return search


def offspring(
    parents: Codes, counts: tuple[int, ...], count: int, source: np.random.Generator
) -> Codes:
    """Children of two random parents each, or of one, with about one choice changed."""
    first, second = source.integers(len(parents), size=(2, count))
    mixed = source.random((count, len(counts))) < 0.5
    crossed = source.random((count, 1)) < 0.5
    children = np.where(mixed & crossed, parents[second], parents[first])
    changed = source.random(children.shape) < 1.5 / len(counts)
    return np.where(changed, source.integers(counts, size=children.shape), children)

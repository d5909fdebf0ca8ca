"""A coding → candidates worth asking about, with their costs, never one that is known.

A small space is its own pool. A huge one gets a pool that evolves: children of the front and of
the most promising candidates, and fresh samples from everywhere. Costs are free, so a candidate
over a limit is never in a pool.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nas.search.pareto_sampler.coding import Codes, Coding
from nas.search.pareto_sampler.features import Array

# Spaces of at most so many codes are looked at as a whole.
WHOLE = 20_000
_SAMPLES, _KEPT_SAMPLES = 20_000, 1_000
_DESCENT_STEPS = 60


class Pool:
    """Candidates of one coding.

    Args:
        coding: The space.
        signs: For each known objective 1 where less is better, -1 where more is.
        seed: Of everything random.
    """

    def __init__(self, coding: Coding, signs: Array, *, seed: int) -> None:
        self._coding, self._signs = coding, signs
        self.rng = np.random.default_rng(seed)
        size = math.prod(int(count) for count in coding.cardinalities)
        self.whole = size <= WHOLE
        self._known: set[bytes] = set()
        if self.whole:
            codes = np.array(list(np.ndindex(*coding.cardinalities.tolist())), dtype=np.int16)
            codes = codes.reshape(size, len(coding.cardinalities))
        else:
            codes = self._random(_SAMPLES)
        codes = np.unique(coding.canonical(codes), axis=0)
        known = coding.known(codes)
        fitting = known.fits
        if not self.whole:
            codes, natural = self._with_extremes(codes, known.objectives, fitting)
        else:
            codes, natural = codes[fitting], known.objectives[fitting]
        self.codes: Codes = codes
        self._natural: Array = natural
        self._turned_pool: Array = natural
        self._calibrate()
        if not self.whole:
            self.codes = codes[:_KEPT_SAMPLES]
            self._natural = natural[:_KEPT_SAMPLES]
            self._turned_pool = self._turned_pool[:_KEPT_SAMPLES]
        self._find_places()

    def _random(self, count: int) -> Codes:
        counts = self._coding.cardinalities
        drawn: Codes = self.rng.integers(0, counts, (count, len(counts))).astype(np.int16)
        return drawn

    def _with_extremes(
        self, codes: Codes, natural: Array, fits: NDArray[np.bool_]
    ) -> tuple[Codes, Array]:
        """Fitting samples, and beside them the cheapest network by each cost, by descent."""
        codes, natural = codes[fits], natural[fits]
        found = [self._cheapest(codes, natural, axis) for axis in range(natural.shape[1])]
        if found:
            added = np.array([code for code in found if code is not None], dtype=np.int16)
            codes = np.concatenate([added.reshape(-1, codes.shape[1]), codes])
            codes = codes[np.sort(np.unique(codes, axis=0, return_index=True)[1])]
            natural = self._coding.known(codes).objectives
        return codes, natural

    def _cheapest(self, codes: Codes, natural: Array, axis: int) -> Codes | None:
        if len(codes) == 0:
            return None
        turned = self._signs[axis] * natural[:, axis]
        best: Codes = codes[turned.argmin()]
        value = float(turned.min())
        for _ in range(_DESCENT_STEPS):
            near = self._neighbours(best)
            known = self._coding.known(near)
            costs = np.where(known.fits, self._signs[axis] * known.objectives[:, axis], np.inf)
            if len(costs) == 0 or costs.min() >= value:
                break
            best, value = near[costs.argmin()], float(costs.min())
        return best

    def _neighbours(self, code: Codes) -> Codes:
        rows = []
        for variable, count in enumerate(self._coding.cardinalities.tolist()):
            for level in range(count):
                if level != code[variable]:
                    row = code.copy()
                    row[variable] = level
                    rows.append(row)
        shape = (len(rows), len(code))
        return self._coding.canonical(np.array(rows, dtype=np.int16).reshape(shape))

    def _calibrate(self) -> None:
        """Settle how costs are scaled: in logarithm where they are all of one sign."""
        natural = self._natural if len(self._natural) else np.ones((1, len(self._signs)))
        self._logs = (natural > 0).all(0)
        turned = self._turned(natural)
        self._low, self._span = turned.min(0), np.maximum(np.ptp(turned, 0), 1e-12)
        self._centre, self._width = turned.mean(0), np.maximum(turned.std(0), 1e-12)
        self._turned_pool = self._turned(self._natural)

    def _turned(self, natural: Array) -> Array:
        logs = np.log(np.where(self._logs, np.maximum(natural, 1e-300), 1.0))
        turned: Array = self._signs * np.where(self._logs, logs, natural)
        return turned

    def scaled(self, natural: Array) -> Array:
        """Costs as shares of their range over the space, less being better; (count, costs)."""
        scaled: Array = (self._turned(natural) - self._low) / self._span
        return scaled

    def standardised(self, natural: Array) -> Array:
        """Costs for the surrogate: mean 0 and deviation 1 over the space."""
        standardised: Array = (self._turned(natural) - self._centre) / self._width
        return standardised

    @property
    def costs(self) -> Array:
        """Scaled costs of the pool."""
        scaled: Array = (self._turned_pool - self._low) / self._span
        return scaled

    @property
    def natural(self) -> Array:
        """Costs of the pool in natural units."""
        return self._natural

    def _find_places(self) -> None:
        self._places = {code.tobytes(): place for place, code in enumerate(self.codes)}
        new = [key not in self._known for key in self._places]
        self.is_new: NDArray[np.bool_] = np.array(new, dtype=bool)
        """For each candidate of the pool, whether it was never asked nor told."""

    def forget(self, code: Codes) -> None:
        """A candidate is asked or told: it is never new again."""
        self._known.add(code.tobytes())
        if (place := self._places.get(code.tobytes())) is not None:
            self.is_new[place] = False

    def spread(self, place: float) -> int | None:
        """A new candidate at a place from 0 (cheapest) to 1 (dearest) of the range of costs.

        None if nothing is new.
        """
        new = np.flatnonzero(self.is_new)
        if len(new) == 0:
            return None
        costs = self.costs[new]
        whole = costs.mean(1) if costs.shape[1] else self.rng.random(len(new))
        gaps = np.abs(whole - (whole.min() + place * np.ptp(whole)))
        near = np.argsort(gaps, kind="stable")[: 1 if place in (0, 1) else 20]
        return int(new[self.rng.choice(near)])

    def children(self, parents: Codes, count: int, fresh: int) -> Codes:
        """New candidates within the limits: of two parents each, and from anywhere.

        Fewer than asked for where chance repeats itself.
        """
        counts = self._coding.cardinalities
        made = self._random(fresh)
        if len(parents):
            mothers, fathers = parents[self.rng.integers(0, len(parents), (2, count))]
            mixed = np.where(
                (self.rng.random(mothers.shape) < 0.5) & (self.rng.random((count, 1)) < 0.5),
                fathers,
                mothers,
            )
            rate = self.rng.choice([1.0, 2.0, 4.0], (count, 1)) / max(1, len(counts))
            mutated = self.rng.random(mixed.shape) < rate
            drawn = self._random(count)
            made = np.concatenate([np.where(mutated, drawn, mixed).astype(np.int16), made])
        made = np.unique(self._coding.canonical(made), axis=0)
        keys = [code.tobytes() for code in made]
        return made[[key not in self._places and key not in self._known for key in keys]]

    def change(self, kept: NDArray[np.intp], new: Codes) -> Codes:
        """Keep some candidates and take in those of the others that fit; returns the latter."""
        known = self._coding.known(new)
        new, natural = new[known.fits], known.objectives[known.fits]
        self.codes = np.concatenate([self.codes[kept], new])
        self._natural = np.concatenate([self._natural[kept], natural])
        self._turned_pool = np.concatenate([self._turned_pool[kept], self._turned(natural)])
        self._find_places()
        return new

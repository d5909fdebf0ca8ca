"""Codes told with their errors → the next code: spread first, then the most expected gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.pareto import nondominated
from nas.search.pareto_sampler.belief import Known, Surrogate
from nas.search.pareto_sampler.coding import Codes, Coding
from nas.search.pareto_sampler.features import Array, Features, Rows
from nas.search.pareto_sampler.improvement import expected_improvement
from nas.search.pareto_sampler.pool import Pool

# The first evaluations: the cheapest, the dearest, and between them evenly by cost.
_PLACES = (0.0, 1.0, 0.6, 0.4, 0.8, 0.2)
# The hypervolume is bounded a tenth of each range beyond the worst.
_CORNER = 1.1
# An evolving pool: in each round so many children and fresh samples, and how many are kept.
_ROUNDS, _CHILDREN, _FRESH, _KEPT, _PARENTS = 2, 150, 50, 800, 60


@dataclass(slots=True)
class _Entry:
    """One candidate that was asked or told; `error` is NaN when failed, None while it runs."""

    code: Codes
    error: float | None
    believed: float = np.nan


class Engine:
    """Decides on codes; see `ParetoSampler` for the promises it keeps.

    Args:
        coding: The space, its costs and limits.
        signs: For each known objective 1 where less is better, -1 where more is.
        floor: Largest useful error, if there is one.
        seed: Of everything random.
    """

    def __init__(
        self, coding: Coding, signs: Array, *, floor: float | None, seed: int
    ) -> None:
        self._coding, self._floor = coding, floor
        self._pool = Pool(coding, signs, seed=seed)
        self._features = Features(coding.factors)
        self._entries: dict[int, _Entry] = {}
        self._rows: Rows | None = None
        self._natural = np.zeros((0, len(signs)))
        self._surrogate: Surrogate | None = None

    def expect(self, number: int, code: Codes) -> None:
        """A candidate is being evaluated."""
        if number not in self._entries:
            self._enter(number, code, None)

    def tell(self, number: int, code: Codes, error: float) -> None:
        """A candidate has an error, or failed (NaN)."""
        if number in self._entries:
            self._entries[number].error = error
        else:
            self._enter(number, code, error)

    def _enter(self, number: int, code: Codes, error: float | None) -> None:
        self._entries[number] = _Entry(code, error)
        self._pool.forget(code)
        natural = self._coding.known(code[None]).objectives
        row = self._features.rows(
            self._coding.levels(code[None]), self._pool.standardised(natural)
        )
        self._rows = row if self._rows is None else self._rows.then(row)
        self._natural = np.concatenate([self._natural, natural])

    def exhausted(self, number: int) -> bool:
        """Whether nothing new is left once that candidate is told."""
        return self._pool.whole and not self._pool.is_new().any()

    def propose(self, number: int) -> Codes | None:
        """The next candidate, or None when nothing new fits the limits."""
        told = [entry for entry in self._entries.values() if entry.error is not None]
        sound = {entry.error for entry in told if np.isfinite(entry.error)}
        if len(self._entries) < len(_PLACES) or not sound:
            place = _PLACES[len(self._entries) % len(_PLACES)]
            chosen = self._pool.spread(place)
            code = None if chosen is None else self._pool.codes[chosen].copy()
            believed = np.nan
        else:
            code, believed = self._best()
        if code is not None:
            self._enter(number, code, None)
            self._entries[number].believed = believed
        return code

    def _best(self) -> tuple[Codes | None, float]:
        known = self._known()
        if self._surrogate is None:
            if not self._pool.whole:
                self._pool.change(self._pool.thin(), self._pool.codes[:0])
            self._surrogate = Surrogate(self._features, self._pool_rows(self._pool.codes, self._pool.natural))
        gain, errors = self._gains(known)
        if not self._pool.whole:
            for _ in range(_ROUNDS):
                gain, errors = self._evolve(known, gain)
        gain = np.where(self._pool.is_new(), gain, -1.0)
        if len(gain) == 0 or gain.max() < 0:
            return None, np.nan
        chosen = int(gain.argmax())
        return self._pool.codes[chosen].copy(), float(errors[chosen])

    def _pool_rows(self, codes: Codes, natural: Array) -> Rows:
        return self._features.rows(self._coding.levels(codes), self._pool.standardised(natural))

    def _known(self) -> Known:
        entries = list(self._entries.values())
        running = np.array([entry.error is None for entry in entries], dtype=bool)
        errors = np.array(
            [entry.believed if entry.error is None else entry.error for entry in entries]
        )
        # One that runs and of which nothing is believed (it began the study) says nothing yet.
        lost = running & np.isnan(errors)
        assert self._rows is not None
        kept = np.flatnonzero(~lost)
        return Known(self._rows[kept], errors[kept], np.zeros(len(kept)), running[kept])

    def _gains(self, known: Known) -> tuple[Array, Array]:
        """Expected improvement of every candidate of the pool, and its median error."""
        assert self._surrogate is not None
        beliefs, scale = self._surrogate.beliefs(known)
        kept = np.flatnonzero(np.isfinite(self._errors()))
        scaled = np.column_stack(
            [(self._errors()[kept] - scale.low) / scale.span, self._pool.scaled(self._natural[kept])]
        )
        corner = np.full(scaled.shape[1], _CORNER)
        if self._floor is not None:
            corner[0] = min(corner[0], (self._floor - scale.low) / scale.span)
        front = scaled[nondominated(scaled)]
        gain = expected_improvement(beliefs, self._pool.costs, front, corner)
        errors = (np.exp(beliefs.mean) - beliefs.shift) * scale.span + scale.low
        return gain, errors

    def _errors(self) -> Array:
        return np.array(
            [e.believed if e.error is None else e.error for e in self._entries.values()]
        )

    def _evolve(self, known: Known, gain: Array) -> tuple[Array, Array]:
        """One round: children of the front and of the most promising, the least so given up."""
        errors = self._errors()
        codes = np.array([entry.code for entry in self._entries.values()])
        finite = np.isfinite(errors)
        scaled = np.column_stack([errors[finite], self._pool.scaled(self._natural[finite])])
        elite = codes[finite][nondominated(scaled)]
        order = np.argsort(-np.where(self._pool.is_new(), gain, -1.0), kind="stable")
        parents = np.concatenate([elite, self._pool.codes[order[:_PARENTS]]])
        kept: NDArray[np.intp] = np.sort(order[:_KEPT])
        made = self._pool.children(parents, _CHILDREN, _FRESH)
        new = self._pool.change(kept, made)
        assert self._surrogate is not None
        self._surrogate.change_pool(
            kept, self._pool_rows(new, self._pool.natural[len(kept) :])
        )
        return self._gains(known)

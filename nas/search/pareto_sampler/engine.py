"""Codes told with their errors → the next code: spread first, then the most expected gain.

Early on every fourth code is drawn at random instead, among those that seem to train. A surrogate
that is sure of a mistake evaluates nothing that could show it; on NAS-Bench-201 that cost more
than the draws do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.pareto import nondominated
from nas.search.pareto_sampler.belief import Findings, Kind, Surrogate
from nas.search.pareto_sampler.coding import Codes, Coding
from nas.search.pareto_sampler.features import Array, Features, Rows
from nas.search.pareto_sampler.improvement import expected_improvement
from nas.search.pareto_sampler.pool import Pool

# The first evaluations: the cheapest, the dearest, and between them evenly by cost.
_PLACES = (0.0, 1.0, 0.6, 0.4, 0.8, 0.2)
# One in so many is drawn at random, as long as fewer than so many were asked.
_DRAWN_EVERY, _DRAWN_BELOW = 4, 60
_LIKELY_SOUND = 0.5
# The hypervolume is bounded a tenth of each range beyond the worst.
_CORNER = 1.1
# An evolving pool: in each round so many children and fresh samples, and how many are kept.
_ROUNDS, _CHILDREN, _FRESH, _KEPT, _PARENTS = 2, 150, 50, 800, 60


@dataclass(slots=True)
class _Entry:
    """One candidate and what is known; `error` is NaN where it failed or nothing is known."""

    code: Codes
    kind: Kind
    error: float
    source: int = 0


class Engine:
    """Decides on codes; see `ParetoSampler` for the promises it keeps.

    Args:
        coding: The space, its costs and limits.
        signs: For each known objective 1 where less is better, -1 where more is.
        floor: Largest useful error, if there is one.
        seed: Of everything random.
    """

    def __init__(self, coding: Coding, signs: Array, *, floor: float | None, seed: int) -> None:
        self._coding, self._floor = coding, floor
        self._pool = Pool(coding, signs, seed=seed)
        self._features = Features(coding.factors)
        self._entries: list[_Entry] = []
        self._place: dict[int, int] = {}
        self._sources: dict[str, int] = {}
        self._networks: dict[bytes, int] = {}
        self._rows = self._pool_rows(self._pool.codes[:0], np.zeros((0, len(signs))))
        self._natural = np.zeros((0, len(signs)))
        self._surrogate: Surrogate | None = None
        self._soundness: Array = np.zeros(0)

    def expect(self, number: int, code: Codes) -> None:
        """A candidate is being evaluated; `number` is that of its trial."""
        if number not in self._place:
            self._enter(number, _Entry(code, Kind.SILENT, np.nan))

    def tell(self, number: int, code: Codes, error: float) -> None:
        """A candidate has an error, or failed (NaN)."""
        self.expect(number, code)
        entry = self._entries[self._place[number]]
        entry.kind, entry.error = Kind.TOLD, error

    def give_up(self, number: int, code: Codes) -> None:
        """A candidate was stopped early: hints may tell of it, an error never will."""
        self.expect(number, code)
        entry = self._entries[self._place[number]]
        entry.kind, entry.error = Kind.SILENT, np.nan

    def hint(self, source: str, code: Codes, error: float) -> None:
        """An error on another scale, such as after a tenth of the epochs; it may be asked yet."""
        number = self._sources.setdefault(source, len(self._sources) + 1)
        self._enter(None, _Entry(code, Kind.HINT, error, number))

    def _enter(self, number: int | None, entry: _Entry) -> None:
        if number is not None:
            self._place[number] = len(self._entries)
            self._pool.forget(entry.code)
        self._entries.append(entry)
        self._networks.setdefault(entry.code.tobytes(), len(self._networks))

    def _catch_up(self) -> None:
        """Cost and describe what was entered since, at once: a history may be long."""
        added = self._entries[len(self._rows) :]
        if added:
            codes = np.array([entry.code for entry in added])
            natural = self._coding.known(codes).objectives
            self._rows = self._rows.then(self._pool_rows(codes, natural))
            self._natural = np.concatenate([self._natural, natural])

    @property
    def exhausted(self) -> bool:
        """Whether every candidate has been asked for."""
        return self._pool.whole and not self._pool.is_new.any()

    def propose(self, number: int) -> Codes | None:
        """The next candidate, or None when nothing new fits the limits."""
        asked = len(self._place)
        told = any(e.kind is Kind.TOLD and np.isfinite(e.error) for e in self._entries)
        if asked < len(_PLACES) or not told:
            chosen = self._pool.spread(_PLACES[asked % len(_PLACES)])
            if chosen is None:
                return None
            entry = _Entry(self._pool.codes[chosen].copy(), Kind.SILENT, np.nan)
        else:
            found = self._best()
            if found is None:
                return None
            entry = found
        self._enter(number, entry)
        return entry.code

    def _best(self) -> _Entry | None:
        """The candidate of the most expected gain, with the error that is believed of it."""
        known = self._known()
        if self._surrogate is None:
            rows = self._pool_rows(self._pool.codes, self._pool.natural)
            self._surrogate = Surrogate(self._features, rows)
        gain, errors = self._gains(known)
        if not self._pool.whole:
            for _ in range(_ROUNDS):
                gain, errors = self._evolve(known, gain)
        gain = np.where(self._pool.is_new, gain, -1.0)
        if len(gain) == 0 or gain.max() < 0:
            return None
        chosen = int(gain.argmax())
        asked = len(self._place)
        if asked < _DRAWN_BELOW and asked % _DRAWN_EVERY == _DRAWN_EVERY - 1:
            likely = np.flatnonzero(self._pool.is_new & (self._soundness > _LIKELY_SOUND))
            chosen = int(self._pool.rng.choice(likely)) if len(likely) else chosen
        return _Entry(self._pool.codes[chosen].copy(), Kind.BELIEVED, float(errors[chosen]))

    def _pool_rows(self, codes: Codes, natural: Array) -> Rows:
        standardised, scaled = self._pool.standardised(natural), self._pool.scaled(natural)
        return self._features.rows(self._coding.levels(codes), standardised, scaled)

    def _known(self) -> Findings:
        self._catch_up()
        return Findings(
            self._rows,
            np.array([entry.error for entry in self._entries]),
            np.array([entry.kind for entry in self._entries], dtype=np.int64),
            np.array([entry.source for entry in self._entries], dtype=np.int64),
            np.array([self._networks[e.code.tobytes()] for e in self._entries], dtype=np.int64),
        )

    def _gains(self, known: Findings) -> tuple[Array, Array]:
        """Expected improvement of every candidate of the pool, and its median error."""
        assert self._surrogate is not None
        beliefs, scale = self._surrogate.beliefs(known)
        self._soundness = beliefs.sound
        counted = _counted(known)
        scaled = np.column_stack(
            [
                (known.errors[counted] - scale.low) / scale.span,
                self._pool.scaled(self._natural[counted]),
            ]
        )
        corner = np.full(scaled.shape[1], _CORNER)
        if self._floor is not None:
            corner[0] = min(corner[0], (self._floor - scale.low) / scale.span)
        front = scaled[nondominated(scaled)]
        gain = expected_improvement(beliefs, self._pool.costs, front, corner)
        errors = (np.exp(beliefs.mean) - beliefs.shift) * scale.span + scale.low
        return gain, errors

    def _evolve(self, known: Findings, gain: Array) -> tuple[Array, Array]:
        """One round: children of the front and of the most promising, the least so given up."""
        counted = _counted(known)
        codes = np.array([self._entries[place].code for place in counted])
        scaled = np.column_stack(
            [known.errors[counted], self._pool.scaled(self._natural[counted])]
        )
        elite = codes[nondominated(scaled)]
        order = np.argsort(-np.where(self._pool.is_new, gain, -1.0), kind="stable")
        parents = np.concatenate([elite, self._pool.codes[order[:_PARENTS]]])
        kept: NDArray[np.intp] = np.sort(order[:_KEPT])
        made = self._pool.children(parents, _CHILDREN, _FRESH)
        new = self._pool.change(kept, made)
        assert self._surrogate is not None
        self._surrogate.change_pool(kept, self._pool_rows(new, self._pool.natural[len(kept) :]))
        return self._gains(known)


def _counted(known: Findings) -> NDArray[np.intp]:
    """Places of what counts for the front: told, or believed while it is under way."""
    real = (known.kinds == Kind.TOLD) | (known.kinds == Kind.BELIEVED)
    return np.flatnonzero(real & np.isfinite(known.errors))

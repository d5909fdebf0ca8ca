"""Scored candidates → the non-dominated ones, a bounded number of them, spread over the front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import moocore
import numpy as np
from numpy.typing import NDArray

from nas.pareto import Sense, minimized
from nas.space.space import Codes

Table = NDArray[np.float64]

_REFERENCE = 1.1
_DIRECTIONS = 1024


@final
class Archive:
    """Keeps what no other candidate dominates.

    *When there are more than the capacity*: the ranges of the objectives (logarithms of costs) are
    divided into a grid, and of each cell the candidate stays that came first, or of those that
    came together the one with the least sum. The grid is as fine as the capacity allows, and never
    gets finer again. The best of each objective stays in any case.

    *Frame*: the ranges of what was added first; spread and hypervolume are measured in it.

    *Hypervolume*: of all that was ever kept, so that it never falls, and estimated along rays from
    the reference point (Deng and Zhang, 2019), so that its cost does not explode with the number
    of objectives.

    Args:
        senses: Of the objectives, in the order of the columns.
        variables: Length of a code.
        capacity: Most candidates that are kept.
    """

    def __init__(self, senses: Sequence[Sense], variables: int, capacity: int) -> None:
        self._senses, self._capacity = tuple(senses), capacity
        self.codes: Codes = np.empty((0, variables), dtype=np.int16)
        self.values: Table = np.empty((0, len(senses)))
        self._frame: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._cell = 0.0
        self._rays = _rays(len(senses))
        self._reach = np.zeros(_DIRECTIONS)

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, codes: Codes, values: Table) -> NDArray[np.intp]:
        """Add candidates.

        Args:
            codes: Shape (count, variables).
            values: Objectives in natural units, shape (count, objectives), no NaN.

        Returns:
            The rows that stayed.
        """
        if self._frame is None and len(codes):
            scaled = self._logarithmic(values)
            span = np.ptp(scaled, axis=0)
            self._frame = scaled.min(axis=0), np.where(span > 0, span, 1.0)
        before = len(self.codes)
        every = np.concatenate([self.values, values])
        table = minimized(every, self._senses)
        kept = np.flatnonzero(moocore.is_nondominated(table, keep_weakly=False))
        kept = kept[self._thinned(every[kept], int((kept < before).sum()))]
        self.codes = np.concatenate([self.codes, codes])[kept]
        self.values = every[kept]
        stayed = kept[kept >= before] - before
        self._extend(values[stayed])
        return stayed

    def scaled(self) -> Table:
        """The objectives in the frame: 0 to 1 over its ranges, less is better."""
        return self._in_frame(self.values)

    def hypervolume(self) -> float:
        """Volume dominated in the frame, up to a tenth beyond its worst."""
        count = len(self._senses)
        ball = math.pi ** (count / 2) / math.gamma(count / 2 + 1) / 2**count
        return float(ball * np.mean(self._reach**count))

    def _extend(self, values: Table) -> None:
        """Let the rays reach as far as these dominate."""
        room = np.maximum(_REFERENCE - self._in_frame(values), 0.0)
        reach = np.full((len(values), _DIRECTIONS), np.inf)
        for column in range(room.shape[1]):
            np.minimum(reach, room[:, column, None] / self._rays[:, column], out=reach)
        self._reach = np.maximum(self._reach, reach.max(axis=0, initial=0.0))

    def _logarithmic(self, values: Table) -> Table:
        """Less is better; costs by their logarithm, as their ranges span decades."""
        table = minimized(values, self._senses)
        for column, sense in enumerate(self._senses):
            if sense is Sense.MINIMIZE:
                table[:, column] = np.log(np.maximum(table[:, column], np.finfo(float).tiny))
        return table

    def _in_frame(self, values: Table) -> Table:
        if self._frame is None:
            return np.empty(values.shape)
        low, span = self._frame
        scaled: Table = (self._logarithmic(values) - low) / span
        return scaled

    def _thinned(self, values: Table, held: int) -> NDArray[np.intp]:
        """Rows that stay of non-dominated ones, the first `held` of which were here before."""
        if self._cell == 0 and len(values) <= self._capacity:
            return np.arange(len(values))
        scaled = self._in_frame(values)
        best = scaled.argmin(axis=0)
        order = np.lexsort((scaled.sum(axis=1), np.arange(len(scaled)) >= held))
        self._cell = self._cell or 1 / self._capacity
        while True:
            cells = np.floor(scaled[order] / self._cell).astype(np.int64)
            _, first = np.unique(cells, axis=0, return_index=True)
            kept = np.union1d(order[first], best)
            if len(kept) <= self._capacity:
                return kept
            self._cell *= 1.1


def _rays(objectives: int) -> Table:
    """Directions spread over the positive part of the sphere; (count, objectives)."""
    drawn = np.abs(np.random.default_rng(0).normal(size=(_DIRECTIONS, objectives)))
    rays: Table = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return rays

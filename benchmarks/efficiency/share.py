"""Runs → shares of the reference front's hypervolume after each evaluation, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.efficiency.runs import BUDGET, Run, codes_of
from benchmarks.efficiency.tasks import Task, Values, volume


def share_curve(done: Run, task: Task, budget: int = BUDGET) -> Values:
    """Share of the reference hypervolume after 1, 2, ... evaluations; shape (budget,).

    What counts is the truth about the networks that a person would be shown: those that no other
    dominates by what the search was told. Where noise decides, a share may fall.

    A run that ended early keeps its last share.
    """
    curve = np.zeros(budget)
    if not done.codes:
        return curve
    codes = codes_of(done)[:budget]
    told, true = task.scaled(task.told(codes, done.seed)), task.scaled(task.evaluate(codes))
    shown: list[int] = []
    share = 0.0
    for index, row in enumerate(told):
        if not any((told[other] <= row).all() for other in shown):
            shown = [other for other in shown if not (row <= told[other]).all()] + [index]
            share = volume(true[shown]) / task.best
        curve[index] = share
    curve[len(told) :] = share
    return curve


@dataclass(frozen=True, eq=False)
class Curves:
    """One method on one task: a curve for each seed; shape (seeds, budget)."""

    shares: Values
    runs: tuple[Run, ...]

    @property
    def mean(self) -> Values:
        """Over seeds."""
        mean: Values = self.shares.mean(axis=0)
        return mean

    @property
    def standard_error(self) -> Values:
        """Of the mean; NaN with a single seed."""
        if len(self.shares) < 2:
            return np.full(self.shares.shape[1], np.nan)
        spread: Values = self.shares.std(axis=0, ddof=1) / np.sqrt(len(self.shares))
        return spread


def curves(runs: Sequence[Run], method: str, task: Task) -> Curves | None:
    """The runs of one method on one task; None if there are none."""
    mine = sorted(
        (one for one in runs if (one.method, one.task) == (method, task.name)),
        key=lambda one: one.seed,
    )
    if not mine:
        return None
    return Curves(np.array([share_curve(one, task) for one in mine]), tuple(mine))


def needed(mean: Values, share: float) -> int | None:
    """Evaluations after which a mean curve reaches a share; None if it never does."""
    reached = np.flatnonzero(mean >= share)
    return int(reached[0]) + 1 if len(reached) else None

"""Partial reports of many networks → which of them to stop early, with several objectives.

Asynchronous successive halving (Li et al., 2020) keeps the best third at each rung. With several
objectives the best are those that the fewest others dominate there (as in Schmucker et al.,
2021): a small network is compared with what costs as little, never stopped for being small, and
whatever is on the front of its rung goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

REDUCTION = 3
# Of the full work, as ninths: the first rung must be late enough to say something.
RUNGS = (1 / 9, 1 / 3)


class ParetoHalving(FIFOScheduler):
    """Stops a network at a rung where two thirds of the others are ahead of it.

    Args:
        costs_of: The known objectives of a trial, by its id, all better when smaller.
    """

    def __init__(self, costs_of: Callable[[str], Sequence[float]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._costs_of = costs_of
        self._rungs: dict[float, dict[str, NDArray[np.float64]]] = {rung: {} for rung in RUNGS}

    def on_trial_result(self, tune_controller: Any, trial: Any, result: Mapping[str, Any]) -> str:
        """Decide when a network reaches a rung; each rung is decided once for each network."""
        if "share" not in result:
            return str(TrialScheduler.CONTINUE)
        costs = self._costs_of(trial.trial_id)
        row = np.array([-result["accuracy"], *costs], dtype=np.float64)
        verdict = TrialScheduler.CONTINUE
        for share, reached in self._rungs.items():
            if result["share"] >= share and trial.trial_id not in reached:
                others = np.array(list(reached.values())).reshape(len(reached), len(row))
                reached[trial.trial_id] = row
                if is_behind(row, others):
                    verdict = TrialScheduler.STOP
        return str(verdict)


def is_behind(row: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether so many others have a better rank that this one is not among the best third.

    Args:
        row: Objectives, less is better; (objectives,).
        others: Of the others at the rung; (count, objectives).
    """
    table = np.vstack([others, row])
    better = (table[:, None] <= table[None]).all(2) & (table[:, None] < table[None]).any(2)
    dominated_by = better.sum(axis=0)
    ahead = int((dominated_by < dominated_by[-1]).sum())
    return len(table) >= REDUCTION and ahead >= len(table) / REDUCTION

"""`nas.ParetoSampler` → a method: the costs of a task are handed to it, as its users do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.samplers import BaseSampler

import nas
from benchmarks.efficiency.optuna_methods import OptunaMethod, distributions, to_codes
from benchmarks.efficiency.runs import Method
from benchmarks.efficiency.tasks import Task, Values

_ABSENT = "absent"


def pareto_sampler(task: Task, seed: int) -> BaseSampler:
    """The sampler, knowing what the task's networks cost and which codes have no network."""

    def known_of_many(candidates: Sequence[Mapping[str, Any]]) -> Mapping[str, Values]:
        costs = task.costs(to_codes(task, candidates))
        missing = np.isnan(costs)
        columns = np.where(missing, task.worst[1:], costs).T
        return dict(zip(task.objectives[1:], columns, strict=True)) | {
            _ABSENT: missing[:, 0] * 1.0
        }

    return nas.ParetoSampler(
        distributions(task),
        known_of_many=known_of_many,
        positions={name: place for place, name in enumerate(task.objectives) if place > 0},
        limits={_ABSENT: 0.5},
        seed=seed,
    )


def pareto_method(task: Task, seed: int, *, batch: int = 1) -> Method:
    """The sampler in a study that is told natural values."""
    return OptunaMethod(task, pareto_sampler(task, seed), natural=True, batch=batch)

"""A sampler and a study of many evaluations → milliseconds for the next proposals, on one core."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

from benchmarks.efficiency.optuna_methods import (
    SamplerFor,
    distributions,
    to_codes,
    to_parameters,
)
from benchmarks.efficiency.tasks import Codes, Task

_PROPOSALS = 20


@dataclass(frozen=True, slots=True)
class Proposing:
    """How long an ask and tell took in a study of so many evaluations: the first, and 20 more.

    The first reads the whole study, as after a restart. Processor time is that of one core; a
    machine that others use adds to the wall time alone.
    """

    method: str
    task: str
    evaluations: int
    first_cpu_ms: float
    median_cpu_ms: float
    longest_cpu_ms: float
    median_wall_ms: float


def time_proposals(name: str, sampler: SamplerFor, task: Task, evaluations: int) -> Proposing:
    """Fill a study with random networks and go on from there."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=sampler(task, 0), directions=["minimize"] * len(task.objectives)
    )
    space = distributions(task)
    for code in some_codes(task, evaluations):
        values = task.evaluate(code[None])[0].tolist()
        parameters = to_parameters(task, code)
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE, params=parameters, distributions=space, values=values
            )
        )
    cpu_ms, wall_ms = [], []
    for _ in range(1 + _PROPOSALS):
        wall, cpu = time.perf_counter(), time.process_time()
        trial = study.ask(space)
        code = to_codes(task, [trial.params])
        values = task.evaluate(code)[0]
        study.tell(trial, np.where(np.isnan(values), task.worst, values).tolist())
        cpu_ms.append((time.process_time() - cpu) * 1e3)
        wall_ms.append((time.perf_counter() - wall) * 1e3)
    return Proposing(
        *(name, task.name, evaluations),
        *(cpu_ms[0], statistics.median(cpu_ms[1:]), max(cpu_ms[1:])),
        statistics.median(wall_ms[1:]),
    )


def some_codes(task: Task, count: int) -> Codes:
    """Distinct random codes of networks that the task has; shape (count, choices)."""
    source = np.random.default_rng(0)
    drawn = source.integers(task.counts, size=(4 * count, len(task.counts)))
    codes = np.unique(drawn, axis=0)
    codes = codes[np.isfinite(task.evaluate(codes)).all(axis=1)]
    return source.permutation(codes)[:count]

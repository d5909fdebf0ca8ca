"""Optuna samplers → methods, through an ordinary study in memory by ask and tell."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler

from benchmarks.efficiency.tasks import Codes, Task, Values

SamplerFor = Callable[[Task, int], BaseSampler]


class OptunaMethod:
    """One study with one sampler.

    Args:
        task: What is searched.
        sampler: What proposes.
        natural: Whether the study is told natural values; otherwise they are on the scale of the
            score, a kindness to samplers that compare or model values as they come.
        batch: How many are asked before any is told.
        first: Codes to ask for before the sampler is asked; shape (count, choices).
    """

    def __init__(
        self,
        task: Task,
        sampler: BaseSampler,
        *,
        natural: bool = False,
        batch: int = 1,
        first: Codes | None = None,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.version = f"optuna {optuna.__version__}"
        self._task, self._natural, self._batch = task, natural, batch
        self._study = optuna.create_study(
            sampler=sampler, directions=["minimize"] * len(task.objectives)
        )
        self._distributions = distributions(task)
        for code in [] if first is None else first:
            self._study.enqueue_trial(to_parameters(task, code))
        self._asked: list[optuna.Trial] = []

    def ask(self) -> Codes:
        """The next batch."""
        self._asked = [self._study.ask(self._distributions) for _ in range(self._batch)]
        return to_codes(self._task, [trial.params for trial in self._asked])

    def tell(self, codes: Codes, values: Values) -> None:
        """What the batch is worth."""
        told = values if self._natural else self._task.scaled(values)
        for trial, row in zip(self._asked, told, strict=True):
            self._study.tell(trial, row.tolist())

    def close(self) -> None:
        """Nothing to release."""


def distributions(task: Task) -> dict[str, BaseDistribution]:
    """The choices of a task as Optuna knows them."""
    return {
        f"choice{index}": CategoricalDistribution(values)
        for index, values in enumerate(task.choices)
    }


def to_codes(task: Task, parameters: Sequence[Mapping[str, Any]]) -> Codes:
    """Parameters of trials → codes; shape (count, choices)."""
    rows = [
        [values.index(one[f"choice{index}"]) for index, values in enumerate(task.choices)]
        for one in parameters
    ]
    return np.array(rows).reshape(len(rows), len(task.choices))


def to_parameters(task: Task, code: Codes) -> dict[str, Any]:
    """One code → the parameters of a trial."""
    chosen = [values[index] for values, index in zip(task.choices, code.tolist(), strict=True)]
    return {f"choice{index}": value for index, value in enumerate(chosen)}


def _gaussian_process(_: Task, seed: int) -> BaseSampler:
    import torch

    torch.set_num_threads(1)  # one thread, as every other method has
    # A table gives the same answer twice; told so, this sampler does better.
    return optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)


def _experimental(make: SamplerFor) -> SamplerFor:
    """The same, without Optuna's warning that an interface may still change: it is pinned."""

    def quietly(task: Task, seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return make(task, seed)

    return quietly


SAMPLERS: dict[str, SamplerFor] = {
    "random": lambda _, seed: optuna.samplers.RandomSampler(seed=seed),
    "nsga2-20": lambda _, seed: optuna.samplers.NSGAIISampler(population_size=20, seed=seed),
    "nsga2-50": lambda _, seed: optuna.samplers.NSGAIISampler(population_size=50, seed=seed),
    "nsga3-20": _experimental(
        lambda _, seed: optuna.samplers.NSGAIIISampler(population_size=20, seed=seed)
    ),
    "tpe": lambda _, seed: optuna.samplers.TPESampler(seed=seed),
    "tpe-multivariate": _experimental(
        lambda _, seed: optuna.samplers.TPESampler(multivariate=True, seed=seed)
    ),
    "gp": _experimental(_gaussian_process),
}

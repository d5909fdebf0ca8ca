"""The MnasNet space on a Jetson TX2 → fronts by direct search, by Optuna's NSGA-II, and at random.

Run `OMP_NUM_THREADS=1 python -m benchmarks.direct`. All ask the same models for accuracy, latency
and energy, a population at a time, in turn; seconds are of one core's time. The hypervolume is a
share of that of everything that any of them found: accuracy linear, costs in logarithm, scaled to
the ranges of a random sample, reference point 1.1. NSGA-II runs as long as the direct search took
to settle, and then for as many evaluations as a short direct search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.study import StudyDirection

from nas.pareto import Sense, front, hypervolume
from nas.search.direct import search_direct
from nas.search.problem import Problem, make_problem
from nas.search.proposer import distributions
from nas.search.study import study_from_options
from nas.space.space import Codes

_OBJECTIVES = ["accuracy", "latency_ms", "energy_mj"]
_SENSES = [Sense.MAXIMIZE, Sense.MINIMIZE, Sense.MINIMIZE]
_EQUAL = 5_000
_MANY = 1_000_000
_CHUNK = 10_000

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """What one method found, and after how much."""

    method: str
    candidates: int
    seconds: float
    values: Values


def main() -> None:
    """Print one line for each method."""
    options = {"name": "direct", "space": "mnasnet", "device": "jetson-tx2"}
    problem = make_problem(study_from_options({**options, "objectives": _OBJECTIVES}))
    settled = _direct(problem, _MANY, settle=True)
    runs = [
        settled,
        _direct(problem, _MANY, settle=False),
        _direct(problem, _EQUAL, settle=False),
        _random(problem, _MANY),
    ]
    for population in (50, 200):
        label = f"Optuna NSGA-II, population {population}"
        runs.append(_nsga2(problem, population, f"{label}, equal seconds", settled.seconds, _MANY))
        runs.append(_nsga2(problem, population, f"{label}, equal number", np.inf, _EQUAL))
    shares = _shares(problem, runs)
    print(f"{'method':48}{'candidates':>12}{'core s':>9}{'a second':>10}{'front':>7}{'share':>9}")
    for run, share in zip(runs, shares, strict=True):
        size = len(front(run.values, _SENSES))
        rate = run.candidates / run.seconds
        print(
            f"{run.method:48}{run.candidates:12,}{run.seconds:9.1f}{rate:10,.0f}{size:7}"
            f"{share:9.5f}"
        )


def _scored(problem: Problem, codes: Codes) -> Values:
    columns = problem.known(codes) | problem.evaluate(codes)
    return np.column_stack([columns[name] for name in _OBJECTIVES])


def _timed(method: str, search: Callable[[], tuple[int, Values]]) -> Run:
    started = time.process_time()
    candidates, values = search()
    return Run(method, candidates, time.process_time() - started, values)


def _direct(problem: Problem, evaluations: int, *, settle: bool) -> Run:
    def search() -> tuple[int, Values]:
        found = search_direct(
            problem, evaluations=evaluations, seed=0, settle=settle, on_generation=lambda _: None
        )
        return found.scored, np.column_stack([found.columns[name] for name in _OBJECTIVES])

    end = "until settled" if settle else f"{evaluations:,}"
    return _timed(f"direct search, {end}", search)


def _random(problem: Problem, evaluations: int) -> Run:
    def search() -> tuple[int, Values]:
        best = np.empty((0, len(_OBJECTIVES)))
        for chunk in range(evaluations // _CHUNK):
            values = _scored(problem, problem.space.sample(_CHUNK, seed=chunk))
            best = np.concatenate([best, values])
            best = best[front(best, _SENSES)]
        return evaluations, best

    return _timed("random", search)


def _nsga2(problem: Problem, population: int, label: str, seconds: float, most: int) -> Run:
    def search() -> tuple[int, Values]:
        started, found = time.process_time(), list[Values]()
        for values in _generations(problem, population):
            found.append(values)
            spent = time.process_time() - started
            if spent >= seconds or len(found) * population >= most:
                break
        return len(found) * population, np.concatenate(found)

    return _timed(label, search)


def _generations(problem: Problem, population: int) -> Iterator[Values]:
    """NSGA-II with Optuna's defaults, each generation evaluated at once."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=0)
    directions = [StudyDirection[sense.name] for sense in _SENSES]
    study = optuna.create_study(sampler=sampler, directions=directions)
    choices = distributions(problem.space)
    while True:
        trials = [study.ask({**choices}) for _ in range(population)]
        codes = np.array([problem.space.encode(trial.params) for trial in trials])
        values = _scored(problem, codes)
        for trial, row in zip(trials, values.tolist(), strict=True):
            study.tell(trial, row)
        yield values


def _shares(problem: Problem, runs: list[Run]) -> list[float]:
    frame = _cost_logarithms(_scored(problem, problem.space.sample(20_000, seed=99)))
    low, span = frame.min(axis=0), np.ptp(frame, axis=0)
    reference = [-0.1, 1.1, 1.1]

    def volume(values: Values) -> float:
        return hypervolume((_cost_logarithms(values) - low) / span, _SENSES, reference)

    every = volume(np.concatenate([run.values for run in runs]))
    return [volume(run.values) / every for run in runs]


def _cost_logarithms(values: Values) -> Values:
    return np.column_stack([values[:, 0], np.log(values[:, 1:])])


if __name__ == "__main__":
    main()

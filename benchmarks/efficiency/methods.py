"""Names → methods: every way of searching that the benchmark sets side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.efficiency.optuna_methods import SAMPLERS, OptunaMethod, SamplerFor
from benchmarks.efficiency.pareto import pareto_method
from benchmarks.efficiency.peer import PEERS, Peer, PeerMethod
from benchmarks.efficiency.runs import Method
from benchmarks.efficiency.tasks import Task

MethodFor = Callable[[Task, int], Method]

TITLES = {
    "pareto": "nas.ParetoSampler",
    "pareto-8": "nas.ParetoSampler, batches of 8",
    "random": "Optuna random",
    "nsga2-20": "Optuna NSGA-II, population 20",
    "nsga2-50": "Optuna NSGA-II, population 50",
    "nsga3-20": "Optuna NSGA-III, population 20",
    "tpe": "Optuna TPE",
    "tpe-multivariate": "Optuna TPE, multivariate",
    "gp": "Optuna GPSampler",
    "pymoo-nsga2-20": "pymoo NSGA-II, population 20",
    "nni-rea": "NNI regularized evolution, sum",
    "nni-rea-drawn": "NNI regularized evolution, drawn weights",
    "syne-tune-mo-rea": "Syne Tune MO-REA",
    "syne-tune-mended": "Syne Tune MO-REA, ranks mended",
}
"""What each method is called on the page; ours first."""

OURS = ("pareto", "pareto-8")


def find_methods(environments: Path) -> dict[str, MethodFor]:
    """Every method by name; peers run in the environments of that folder."""
    made: dict[str, MethodFor] = {
        "pareto": pareto_method,
        "pareto-8": partial(pareto_method, batch=8),
    }
    for name, sampler in SAMPLERS.items():
        made[name] = partial(_optuna, sampler)
    for name, peer in PEERS.items():
        made[name] = partial(_peer, peer, environments)
    return made


def _optuna(sampler: SamplerFor, task: Task, seed: int) -> Method:
    return OptunaMethod(task, sampler(task, seed))


def _peer(peer: Peer, environments: Path, task: Task, seed: int) -> Method:
    return PeerMethod(peer, task, seed, folder=environments)

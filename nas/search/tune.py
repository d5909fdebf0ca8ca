"""A session + a slow evaluator → its study, on Ray Tune.

Tune keeps the workers busy, starts others for those that die, and stops what leads nowhere. What
it remembers itself is not used: the store is the truth.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.callback import Callback
from ray.tune.experiment import Experiment, Trial
from ray.tune.search.search_algorithm import SearchAlgorithm

from nas.accuracy.external import ExternalEvaluator
from nas.errors import InputError
from nas.search.cluster import ray_cluster
from nas.search.flow import Flow
from nas.search.halving import ParetoHalving
from nas.search.plan import Callbacks, Workers
from nas.search.session import Session
from nas.search.worker import NetworkTrainable

# A worker that dies takes the network along that it worked on, which may be why it died.
_RETRIES = 2
_CLUSTER_LOOK_S = 5.0


def run_on_ray(session: Session, workers: Workers, *, folder: Path) -> None:
    """Evaluate what is owed to a study, several networks at a time, and finish it.

    Args:
        session: The open study.
        workers: How many, where, and with what.
        folder: Where work under way is kept; the log of Ray goes there too.

    Raises:
        InputError: if the cluster cannot be joined or is too small.
    """
    evaluator = session.problem.evaluator
    assert isinstance(evaluator, ExternalEvaluator), "a plan for Ray has an evaluator of networks"
    loggers = [_logger(name, session.study_name) for name in workers.callbacks]
    flow = Flow(session, timeout_s=workers.timeout_s, folder=folder)
    with ray_cluster(workers, log=folder / "ray.log"), _interrupts(flow):
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(_check_room(workers))
        # How often Tune brings the files of its loggers here; of its own state we use nothing.
        os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "10" if loggers else "1000000000"
        tune.run(
            NetworkTrainable,
            name="tune",
            search_alg=_Networks(flow, session, workers, folder),
            scheduler=ParetoHalving(flow.costs_of) if workers.halving else None,
            callbacks=[*loggers, flow],
            reuse_actors=True,
            storage_path=str(folder.resolve()),
            raise_on_failed_trial=False,
            verbose=0,
        )
        flow.settle()
    if flow.interrupted_at is not None:
        raise KeyboardInterrupt
    session.finish(ending=session.ending)
    if not loggers:
        shutil.rmtree(folder / "tune", ignore_errors=True)


class _Networks(SearchAlgorithm):
    """Gives Tune a network whenever a worker is free."""

    def __init__(self, flow: Flow, session: Session, workers: Workers, folder: Path) -> None:
        self._flow, self._workers, self._folder = flow, workers, folder
        self._problem = session.problem
        self._looked, self._most = 0.0, 0

    def add_configurations(self, experiments: Any) -> None:
        """Remember where Tune keeps this run."""
        self._experiment: Experiment = experiments[0]

    def next_trial(self) -> Trial | None:
        """The next network as a trial, unless every worker has one."""
        if time.monotonic() - self._looked > _CLUSTER_LOOK_S:
            self._looked, self._most = time.monotonic(), _at_once(self._workers)
        if self._flow.out_now >= self._most or (flight := self._flow.take()) is None:
            return None
        assert isinstance(self._problem.evaluator, ExternalEvaluator)
        needs = {"CPU": self._workers.cpus_each}
        if self._workers.gpus_each:
            needs["GPU"] = self._workers.gpus_each
        trial = Trial(
            self._experiment.run_identifier,
            config={
                "network": flight.network.text,
                "evaluator": self._problem.evaluator.name,
                "seed": self._problem.spec.seed,
                "folder": str((self._folder / flight.network.id).resolve()),
                "gpus": self._workers.gpus_each,
                "here": os.getcwd(),
                "path": [place or os.getcwd() for place in sys.path],
            },
            storage=self._experiment.storage,
            experiment_tag=flight.network.id,
            trial_dirname_creator=lambda _: flight.network.id,
            placement_group_factory=tune.PlacementGroupFactory([needs]),
            max_failures=_RETRIES,
        )
        self._flow.out(trial.trial_id, flight)
        return trial

    def is_finished(self) -> bool:
        """Whether no network is to go out as things stand."""
        return self._flow.finished


def _at_once(workers: Workers) -> int:
    """How many evaluations were asked for, or fit the cluster as it is now."""
    if workers.count is not None:
        return workers.count
    there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    needs = {"CPU": workers.cpus_each, "GPU": workers.gpus_each}
    return min(int(there.get(kind, 0.0) / needed) for kind, needed in needs.items() if needed)


def _check_room(workers: Workers) -> int:
    """How many evaluations fit.

    Raises:
        InputError: if not even one does.
    """
    fits = _at_once(workers)
    if fits < 1:
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        raise InputError(
            f"an evaluation needs {workers.cpus_each:g} CPU and {workers.gpus_each:g} GPU; the "
            f"cluster has {there.get('CPU', 0):g} and {there.get('GPU', 0):g}; give smaller "
            "--cpus-per-trial and --gpus-per-trial, or more machines"
        )
    return fits


@contextmanager
def _interrupts(flow: Flow) -> Iterator[None]:
    """An interrupt ends the search once results that have arrived are on record; two, at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        if flow.interrupted_at is not None:
            raise KeyboardInterrupt
        flow.interrupted_at = time.monotonic()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _logger(name: Callbacks, study: str) -> Callback:
    """A logger of Ray Tune."""
    if name == "tensorboard":
        from ray.tune.logger import TBXLoggerCallback

        return TBXLoggerCallback()  # type: ignore[no-untyped-call]
    if name == "mlflow":
        from ray.air.integrations.mlflow import MLflowLoggerCallback

        return MLflowLoggerCallback(experiment_name=study)
    from ray.air.integrations.wandb import WandbLoggerCallback

    return WandbLoggerCallback(project=study)

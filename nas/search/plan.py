"""Problem + workers → Plan: which way to search, where evaluations run, and why."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nas.accuracy.external import ExternalEvaluator
from nas.errors import InputError, MissingExtraError
from nas.search.problem import NEARLY_FREE_S, Problem
from nas.search.study import Mode

Callbacks = Literal["tensorboard", "mlflow", "wandb"]
Runner = Literal["direct", "in process", "Ray"]

_PACKAGES: Mapping[Callbacks, str] = {
    "tensorboard": "tensorboardX",
    "mlflow": "mlflow",
    "wandb": "wandb",
}
# Handing a network to a Ray worker takes about 0.04 s: what is quicker is done here.
IN_PROCESS_S = 0.1
_REACHABLE_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Workers:
    """How slow evaluations are run on Ray.

    Args:
        count: Evaluations at once; without it, as many as the machine or the cluster takes.
        address: Of a Ray cluster to join; without it, one is started on this machine.
        cpus_each: CPU cores of an evaluation; may be a fraction.
        gpus_each: GPUs of an evaluation; may be a fraction.
        timeout_s: Most seconds that an evaluation may take, None for any.
        halving: Stop early what partial reports show to lead nowhere.
        callbacks: Loggers of Ray Tune to use.
        folder: Where work under way is kept; on several machines, a folder that all share.
    """

    count: int | None = None
    address: str | None = None
    cpus_each: float = 1.0
    gpus_each: float = 0.0
    timeout_s: float | None = None
    halving: bool = False
    callbacks: tuple[Callbacks, ...] = ()
    folder: Path | None = None

    @property
    def ask_for_ray(self) -> bool:
        """Whether something is asked for that only Ray can give."""
        asked = (self.count, self.address, self.timeout_s, self.halving, self.callbacks)
        return any(asked) or self.gpus_each > 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a study is searched.

    Args:
        mode: `direct` scores candidates by the hundred thousand, `surrogate` chooses each.
        runner: Where evaluations run.
        why: In words.
    """

    mode: Mode
    runner: Runner
    why: str


def make_plan(problem: Problem, workers: Workers) -> Plan:
    """Choose by what an evaluation is declared to cost, unless the study says.

    Raises:
        InputError: if what the study asks for cannot be done with its evaluator.
        MissingExtraError: if it needs Ray, which is not installed.
    """
    evaluator = problem.evaluator
    external = isinstance(evaluator, ExternalEvaluator)
    if problem.mode == "direct":
        if external:
            raise InputError(
                "`search: direct` needs an evaluator that scores candidates by the thousand; got "
                f"{problem.spec.evaluator}, which takes one network at a time; leave it out"
            )
        return Plan("direct", "direct", _why_direct(problem))
    if evaluator is None:
        raise InputError(
            "`search: surrogate` needs accuracy among the objectives; got "
            f"{', '.join(problem.spec.objectives)}, which are known without an evaluation; "
            "leave it out"
        )
    takes = f"an evaluation takes about {_duration(evaluator.cost_s)}"
    if problem.spec.search == "surrogate" and evaluator.cost_s <= NEARLY_FREE_S:
        takes = "asked for"
    if not external:
        _refuse_workers(workers)
        return Plan("surrogate", "in process", takes)
    if evaluator.cost_s < IN_PROCESS_S and not workers.ask_for_ray:
        return Plan("surrogate", "in process", takes)
    _check_installed(workers)
    _check_address(workers.address)
    return Plan("surrogate", "Ray", takes)


def _check_installed(workers: Workers) -> None:
    if workers.cpus_each <= 0 and workers.gpus_each <= 0:
        raise InputError(
            "an evaluation must need a part of a CPU or of a GPU; got 0 of both; give a larger "
            "--cpus-per-trial"
        )
    if importlib.util.find_spec("ray") is None:
        raise MissingExtraError("an evaluator that takes its time", "ray")
    for name in workers.callbacks:
        package = _PACKAGES[name]
        if importlib.util.find_spec(package) is None:
            raise InputError(
                f"`--callback {name}` needs the package {package}, which is not installed; "
                f"install it with: pip install {package}"
            )


def _check_address(address: str | None) -> None:
    """Refuse at once what Ray would try to reach for minutes."""
    if address in (None, "auto"):
        return
    host, colon, port = str(address).rpartition(":")
    if "/" in host or not (host and colon and port.isdigit() and int(port) < 2**16):
        raise InputError(
            f"`--address` must be HOST:PORT of a Ray cluster, or auto for the one on this "
            f"machine; got {address!r}; `ray start --head` prints it"
        )
    try:
        socket.create_connection((host, int(port)), timeout=_REACHABLE_WITHIN_S).close()
    except OSError as error:
        raise InputError(
            f"`--address` must be that of a Ray cluster that runs; {address} cannot be reached: "
            f"{error}; start one with `ray start --head`, and give the address that it prints"
        ) from None


def _why_direct(problem: Problem) -> str:
    if problem.spec.search == "direct":
        return "asked for"
    if problem.evaluator is None:
        return "every objective is known without an evaluation"
    return f"an evaluation takes about {_duration(problem.evaluator.cost_s)}"


def _refuse_workers(workers: Workers) -> None:
    if workers.ask_for_ray:
        raise InputError(
            "`--workers` and the other options of Ray are for an evaluator of networks, given as "
            "--evaluator MODULE:FACTORY; got one that is looked up in this process; leave them out"
        )


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"

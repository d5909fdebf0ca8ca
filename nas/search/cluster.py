"""Workers asked for → a Ray cluster joined, or started here and ended again, in silence."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray._private import worker

from nas.errors import InputError
from nas.search.plan import Workers

# What Ray and Tune read once when they are imported or begin.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ours hands in what has arrived.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_AUTO_INIT": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
}
_OBJECT_STORE_BYTES = 100 * 2**20  # Networks are sent as text.


@contextmanager
def ray_cluster(workers: Workers, *, log: Path) -> Iterator[None]:
    """Be connected to Ray while the context lasts.

    Args:
        workers: What is wanted.
        log: The file that takes what Ray and Tune say.

    Raises:
        InputError: if the cluster cannot be joined.
    """
    os.environ.update(_ENVIRONMENT)
    if ray.is_initialized():  # By whoever calls us: theirs to end.
        yield
        return
    with _quiet(log):
        try:
            _connect(workers)
            yield
        finally:
            ray.shutdown()


def _connect(workers: Workers) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.INFO}
    if workers.address is None:
        count = local_workers(workers)
        ray.init(
            address="local",  # Without it, Ray would join whatever was started here last.
            num_cpus=max(1, math.ceil(count * workers.cpus_each)),
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            **quiet,
        )
        return
    try:
        ray.init(address=workers.address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        said = str(error).strip().splitlines()[0]
        raise InputError(
            f"`--address` must be that of a Ray cluster that runs; got {workers.address}: {said}; "
            "start one with `ray start --head`, and give the address that it prints"
        ) from None


def local_workers(workers: Workers) -> int:
    """Evaluations at once on this machine."""
    if workers.count is not None:
        return workers.count
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, int((cores or 1) / max(workers.cpus_each, 1e-9)))


@contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Send what Ray and Tune say to a file: the terminal shows the search."""
    log.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, encoding="utf-8")
    logger = logging.getLogger("ray")
    before = logger.handlers[:], logger.propagate
    logger.handlers[:], logger.propagate = [handler], False

    def to_log(data: dict[str, Any], ignore_prefix: bool) -> None:
        logger.warning("\n".join(map(str, data["lines"])))

    # What the cluster complains of, Ray prints on standard output, where our results go.
    to_terminal = worker.print_to_stdstream
    worker.print_to_stdstream = to_log
    try:
        yield
    finally:
        worker.print_to_stdstream = to_terminal
        logger.handlers[:], logger.propagate = before
        handler.close()

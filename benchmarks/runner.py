"""How busy the workers of a search on Ray are kept → benchmarks/runner.md.

    python -m benchmarks.runner [--workers 2] [--evaluations 200] [--seconds 1] [--spread 0]

Every evaluation sleeps and says when it began and ended, so what is measured is the search around
it: proposing, sending out, recording each result durably, and Ray. Utilisation is the time that
evaluations took over the time that there was for them: from the first beginning to the last end,
and from when all workers had begun to when the first had no more to do.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nas.accuracy.evaluator import Report
from nas.search.plan import Workers
from nas.search.problem import make_problem
from nas.search.progress import Progress
from nas.search.run import run_study
from nas.search.study import study_from_options
from nas.space.architecture import Architecture
from nas.store import EvaluationRecord, Store

# Workers are started by Ray, and take their orders from the environment.
_SECONDS, _SPREAD = "NAS_BENCHMARK_SECONDS", "NAS_BENCHMARK_SPREAD"


@dataclass
class Sleeper:
    """Sleeps, and says an accuracy that is a function of the network."""

    cost_s: float = 1.0
    provenance: Mapping[str, Any] = field(default_factory=lambda: {"kind": "made up"})

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """One report, with the times between which it slept."""
        began = time.time()
        time.sleep(duration_s(architecture.id))
        spent = {"began_s": began, "ended_s": time.time()}
        yield Report(1.0, 50 + int(architecture.id[:6], 16) % 4000 / 100, spent)


def sleeper() -> Sleeper:
    """The evaluator of this benchmark."""
    return Sleeper()


def duration_s(network_id: str) -> float:
    """What a network takes: the mean, more or less by the spread."""
    mean, spread = float(os.environ[_SECONDS]), float(os.environ[_SPREAD])
    return mean * (1 + spread * random.Random(network_id).uniform(-1, 1))


def main() -> None:
    """Run a search and print how busy its workers were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--spread", type=float, default=0.0, help="share of the seconds")
    given = parser.parse_args()
    os.environ[_SECONDS], os.environ[_SPREAD] = str(given.seconds), str(given.spread)
    problem = make_problem(
        study_from_options(
            {
                "name": "busy",
                "space": "mnasnet",
                "device": "pixel-3",
                "evaluations": given.evaluations,
                "evaluator": "benchmarks.runner:sleeper",
            }
        )
    )
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(f"{folder}/nas.db", create=True) as store:
            began, cpu_s = time.time(), time.process_time()
            # All workers on this machine, however many cores it has: they sleep.
            workers = Workers(count=given.workers)
            study = run_study(problem, store, workers=workers, on_progress=_say)
            cpu_s = time.process_time() - cpu_s
            records = store.evaluations(study.id)
        _print(records, given.workers, took_s=time.time() - began, cpu_s=cpu_s, load=load)


def _say(progress: Progress) -> None:
    if progress.complete and progress.complete % 50 < 2:
        print(f"  {progress.complete}/{progress.goal}, {progress.running} running", flush=True)


def _print(
    records: list[EvaluationRecord], workers: int, *, took_s: float, cpu_s: float, load: float
) -> None:
    began = np.array([record.spent["began_s"] for record in records])
    ended = np.array([record.spent["ended_s"] for record in records])
    whole = float((ended - began).sum() / workers / (ended.max() - began.min()))
    start, stop = np.sort(began)[workers - 1], np.sort(ended)[-workers]
    inside = np.clip(np.minimum(ended, stop) - np.maximum(began, start), 0, None)
    steady = float(inside.sum() / workers / (stop - start))
    gap_ms = (1 / steady - 1) * float((ended - began).mean()) * 1e3
    taken = list(ended - began)
    batches = [taken[i : i + workers] for i in range(0, len(taken), workers)]
    batched = sum(taken) / workers / sum(max(batch) for batch in batches)
    mean = float(np.mean(taken))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before; "
        f"{len(records)} evaluations of {mean:.2f} s on {workers} workers\n"
        f"  utilisation {whole:.1%} from the first beginning to the last end\n"
        f"  utilisation {steady:.1%} while there was work for all ({gap_ms:.0f} ms between two "
        f"evaluations of a worker)\n"
        f"  in batches of {workers} the same evaluations could not be above {batched:.1%}\n"
        f"  {cpu_s / len(records) * 1e3:.0f} ms of the driver's processor time an evaluation, "
        f"{took_s:.0f} s with starting and ending Ray"
    )


if __name__ == "__main__":
    main()

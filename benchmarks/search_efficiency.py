"""Searches over known tables → `search_efficiency.md`: how few evaluations each method needs.

    python -m benchmarks.search_efficiency --data DIR --peer-environments
    python -m benchmarks.search_efficiency --data DIR --processes 2
    python -m benchmarks.search_efficiency --data DIR --page

The first makes an environment for each peer that cannot share ours; the second runs every method
on every task with every seed that is not yet in the working folder, and may be stopped and
started at will, or narrowed with --methods, --tasks and --seeds; the third writes the page and its
picture from what is there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.efficiency.methods import TITLES, find_methods
from benchmarks.efficiency.peer import make_environments
from benchmarks.efficiency.runs import Run, append_run, read_runs, run
from benchmarks.efficiency.tasks import TABLE_TASKS, find_table_task


@dataclass(frozen=True, slots=True)
class Job:
    """One run to do."""

    data: Path
    work: Path
    environments: Path
    method: str
    task: str
    seed: int


def do(job: Job) -> Run:
    """Do one run."""
    task = find_table_task(job.data, job.task)
    method = find_methods(job.environments)[job.method](task, job.seed)
    return run(job.method, method, task, job.seed)


def do_all(jobs: list[Job], file: Path, processes: int) -> None:
    """Do runs in processes of their own and keep each as it ends."""
    # Not forked: threads of the libraries behind the methods do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for done in as_completed([pool.submit(do, job) for job in jobs]):
            one = done.result()
            append_run(file, one)
            print(
                f"{one.task:16} {one.method:18} seed {one.seed:2}  {len(one.codes)} evaluations, "
                f"{one.repeats} repeats, {one.seconds:.1f} s",
                flush=True,
            )


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--work", type=Path, default=Path("build/search_efficiency"))
    parser.add_argument("--peers", type=Path, default=Path("build/peers"))
    parser.add_argument("--methods", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--tasks", nargs="+", default=list(TABLE_TASKS))
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--peer-environments", action="store_true", help="make them, and no more")
    return parser.parse_args()


def main() -> None:
    """Do what was asked for."""
    options = arguments()
    if options.peer_environments:
        make_environments(options.peers)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # every method on one core
    options.work.mkdir(parents=True, exist_ok=True)
    file = options.work / "runs.jsonl"
    done = {(one.method, one.task, one.seed) for one in read_runs(file)}
    # Seeds go round last-to-first so that a run cut short has every method on every task.
    jobs = [
        Job(options.data, options.work, options.peers, method, task, seed)
        for seed, task, method in product(range(options.seeds), options.tasks, options.methods)
        if (method, task, seed) not in done
    ]
    do_all(jobs, file, options.processes)


if __name__ == "__main__":
    main()

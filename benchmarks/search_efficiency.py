"""Searches over known tables → `search_efficiency.md`: how few evaluations each method needs.

    python -m benchmarks.search_efficiency --data DIR --peer-environments
    python -m benchmarks.search_efficiency --data DIR --processes 2
    python -m benchmarks.search_efficiency --data DIR --time
    python -m benchmarks.search_efficiency --data DIR --page

The first makes an environment for each peer that cannot share ours. The second does every run that
is not yet in the working folder; it may be stopped and started at will, and narrowed with
--methods, --tasks and --seeds. The third times proposals on a quiet core. The last writes the page
and its picture from what is there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from benchmarks.efficiency.catalog import TASKS, find_task
from benchmarks.efficiency.methods import TITLES, find_methods
from benchmarks.efficiency.mnasnet import reference_words
from benchmarks.efficiency.optuna_methods import SAMPLERS
from benchmarks.efficiency.page import page
from benchmarks.efficiency.pareto import pareto_sampler
from benchmarks.efficiency.peer import make_environments
from benchmarks.efficiency.picture import draw, write_picture
from benchmarks.efficiency.runs import Run, append_run, read_runs, run
from benchmarks.efficiency.share import curves
from benchmarks.efficiency.tasks import TABLE_TASKS
from benchmarks.efficiency.timing import Proposing, time_proposals

_PAGE = Path(__file__).with_name("search_efficiency.md")
_TIMED = {"pareto": (500, 5000), "tpe": (500, 1500), "tpe-multivariate": (500, 1500)}
"""Evaluations so far, by method."""


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
    task = find_task(job.task, job.data, job.work)
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


def run_missing(options: argparse.Namespace) -> None:
    """Do the runs that were asked for and are not there yet."""
    file = options.work / "runs.jsonl"
    done = {(one.method, one.task, one.seed) for one in read_runs(file)}
    # Seeds outermost: what is cut short has every method on every task.
    jobs = [
        Job(options.data, options.work, options.peers, method, task, seed)
        for seed, task, method in product(range(options.seeds), options.tasks, options.methods)
        if (method, task, seed) not in done
    ]
    for name in options.tasks:
        find_task(name, options.data, options.work)  # its reference, before processes need it
    do_all(jobs, file, options.processes)


def time_one(name: str, task: str, evaluations: int, data: Path, work: Path) -> Proposing:
    """Time the proposals of a method."""
    sampler = pareto_sampler if name == "pareto" else SAMPLERS[name]
    return time_proposals(name, sampler, find_task(task, data, work), evaluations)


def time_all(options: argparse.Namespace) -> None:
    """Time proposals, one method after the other, and keep the figures."""
    times: list[Proposing] = []
    # A process of its own, which sees from its start that it has one thread.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name, counts in _TIMED.items():
            for task, count in product(("nb201-pixel3", "mnasnet-tx2"), counts):
                if name in options.methods:
                    where = (options.data, options.work)
                    times.append(pool.submit(time_one, name, task, count, *where).result())
                    print(times[-1], flush=True)
    kept = [one for one in read_times(options.work) if one.method not in options.methods]
    text = json.dumps([asdict(one) for one in (*kept, *times)], indent=1)
    (options.work / "times.json").write_text(text + "\n")


def read_times(work: Path) -> list[Proposing]:
    """What was timed before."""
    file = work / "times.json"
    return [Proposing(**one) for one in json.loads(file.read_text())] if file.is_file() else []


def write_page(options: argparse.Namespace) -> None:
    """Write the page and its picture from the runs that are there."""
    runs = read_runs(options.work / "runs.jsonl")
    tasks = [find_task(name, options.data, options.work) for name in TASKS]
    found = {
        (task.name, method): curve
        for task, method in product(tasks, TITLES)
        if (curve := curves(runs, method, task)) is not None
    }
    words = reference_words(options.data, options.work)
    _PAGE.write_text(page(tasks, found, read_times(options.work), words))
    write_picture(
        draw([task for task in tasks if task.name in TABLE_TASKS], found),
        _PAGE.with_suffix(".png"),
    )


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--work", type=Path, default=Path("build/search_efficiency"))
    parser.add_argument("--peers", type=Path, default=Path("build/peers"))
    parser.add_argument("--methods", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--processes", type=int, default=1)
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--peer-environments", action="store_true", help="make them, and no more")
    other.add_argument("--time", action="store_true", help="time proposals, and no more")
    other.add_argument("--page", action="store_true", help="write the page, and no more")
    return parser.parse_args()


def main() -> None:
    """Do what was asked for."""
    options = arguments()
    os.environ["OMP_NUM_THREADS"] = "1"  # every method on one core
    options.work.mkdir(parents=True, exist_ok=True)
    if options.peer_environments:
        make_environments(options.peers)
    elif options.time:
        time_all(options)
    elif options.page:
        write_page(options)
    else:
        run_missing(options)


if __name__ == "__main__":
    main()

"""Times of the store, beside Optuna's own SQL storage in the same run → benchmarks/store.md.

    python benchmarks/store.py [--evaluations 100000] [--trials 300] [--postgresql URL]

Both record the same thing: 20 categorical parameters and 3 objectives, durable on disk. Optuna
writes each trial as it is asked and told, in many transactions (that is its interface); the store
writes finished evaluations, alone or as many as came together.

Why in turns, with medians and processor time: both wait for the disk, and how long a flush takes
may change tenfold within a minute on a shared machine. The time of a flush is printed with the
rest: where its spread is wide, compare processor times.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

import optuna

from nas.pareto import Sense
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord, Store
from nas.store.curation import delete_study
from nas.store.exchange import export_study, import_study

PARAMETERS = {f"stages.{i // 4}.blocks.{i % 4}.kernel": (3, 5, 7) for i in range(20)}
OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {}),
    ObjectiveRecord("energy_mj", Sense.MINIMIZE, "mJ", {}),
)
TOGETHER, ALONE = 50, 300
HEAD = (
    "# The store",
    "",
    "    python benchmarks/store.py --postgresql URL",
    "",
    "Networks of 20 categorical choices with 3 objectives, durable on disk when a call returns.",
    "The work is not the same: Optuna writes a trial in many transactions as it is asked and told,",
    "as its interface has it; the store writes what became of a network once, alone or with those",
    "that ended together, and proves each time that its writer still holds the study. Wall times",
    "are those of a shared machine: where the spread is wide, compare the processor times.",
    "",
)


def evaluations(count: int, *, seed: int) -> list[EvaluationRecord]:
    """Evaluations of random networks of 20 blocks; text of the usual length."""
    source = random.Random(seed)
    return [_evaluation(number, source) for number in range(count)]


def _evaluation(number: int, source: random.Random) -> EvaluationRecord:
    choices = {name: source.choice(values) for name, values in PARAMETERS.items()}
    blocks = [
        f"mb k{kernel} h{source.randrange(16, 960)} c{source.randrange(8, 320)} relu6"
        for kernel in choices.values()
    ]
    text = " | ".join(["image 3x224x224", *blocks, "pool", "fc c1000"])
    return EvaluationRecord(
        number,
        hashlib.sha256(text.encode()).hexdigest()[:16],
        text,
        choices,
        EvaluationState.COMPLETE,
        {objective.name: source.random() for objective in OBJECTIVES},
    )


@dataclass(frozen=True, slots=True)
class Took:
    """Wall and processor time of a call, or of each of the things it did."""

    wall_s: float
    cpu_s: float

    @classmethod
    def by(cls, action: Callable[[], object], *, things: int = 1) -> Took:
        """Time a call that does so many things."""
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        return cls((time.perf_counter() - wall) / things, (time.process_time() - cpu) / things)


Times: TypeAlias = dict[str, list[Took]]


def time_scale(store: Store, place: str, count: int) -> Times:
    """A study of `count` evaluations: written, listed, read back."""
    study_id = store.create_study("many", spec={}, objectives=OBJECTIVES).id
    records = evaluations(count + ALONE, seed=0)
    batches = [records[i : i + TOGETHER] for i in range(0, count, TOGETHER)]
    with store.hold(study_id) as lease:
        record = partial(store.record, study_id, lease=lease)
        times = {
            f"record, {TOGETHER} together, up to {count:,}": [
                Took.by(partial(record, batch), things=len(batch)) for batch in batches
            ],
            f"record one, after {count:,}": [
                Took.by(partial(record, [one])) for one in records[count:]
            ],
        }
        numbers = range(0, count, max(count // 200, 1))
        times["save a front of 200"] = _repeat(
            lambda: store.save_front(study_id, numbers, lease=lease)
        )
    times["list a front of 200"] = _repeat(partial(store.front, study_id))
    times["list the studies with counts"] = _repeat(store.studies)
    times[f"resume: hold, and read {count:,} back"] = [Took.by(partial(_resume, store, study_id))]
    times["open"] = _repeat(lambda: Store.open(place, create=False).close())
    return times


def time_copies(store: Store, file: Path, count: int) -> Times:
    """That study written to a file, read from it, and the copy deleted."""
    return {
        f"export {count:,} to JSON lines": [Took.by(lambda: export_study(store, "many", file))],
        f"import {count:,}": [Took.by(lambda: import_study(store, file, name="copy"))],
        f"delete a study of {count:,}": [Took.by(lambda: delete_study(store, "copy"))],
    }


def _resume(store: Store, study_id: int) -> None:
    with store.hold(study_id):
        store.evaluations(study_id)


def _repeat(action: Callable[[], object]) -> list[Took]:
    return [Took.by(action) for _ in range(9)]


def time_beside_optuna(store: Store, folder: Path, trials: int) -> tuple[Times, Times]:
    """One at a time: the store, Optuna and a bare flush in turns, so that all meet the same."""
    study_id = store.create_study("alone", spec={}, objectives=OBJECTIVES).id
    records = evaluations(trials, seed=1)
    peer = _optuna_study(folder / "optuna.db")
    ours, theirs, flushes = [], [], []
    with (folder / "flush").open("wb") as file, store.hold(study_id) as lease:
        for record in records:
            ours.append(Took.by(partial(store.record, study_id, [record], lease=lease)))
            theirs.append(Took.by(partial(_trial, peer)))
            flushes.append(Took.by(partial(_flush, file)))
    name, storage = peer.study_name, f"sqlite:///{folder / 'optuna.db'}"
    read = {
        f"store: read {trials} back": _repeat(partial(store.evaluations, study_id)),
        f"Optuna: read {trials} back": _repeat(
            lambda: optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
        ),
    }
    alone = {
        "store: record one evaluation": ours,
        "Optuna RDBStorage: one trial": theirs,
        "this disk: one flush of 4 KiB": flushes,
    }
    return alone, read


def _optuna_study(path: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=f"sqlite:///{path}",
        sampler=optuna.samplers.RandomSampler(seed=0),
        directions=[objective.sense.value for objective in OBJECTIVES],
    )


def _trial(study: optuna.Study) -> None:
    # Not `optimize(n_trials=1)`, which would also close and reopen the connection each time.
    trial = study.ask()
    for name, values in PARAMETERS.items():
        trial.suggest_categorical(name, values)
    study.tell(trial, [float(trial.number) for _ in OBJECTIVES])


def _flush(file: BinaryIO) -> None:
    file.write(bytes(4096))
    file.flush()
    os.fsync(file.fileno())


def table(times: Times) -> list[str]:
    """Milliseconds of each: wall median, 5th and 95th of a hundred, processor mean."""
    lines = ["| milliseconds | median | 5% | 95% | CPU mean |", "|---|---|---|---|---|"]
    for what, took in times.items():
        walls = sorted(one.wall_s * 1e3 for one in took)
        low, middle, high = (walls[int(share * (len(walls) - 1))] for share in (0.05, 0.5, 0.95))
        cpu = sum(one.cpu_s for one in took) / len(took) * 1e3
        spread = [f"{low:,.2f}", f"{high:,.2f}"] if len(took) > 1 else ["", ""]
        lines.append(f"| {what} | {middle:,.2f} | {' | '.join(spread)} | {cpu:,.2f} |")
    return lines


def sqlite_part(trials: int, count: int) -> list[str]:
    """The store on a SQLite file, beside Optuna's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(str(folder / "beside.db"), create=True) as store:
            alone, read = time_beside_optuna(store, folder, trials)
        kib = {file: (folder / file).stat().st_size / 1024 for file in ("beside.db", "optuna.db")}
        many, lines = folder / "nas.db", folder / "many.jsonl"
        with Store.open(str(many), create=True) as store:
            scale = time_scale(store, str(many), count)
        size_mb = many.stat().st_size / 1e6
        with Store.open(str(many), create=False) as store:
            scale |= time_copies(store, lines, count)
        file_mb = lines.stat().st_size / 1e6
    return [
        f"## SQLite {sqlite3.sqlite_version}, beside Optuna {optuna.__version__}",
        "",
        *table(alone | read),
        "",
        f"Files of {trials} evaluations: store {kib['beside.db'] / trials:.1f} KiB each, "
        f"Optuna {kib['optuna.db'] / trials:.1f} KiB each.",
        "",
        f"## A study of {count:,} evaluations in a SQLite file",
        "",
        *table(scale),
        "",
        f"The file has {size_mb:.0f} MB ({size_mb / count * 1e6:,.0f} bytes an evaluation), its "
        f"JSON lines {file_mb:.0f} MB.",
        "",
    ]


def postgresql_part(url: str, count: int) -> list[str]:
    """The store on the PostgreSQL at a URL, in an empty database."""
    with tempfile.TemporaryDirectory() as name, Store.open(url, create=True) as store:
        scale = time_scale(store, url, count)
        scale |= time_copies(store, Path(name) / "many.jsonl", count)
    return [f"## A study of {count:,} evaluations on PostgreSQL", "", *table(scale), ""]


def main() -> None:
    """Run, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database, measured as well")
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    lines = [*HEAD, *sqlite_part(options.trials, options.evaluations)]
    if options.postgresql:
        lines += postgresql_part(options.postgresql, options.evaluations)
    lines += [f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."]
    text = "\n".join(lines) + "\n"
    print(text)
    options.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Times of the store on a SQLite file, beside Optuna's own SQL storage in the same run.

    python benchmarks/store.py [--evaluations 100000] [--trials 300]

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
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import optuna

from nas.pareto import Sense
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord, Store

PARAMETERS = {f"stages.{i // 4}.blocks.{i % 4}.kernel": (3, 5, 7) for i in range(20)}
OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {}),
    ObjectiveRecord("energy_mj", Sense.MINIMIZE, "mJ", {}),
)
TOGETHER = 50


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


def time_scale(store: Store, count: int) -> dict[str, list[Took]]:
    """A study of `count` evaluations: written, read, listed."""
    records = evaluations(count, seed=0)
    study_id = store.create_study("many", spec={}, objectives=OBJECTIVES).id
    batches = [records[i : i + TOGETHER] for i in range(0, count, TOGETHER)]
    times = {
        f"store: record, {TOGETHER} together, up to {count:,}": [
            Took.by(partial(store.record, study_id, batch), things=len(batch)) for batch in batches
        ],
        f"store: read {count:,} back": [Took.by(partial(store.evaluations, study_id))],
    }
    store.save_front(study_id, range(0, count, max(count // 200, 1)))
    times["store: read a front of 200"] = _repeat(partial(store.front, study_id))
    times["store: list the studies with counts"] = _repeat(store.studies)
    times["store: open"] = _repeat(lambda: Store.open(store.location, create=False).close())
    return times


def _repeat(action: Callable[[], object]) -> list[Took]:
    return [Took.by(action) for _ in range(9)]


def time_beside_optuna(store: Store, folder: Path, trials: int) -> dict[str, list[Took]]:
    """One at a time: the store, Optuna and a bare flush in turns, so that all meet the same."""
    study_id = store.create_study("alone", spec={}, objectives=OBJECTIVES).id
    records = evaluations(trials, seed=1)
    peer = _optuna_study(folder / "optuna.db")
    ours, theirs, flushes = [], [], []
    with (folder / "flush").open("wb") as file:
        for record in records:
            ours.append(Took.by(partial(store.record, study_id, [record])))
            theirs.append(Took.by(partial(_trial, peer)))
            flushes.append(Took.by(partial(_flush, file)))
    return {
        "store: record one at a time": ours,
        "optuna RDBStorage: one trial": theirs,
        "this disk: one flush of 4 KiB": flushes,
    }


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


def print_table(times: dict[str, list[Took]]) -> None:
    """Milliseconds of each: wall median, 5th and 95th of a hundred, processor mean."""
    width = max(map(len, times))
    print(f"{'milliseconds each':<{width}} {'median':>10} {'5%':>10} {'95%':>10} {'cpu mean':>10}")
    for what, took in times.items():
        walls = sorted(one.wall_s * 1e3 for one in took)
        low, middle, high = (walls[int(share * (len(walls) - 1))] for share in (0.05, 0.5, 0.95))
        cpu = sum(one.cpu_s for one in took) / len(took) * 1e3
        print(f"{what:<{width}} {middle:>10.2f} {low:>10.2f} {high:>10.2f} {cpu:>10.2f}")


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(str(folder / "nas.db"), create=True) as store:
            beside = time_beside_optuna(store, folder, options.trials)
            scale = time_scale(store, options.evaluations)
        size_mb = (folder / "nas.db").stat().st_size / 1e6
    print_table(beside | scale)
    print(f"file of {options.evaluations + options.trials:,} evaluations: {size_mb:.0f} MB")


if __name__ == "__main__":
    main()

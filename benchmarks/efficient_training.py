"""Plain training and ways to save work → `benchmarks/efficient_training.md`.

    python -m benchmarks.efficient_training --data DIR --task digits --task cifar10 [--way plain]
    python -m benchmarks.efficient_training --page

Each training is a line in `build/efficient_training.jsonl`: a run which was stopped goes on
where it was. A way to save work must beat the plain one that trains for fewer epochs: that saves
work too.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas.accuracy.growing_epochs import GrowingEpochs
from nas.accuracy.pruned_epochs import FULL_FROM, Curriculum, EpochPlan, Epochs
from nas.accuracy.recipe import recipe_for
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.graph.lower import lower
from nas.images.pictures import Pictures
from nas.images.reading import read_pictures
from nas.images.splits import split
from nas.networks.build import build
from nas.space.architecture import Architecture, Image
from nas.space.catalog import find_space

RUNS = Path("build/efficient_training.jsonl")
PAGE = Path("benchmarks/efficient_training.md")
SEEDS = (0, 1, 2)

_BACKWARD_AND_FORWARD = 3  # a backward pass computes the gradients of inputs and of weights
_FEWER = 0.6
_CIFAR = Path("cifar10_jpeg") / "cifar10_jpeg.parquet"


@dataclass(frozen=True)
class Task:
    """Data, and how long to train on how many of them."""

    name: str
    title: str
    place: Callable[[Path], str]
    resolution: int
    epochs: int
    most: int | None


TASKS = {
    "digits": Task("digits", "digits", lambda data: "digits", 28, 20, None),
    "cifar10": Task("cifar10", "CIFAR-10", lambda data: str(data / _CIFAR), 32, 12, 5000),
    "longer": Task("longer", "CIFAR-10, longer", lambda data: str(data / _CIFAR), 32, 30, 5000),
    "whole": Task("whole", "CIFAR-10, all of it", lambda data: str(data / _CIFAR), 32, 12, None),
}


class SelectiveEpochs(Epochs):
    """Selective backpropagation (Jiang et al., 2019), on losses of the epoch before.

    A picture is trained on with the probability of its loss's rank among all, without weights;
    every third epoch and the last ones train on everything.
    """

    def plan(self, epoch: int) -> EpochPlan:
        """All pictures, or those whose losses are high more often than the others."""
        plan = super().plan(epoch)
        if epoch % 3 == 0 or epoch >= FULL_FROM * self._epochs:
            return plan
        ranks = np.argsort(np.argsort(self._losses)) / len(self._losses)
        chosen = np.random.default_rng([self._seed, epoch, 1]).random(len(ranks)) < ranks
        return replace(plan, positions=plan.positions[chosen[plan.positions]])


_RISING = partial(GrowingEpochs, fidelity="resolution")

WAYS: dict[str, tuple[str, Callable[..., Curriculum], float]] = {
    "plain": ("plain", Epochs, 1.0),
    "fewer": (f"plain, {1 - _FEWER:.0%} fewer epochs", Epochs, _FEWER),
    "pruned": ("unbiased pruning, half", partial(Epochs, skipped=0.5), 1.0),
    "harder": ("unbiased pruning, 7 of 10", partial(Epochs, skipped=0.7), 1.0),
    "tight": ("unbiased pruning, half, and 20% fewer epochs", partial(Epochs, skipped=0.5), 0.8),
    "selective": ("selective backpropagation", SelectiveEpochs, 1.0),
    "sizes": ("progressive resolution", _RISING, 1.0),
    "both": ("pruning half, and resolution", partial(_RISING, skipped=0.5), 1.0),
}
"""What each is called, what its epochs are, and its share of the epochs."""


@dataclass(frozen=True)
class Run:
    """One training."""

    task: str
    way: str
    seed: int
    accuracy: float
    wall_s: float
    cpu_s: float
    samples: int
    training_macs: float


def network_of(task: Task) -> Architecture:
    """A small network of `tiny_mobilenet`."""
    space = find_space("tiny_mobilenet").for_classes(10)
    choices: dict[str, Any] = {v.name: v.values[0] for v in space.variables}
    choices |= {f"stage{stage}.depth": 2 for stage in (2, 3, 4)}
    return space.architecture(space.encode({**choices, "resolution": task.resolution}))


def macs_at(architecture: Architecture, resolution: int) -> int:
    """MACs of one inference at a resolution."""
    return lower(replace(architecture, image=Image(3, resolution, resolution))).macs


def train(task: Task, way: str, seed: int, pictures: Pictures) -> Run:
    """Train once, on one thread, and test on pictures that were not trained on."""
    splits = split(pictures)
    chosen = np.sort(np.random.default_rng(0).permutation(splits.train)[: task.most])
    _, make, share = WAYS[way]
    epochs = round(task.epochs * share)
    recipe = recipe_for(pictures, epochs=epochs).model_copy(update={"batch": 64})
    architecture = network_of(task)
    network = build(architecture, seed=seed)
    training = Training(
        network,
        TrainingData(pictures, chosen, task.resolution),
        recipe,
        seed=seed,
        curriculum=make(len(chosen), epochs=epochs, resolution=task.resolution, seed=seed),
    )
    wall, cpu = time.monotonic(), time.process_time()
    *_, last = training.epochs()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    held_out = (
        np.concatenate([splits.validation, splits.test]) if task.most is None else splits.test
    )
    accuracy = top1_accuracy(network, TrainingData(pictures, held_out, task.resolution))
    macs = sum(count * macs_at(architecture, size) for size, count in last.samples.items())
    samples = sum(last.samples.values())
    return Run(task.name, way, seed, accuracy, wall, cpu, samples, _BACKWARD_AND_FORWARD * macs)


def stored() -> list[Run]:
    """What was run so far."""
    if not RUNS.is_file():
        return []
    return [Run(**json.loads(line)) for line in RUNS.read_text(encoding="utf-8").splitlines()]


def run_all(data: Path, tasks: Sequence[str], ways: Sequence[str]) -> None:
    """Run what is missing, each way once with each seed in turn."""
    RUNS.parent.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    for task in (TASKS[name] for name in tasks):
        pictures = read_pictures(task.place(data), largest=task.resolution)
        for seed in SEEDS:
            for way in ways:
                if any((r.task, r.way, r.seed) == (task.name, way, seed) for r in stored()):
                    continue
                run = train(task, way, seed, pictures)
                with RUNS.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(asdict(run)) + "\n")
                print(
                    f"{task.name} {way} {seed}: {run.accuracy:.2f}%, {run.cpu_s:.1f} s", flush=True
                )


def _with_error(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return f"{np.mean(values):.2f} ± {error:.2f}"


def table(task: Task, runs: Sequence[Run]) -> list[str]:
    """One line for each way, against the plain one with the same seeds."""
    by_way: dict[str, dict[int, Run]] = defaultdict(dict)
    for run in runs:
        if run.task == task.name:
            by_way[run.way][run.seed] = run
    lines = [
        "| way | seeds | accuracy % | less than plain, points | CPU s | wall s | samples "
        "| training GMACs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way, (title, _, _) in WAYS.items():
        found = [by_way[way][seed] for seed in sorted(by_way[way]) if seed in by_way["plain"]]
        plain = [by_way["plain"][run.seed] for run in found]
        if not found:
            continue
        less = [one.accuracy - run.accuracy for run, one in zip(found, plain, strict=True)]
        columns = {
            "cpu_s": ".1f",
            "wall_s": ".0f",
            "samples": ",.0f",
            "training_macs": ",.0f",
        }
        cells = [title, str(len(found)), _with_error([run.accuracy for run in found])]
        cells.append("" if way == "plain" else _with_error(less))
        for name, form in columns.items():
            mean = np.mean([getattr(run, name) for run in found])
            usual = np.mean([getattr(run, name) for run in plain])
            unit = 1e9 if name == "training_macs" else 1
            change = "" if way == "plain" or name == "wall_s" else f" ({mean / usual - 1:+.0%})"
            cells.append(f"{mean / unit:{form}}{change}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def write_page() -> None:
    """The tables of what was run; what else is on the page is kept."""
    runs = stored()
    said, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    tables = {section.partition("\n")[0]: section for section in sections}
    for task in TASKS.values():
        if any(run.task == task.name for run in runs):
            tables[task.title] = "\n".join(section(task, runs))
    kept = [tables[task.title].strip() for task in TASKS.values() if task.title in tables]
    PAGE.write_text("\n\n## ".join([said.strip(), *kept]) + "\n", encoding="utf-8")


def section(task: Task, runs: Sequence[Run]) -> list[str]:
    """A task in words, and its table."""
    count = f"{task.most:,} training pictures" if task.most else "all training pictures"
    macs = macs_at(network_of(task), task.resolution) / 1e6
    told = (
        f"{count}, {task.epochs} epochs, {task.resolution} pixels, a network of {macs:.1f} M MACs."
    )
    return [task.title, "", told, "", *table(task, runs)]


def main() -> None:
    """Run trainings, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--task", action="append", choices=list(TASKS), default=[])
    parser.add_argument("--way", action="append", choices=list(WAYS), default=[])
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    run_all(given.data, given.task, given.way or list(WAYS))
    if given.page:
        write_page()


if __name__ == "__main__":
    main()

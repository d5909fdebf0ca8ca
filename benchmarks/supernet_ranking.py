"""NAS-Bench-Macro + CIFAR-10 → how well a supernet, proxies and counts rank trained networks.

    python -m benchmarks.supernet_ranking --data DIR [--work DIR] [--resolution 16]

Ranks 300 random networks, whose true accuracies the benchmark holds, and prints a table for
`benchmarks/accuracy.md`. The supernet is trained on pictures scaled to `--resolution`, which a
single core can afford; every step is kept in `--work` and gone on from.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from nas.accuracy.augment import prepare
from nas.accuracy.inherited import InheritedEvaluator
from nas.accuracy.judges import Proxy
from nas.accuracy.proxies import score
from nas.accuracy.recipe import Recipe
from nas.accuracy.sandwich import FILE, SupernetProgress, train_supernet
from nas.accuracy.trust import trust
from nas.images.pictures import Pictures
from nas.images.reading import read_pictures
from nas.images.splits import Splits, split
from nas.space.architecture import Architecture
from nas.space.catalog import find_space
from nas.space.space import SearchSpace
from nas.space.tables import nas_bench_macro

NETWORKS = 300
VALIDATION = 1000
PROXY_PICTURES = 32
KNOWN, DRAWS = 30, 20

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """The networks to rank, at the resolution of the supernet, and what they came to."""

    space: SearchSpace
    networks: list[Architecture]
    codes: NDArray[np.int64]
    accuracies: Floats

    @property
    def blocks(self) -> Floats:
        """How many blocks of each network are not the identity."""
        return (self.codes != 0).sum(axis=1).astype(float)


def read_task(data: Path, resolution: int) -> Task:
    """300 random rows of the benchmark; its space with another input size."""
    space = find_space("nas_bench_macro")
    image = space.declaration.input.model_copy(update={"resolution": (resolution,)})
    space = SearchSpace.from_declaration(space.declaration.model_copy(update={"input": image}))
    file = data / "nas_bench_macro" / "nas_bench_macro_cifar10.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as stored:
        rows = list(csv.DictReader(stored))
    drawn = np.random.default_rng(0).choice(len(rows), NETWORKS, replace=False)
    chosen = [rows[index] for index in drawn]
    return Task(
        space,
        [space.architecture(space.encode(nas_bench_macro(row))) for row in chosen],
        np.array([[int(digit) for digit in row["arch"]] for row in chosen]),
        np.array([float(row["mean_acc"]) for row in chosen]),
    )


def read_cifar(data: Path, count: int) -> tuple[Pictures, Splits]:
    """CIFAR-10 with that many training pictures."""
    pictures = read_pictures(str(data / "cifar10_jpeg" / "cifar10_jpeg.parquet"), largest=32)
    whole = split(pictures)
    rng = np.random.default_rng(0)
    train, validation = (
        np.sort(rng.permutation(part)[:size])
        for part, size in ((whole.train, count), (whole.validation, VALIDATION))
    )
    return pictures, Splits(train, validation, whole.test, 0, pictures.content_hash)


def kept(file: Path, networks: list[Architecture], say: Callable[[Architecture], float]) -> Floats:
    """A number for each network, written down as it comes; adds processor seconds."""
    found: dict[str, list[float]] = json.loads(file.read_text()) if file.exists() else {}
    for network in networks:
        if network.id not in found:
            started = time.process_time()
            value = say(network)
            found[network.id] = [value, time.process_time() - started]
            file.write_text(json.dumps(found))
    return np.array([found[network.id] for network in networks])


def proxy_scores(
    task: Task,
    pictures: Pictures,
    splits: Splits,
    work: Path,
    proxies: Iterable[Proxy] = tuple(Proxy),
) -> dict[str, Floats]:
    """Proxies of every network."""
    chosen = np.random.default_rng(0).permutation(splits.train)[:PROXY_PICTURES]
    side = task.space.declaration.input.resolution[0]
    pixels = torch.from_numpy(pictures.pixels[chosen])
    images = prepare(pixels, crop=pictures.crop, resolution=side)
    labels = torch.from_numpy(pictures.labels[chosen])

    def of(proxy: Proxy) -> Callable[[Architecture], float]:
        return lambda network: score(network, images, labels, seed=0, proxies=[proxy])[proxy]

    return {proxy: kept(work / f"{proxy}.json", task.networks, of(proxy)) for proxy in proxies}


def supernet_scores(
    task: Task, pictures: Pictures, splits: Splits, recipe: Recipe, work: Path
) -> Floats:
    """Validation accuracy of every network with inherited weights."""
    started = time.process_time()

    def say(progress: SupernetProgress) -> None:
        if progress.seen % (50 * recipe.batch) < recipe.batch:
            spent = time.process_time() - started
            seen = f"{progress.seen:,}/{progress.total:,}"
            print(f"{seen}  {progress.loss:.3f}  {spent:.0f} s", flush=True)

    train_supernet(
        task.space, pictures, splits, recipe, seed=0, folder=work, device="cpu", on_progress=say
    )
    print(f"trained in {time.process_time() - started:.0f} s of one core", flush=True)
    evaluator = InheritedEvaluator(task.space, work / FILE, pictures, splits, device="cpu")

    def accuracy(network: Architecture) -> float:
        (report,) = evaluator.evaluate(network, seed=0, folder=work)
        return report.accuracy

    return kept(work / "supernet.json", task.networks, accuracy)


def surrogate(features: Floats, truth: Floats) -> tuple[float, float]:
    """Mean τ and ρ on the networks left, after a fit on a few whose accuracy is known."""
    found = []
    for seed in range(DRAWS):
        order = np.random.default_rng(seed).permutation(len(truth))
        known, rest = order[:KNOWN], order[KNOWN:]
        model = make_pipeline(
            StandardScaler(), PolynomialFeatures(2), RidgeCV(np.logspace(-3, 3, 13))
        )
        model.fit(features[known], truth[known])
        agreed = trust(model.predict(features[rest]), truth[rest])
        found.append((agreed.kendall.value, agreed.spearman.value))
    tau, rho = np.mean(found, axis=0)
    return float(tau), float(rho)


def print_table(columns: Mapping[str, Floats], task: Task) -> None:
    """One line for each way to rank."""
    print("\n| ranked by | Kendall τ | 90% | Spearman ρ | 90% | s a network |")
    print("|---|---|---|---|---|---|")
    for name, values in columns.items():
        agreed = trust(values[:, 0], task.accuracies)
        tau, rho = agreed.kendall, agreed.spearman
        print(
            f"| {name} | {tau.value:.3f} | {tau.low:.3f} to {tau.high:.3f} | {rho.value:.3f} | "
            f"{rho.low:.3f} to {rho.high:.3f} | {np.median(values[:, 1]):.2f} |"
        )
    free = ("macs", "parameters", "depth")
    for title, names in (
        ("surrogate on counts", free),
        ("surrogate on counts and proxies", (*free, *(p.value for p in Proxy if p not in free))),
        ("surrogate on counts and supernet", (*free, "supernet")),
        ("surrogate on all", tuple(columns)),
    ):
        if all(name in columns for name in names):
            features = np.column_stack([columns[name][:, 0] for name in names])
            tau, rho = surrogate(features, task.accuracies)
            print(f"| {title} | {tau:.3f} | | {rho:.3f} | | |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--work", type=Path, default=Path("build/supernet_ranking"))
    parser.add_argument("--resolution", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=42_500, help="trained on")
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    task = read_task(arguments.data, arguments.resolution)
    pictures, splits = read_cifar(arguments.data, arguments.pictures)
    columns = {"blocks that are not the identity": np.column_stack([task.blocks, 0 * task.blocks])}
    recipe = Recipe(epochs=arguments.epochs, batch=64)
    columns["supernet"] = supernet_scores(task, pictures, splits, recipe, arguments.work)
    columns |= proxy_scores(task, pictures, splits, arguments.work)
    print_table(columns, task)


if __name__ == "__main__":
    main()

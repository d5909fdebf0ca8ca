"""Cheap trainings of a few networks → how far each kind ranks them as a long one does.

    OMP_NUM_THREADS=1 python -m benchmarks.fidelities --data DIR [--networks 10]

Random networks of `tiny_mobilenet` are trained on 5,000 pictures of CIFAR-10 to the end, and by
kinds of training that take a quarter of the work: fewer epochs, fewer pictures, smaller pictures.
What was trained is kept in `build/fidelities.json` and gone on from.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from nas.accuracy.recipe import recipe_for
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.accuracy.trust import draw_networks, trust
from nas.images.pictures import Indices, Pictures
from nas.images.reading import read_pictures
from nas.images.splits import split
from nas.networks.build import build
from nas.space.architecture import Architecture
from nas.space.catalog import find_space

WORK = Path("build/fidelities.json")
EPOCHS, SHARE = 12, 0.25
PICTURES = 5_000

Kind = Callable[[Architecture, Indices], tuple[Architecture, Indices, int]]
"""A network and all training pictures → the same of less work, and its epochs."""


def _smaller(network: Architecture, train: Indices) -> tuple[Architecture, Indices, int]:
    """Half the side."""
    side = round(network.image.height * math.sqrt(SHARE))
    image = replace(network.image, height=side, width=side)
    return replace(network, image=image), train, EPOCHS


def _fewer(network: Architecture, train: Indices) -> tuple[Architecture, Indices, int]:
    """Every network sees the same quarter of the pictures."""
    drawn = np.random.default_rng(0).permutation(train)[: round(SHARE * len(train))]
    return network, np.sort(drawn), EPOCHS


KINDS: dict[str, Kind] = {
    "all of it": lambda network, train: (network, train, EPOCHS),
    "a quarter of the epochs": lambda network, train: (network, train, round(SHARE * EPOCHS)),
    "a quarter of the pictures": _fewer,
    "half the resolution": _smaller,
}


def train(network: Architecture, kind: str, pictures: Pictures) -> tuple[float, float]:
    """Accuracy on validation pictures in %, and seconds of a core."""
    splits = split(pictures)
    drawn = np.sort(np.random.default_rng(1).permutation(splits.train)[:PICTURES])
    network, chosen, epochs = KINDS[kind](network, drawn)
    side = network.image.height
    module, began = build(network, seed=0), time.process_time()
    recipe = recipe_for(pictures, epochs=epochs).model_copy(update={"batch": 64})
    for _ in Training(module, TrainingData(pictures, chosen, side), recipe, seed=0).epochs():
        pass
    spent = time.process_time() - began
    return top1_accuracy(module, TrainingData(pictures, splits.validation, side)), spent


def main() -> None:
    """Train what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    given = parser.parse_args()
    torch.set_num_threads(1)
    space = find_space("tiny_mobilenet").up_to_resolution(32).for_classes(10)
    networks = draw_networks(space, given.networks, seed=0)
    place = given.data / "cifar10_jpeg" / "cifar10_jpeg.parquet"
    pictures = read_pictures(str(place), largest=32)
    found = json.loads(WORK.read_text(encoding="utf-8")) if WORK.is_file() else {}
    for network in networks:
        for kind in KINDS:
            if (key := f"{network.id} {kind}") not in found:
                found[key] = train(network, kind, pictures)
                WORK.parent.mkdir(exist_ok=True)
                WORK.write_text(json.dumps(found), encoding="utf-8")
    columns = {k: np.array([found[f"{one.id} {k}"] for one in networks]) for k in KINDS}
    whole, *cheap = KINDS
    print("| trained with | Kendall τ | 90% | median accuracy % | CPU s |\n|---|---|---|---|---|")
    for kind in (whole, *cheap):
        tau = trust(columns[kind][:, 0], columns[whole][:, 0]).kendall
        agreed = "| |" if kind == whole else f"{tau.value:.2f} | {tau.low:.2f} to {tau.high:.2f} |"
        accuracy, spent = np.median(columns[kind], axis=0)
        print(f"| {kind} | {agreed} {accuracy:.1f} | {spent:.1f} |")


if __name__ == "__main__":
    main()

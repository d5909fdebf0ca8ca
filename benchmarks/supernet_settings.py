"""A short training of a supernet with other settings → how right its networks are, as a table.

    OMP_NUM_THREADS=1 python -m benchmarks.supernet_settings --data DIR [--way plain ...]

Each way trains `tiny_mobilenet` for 3 epochs on 10,000 pictures of CIFAR-10, then tests the
smallest network, the largest and 36 random ones on 2,000 others, with the weights that they
inherit: 7 minutes of a core. Ways that were run are kept in `build/supernet_settings` and not run
again.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from nas.accuracy import sandwich
from nas.accuracy.extremes import extremes
from nas.accuracy.inherited import InheritedEvaluator
from nas.accuracy.on_pictures import suited
from nas.accuracy.recipe import recipe_for
from nas.images.reading import read_pictures
from nas.images.splits import split
from nas.space.catalog import find_space

WAYS: dict[str, tuple[str, bool, float, int]] = {
    "plain": ("first weights as `build` makes them", False, 0.2, 128),
    "shallow": ("blocks beside shortcuts begin at nothing", True, 0.2, 128),
    "half": ("and learning rate 0.1", True, 0.1, 128),
    "double": ("and learning rate 0.4", True, 0.4, 128),
    "fourfold": ("and learning rate 0.8", True, 0.8, 128),
    "small": ("and batches of 64", True, 0.2, 64),
    "chosen": ("and learning rate 0.4, batches of 64", True, 0.4, 64),
}
"""Its title, whether it begins shallow, its learning rate (for 128 pictures), its batch."""

_EPOCHS, _TRAINED_ON, _TESTED_ON, _NETWORKS = 3, 10_000, 2_000, 36
_SIDE = 48


def run(way: str, data: Path, folder: Path) -> dict[str, float]:
    """Train and test once."""
    _, shallow, learning_rate, batch = WAYS[way]
    pictures = read_pictures(str(data / "cifar10_jpeg" / "cifar10_jpeg.parquet"), largest=_SIDE)
    space = suited(find_space("tiny_mobilenet"), pictures)
    splits, rng = split(pictures), np.random.default_rng(1)
    splits = replace(
        splits,
        train=np.sort(rng.permutation(splits.train)[:_TRAINED_ON]),
        validation=np.sort(rng.permutation(splits.validation)[:_TESTED_ON]),
    )
    recipe = recipe_for(pictures, epochs=_EPOCHS).model_copy(
        update={"learning_rate": learning_rate, "batch": batch}
    )
    began = time.process_time()
    # Without patching, first weights would need an option that no user has a use for.
    with nullcontext() if shallow else patch.object(sandwich, "begin_shallow"):
        file = sandwich.train_supernet(space, pictures, splits, recipe, seed=0, folder=folder)
    took_s = time.process_time() - began
    evaluator = InheritedEvaluator(space, file, pictures, splits)
    found = []
    for code in (*extremes(space), *space.sample(_NETWORKS, seed=5)):
        *_, last = evaluator.evaluate(space.architecture(code), seed=0, folder=folder)
        found.append(last.accuracy)
    return {
        "smallest": found[0],
        "largest": found[1],
        "mean": float(np.mean(found[2:])),
        "cpu_s": took_s,
    }


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--way", action="append", choices=list(WAYS), default=[])
    parser.add_argument("--work", type=Path, default=Path("build/supernet_settings"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    for way in given.way or list(WAYS):
        file = given.work / way / "found.json"
        if not file.exists():
            found = run(way, given.data, given.work / way)
            file.write_text(json.dumps(found), encoding="utf-8")
    print("| settings | smallest % | largest % | mean of 36 % | CPU s |\n|---|---|---|---|---|")
    for way, (title, *_) in WAYS.items():
        file = given.work / way / "found.json"
        if file.exists():
            one = json.loads(file.read_text(encoding="utf-8"))
            cells = [f"{one[name]:.1f}" for name in ("smallest", "largest", "mean")]
            print(f"| {title} | {' | '.join(cells)} | {one['cpu_s']:.0f} |")


if __name__ == "__main__":
    main()

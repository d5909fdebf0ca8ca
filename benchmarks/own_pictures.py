"""A study on one's own pictures → three of its picks against MobileNetV2, trained alike.

    nas search --space tiny_mobilenet --device raspberry-pi-4 --data FILE --db DB --name NAME
    OMP_NUM_THREADS=1 python -m benchmarks.own_pictures --db DB --study NAME

MobileNetV2 at several widths and resolutions, on the stem and the head of the space and with
strides for small pictures, is what a person would scale by hand. All are trained from fresh
weights by one recipe on the same training pictures, and tested on the test pictures, by which
nothing was chosen. Several processes may run at once: each takes what none has taken.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas.accuracy.recipe import recipe_for
from nas.accuracy.training import Training
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.cost.catalog import find_model
from nas.graph.lower import lower
from nas.images.reading import read_pictures
from nas.images.splits import split
from nas.networks.build import build_to_train
from nas.report.front import FrontView, front_view
from nas.space.architecture import parse
from nas.space.schema import SpaceDeclaration
from nas.space.space import SearchSpace
from nas.store.store import Store

WORK = Path("build/own_pictures")

_STAGES = ((24, 2, 2), (32, 3, 2), (64, 4, 1), (96, 3, 1), (160, 3, 1), (320, 1, 1))
"""Width, depth and stride of each stage; the strides of the last ones are 1 for small pictures."""


@dataclass(frozen=True)
class Candidate:
    """A network to train, and what the model of the study's device says of it."""

    name: str
    text: str
    latency_ms: float
    macs: int


def mobilenet_v2(classes: int) -> SearchSpace:
    """MobileNetV2 of widths and resolutions, on the stem and the head of `tiny_mobilenet`."""
    stages = [
        {"name": f"stage{place}", "block": "mb", "width": width, "depth": depth, "stride": stride,
         "kernel": 3, "expansion": 6}
        for place, (width, depth, stride) in enumerate(_STAGES, start=1)
    ]  # fmt: skip
    declared = {
        "name": "small_mobilenet_v2",
        "title": "MobileNetV2 for small pictures",
        "source": "Sandler et al., MobileNetV2, CVPR 2018",
        "input": {"resolution": [28, 32, 40, 48]},
        "width_multiplier": [0.25, 0.35, 0.5, 0.75, 1.0],
        "rules": {"activation": "relu6", "width_divisor": 8},
        "stem": [
            {"block": "conv", "kernel": 3, "stride": 2, "width": 16},
            {"block": "mb", "kernel": 3, "expansion": 1, "width": 16},
        ],
        "stages": stages,
        "head": [
            {"block": "conv", "kernel": 1, "width": 320},
            {"block": "pool"},
            {"block": "fc", "width": classes},
        ],
    }
    declaration = SpaceDeclaration.model_validate_json(json.dumps(declared))
    return SearchSpace.from_declaration(declaration)


def candidates(
    view: FrontView, picks: list[str], scaled: list[str], classes: int
) -> list[Candidate]:
    """The picks of the study and the scaled networks, with their predicted latencies."""
    model = find_model(view.device).model
    found = [(f"pick: {name}", parse(view.pick(name).text)) for name in picks]
    space = mobilenet_v2(classes)
    for one in scaled:
        width, _, side = one.partition("/")
        code = space.encode({"width_multiplier": float(width), "resolution": int(side)})
        found.append((f"MobileNetV2 {one}", space.architecture(code)))
    return [
        Candidate(name, one.text, model.estimate(lower(one)).latency_ms, lower(one).macs)
        for name, one in found
    ]


def train(one: Candidate, spec: Mapping[str, Any], *, pictures: int, epochs: int) -> float:
    """Train a network on one thread; its accuracy on the test pictures, in %."""
    found = read_pictures(spec["data"], largest=96)
    splits = split(found, seed=spec["seed"])
    chosen = np.sort(np.random.default_rng(0).permutation(splits.train)[:pictures])
    architecture = parse(one.text)
    side = architecture.image.height
    network = build_to_train(architecture, seed=0)
    recipe = recipe_for(found, epochs=epochs)
    for epoch in Training(network, TrainingData(found, chosen, side), recipe, seed=0).epochs():
        print(f"{one.name}: epoch {epoch.number}, loss {epoch.loss:.3f}", flush=True)
    return top1_accuracy(network, TrainingData(found, splits.test, side))


def run(all_of_them: list[Candidate], spec: Mapping[str, Any], **how: int) -> None:
    """Train what no process has taken yet."""
    for one in all_of_them:
        file = WORK / f"{parse(one.text).id}-{how['pictures']}-{how['epochs']}.json"
        WORK.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        try:
            began = time.process_time()
            accuracy = train(one, spec, **how)
        except BaseException:
            file.unlink()
            raise
        cpu_s = time.process_time() - began
        file.write_text(json.dumps({**asdict(one), "accuracy": accuracy, "cpu_s": cpu_s}))


def table(all_of_them: list[Candidate], **how: int) -> list[str]:
    """What was trained, by latency, and each pick against MobileNetV2 at equal latency."""
    rows = []
    for one in all_of_them:
        file = WORK / f"{parse(one.text).id}-{how['pictures']}-{how['epochs']}.json"
        if file.is_file() and file.stat().st_size:
            rows.append(json.loads(file.read_text()) | asdict(one))
    scaled = sorted((r for r in rows if not r["name"].startswith("pick")), key=_latency)
    ahead = [
        r for i, r in enumerate(scaled) if all(r["accuracy"] > s["accuracy"] for s in scaled[:i])
    ]
    latencies = np.log([r["latency_ms"] for r in ahead])
    accuracies = [r["accuracy"] for r in ahead]
    lines = [
        "| network | predicted ms | MMACs | test accuracy % | points ahead at equal latency "
        "| latency at equal accuracy | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=_latency):
        better = quicker = ""
        if row["name"].startswith("pick"):
            at = np.interp(np.log(row["latency_ms"]), latencies, accuracies)
            better = f"{row['accuracy'] - at:+.1f}"
            if accuracies[0] <= row["accuracy"] <= accuracies[-1]:
                equal = np.exp(np.interp(row["accuracy"], accuracies, latencies))
                quicker = f"{row['latency_ms'] / equal - 1:+.0%}"
        lines.append(
            f"| {row['name']} | {row['latency_ms']:.2f} | {row['macs'] / 1e6:.1f} "
            f"| {row['accuracy']:.2f} | {better} | {quicker} | {row['cpu_s']:.0f} |"
        )
    return lines


def _latency(row: Mapping[str, Any]) -> float:
    return float(row["latency_ms"])


def main() -> None:
    """Train what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--db", required=True)
    parser.add_argument("--study", required=True)
    parser.add_argument("--picks", nargs="+", default=["fastest", "knee", "most-accurate"])
    parser.add_argument("--scaled", nargs="+", default=["0.25/32", "0.35/32", "0.35/48", "0.5/40"])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    with Store.open(given.db, create=False) as store:
        study = store.study(given.study)
        records = store.front(study.id)
    view = front_view(study, records, records, references=())
    classes = lower(parse(records[0].architecture_text)).output_shape[0]
    networks = candidates(view, given.picks, given.scaled, classes)
    how = {"pictures": given.pictures, "epochs": given.epochs}
    run(networks, study.spec, **how)
    print("\n".join(table(networks, **how)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

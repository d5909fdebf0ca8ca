"""The `mnasnet` space, its shipped predictor as the truth → tasks with a found reference front.

10^11 networks cannot be enumerated, so the reference is what a search without a budget finds: a
million random networks, then evolution of the non-dominated ones, from several seeds, together.
The predictor stands in for training here, and is exact by decree; costs are those of the shipped
device models, and of a model of an A100 fitted on the spot on Accel-NASBench's throughputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.efficiency.tasks import Codes, Task, Values, logged, volume
from nas.accuracy.predictor import find_predictor
from nas.cost.artefact import find_model
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.log import Measured
from nas.cost.model import CostModel, ModelKey
from nas.cost.population import PopulationScorer
from nas.errors import InputError
from nas.graph.network import Precision
from nas.pareto import Sense, front
from nas.space.catalog import find_space
from nas.space.tables import accel_nasbench

MNASNET_TASKS = {
    "mnasnet-tx2": ("jetson-tx2", "MnasNet space, TX2 latency", ("latency_ms",)),
    "mnasnet-pixel3": ("pixel-3", "MnasNet space, Pixel 3 latency", ("latency_ms",)),
    "mnasnet-a100": ("a100", "MnasNet space, A100 time per image", ("latency_ms",)),
    "mnasnet-tx2-energy": (
        "jetson-tx2",
        "MnasNet space, TX2 latency and energy",
        ("latency_ms", "energy_mj"),
    ),
}
"""Device, title and costs of each task on this space."""

_RANDOM, _CHUNK = 1_000_000, 100_000
_GENERATIONS, _OFFSPRING = 60, 10_000
_SEEDS = (0, 1, 2)


@cache
def a100(data: Path) -> Calibration:
    """A model of the time that an A100 takes per image, and its held-out error."""
    space = find_space("mnasnet")
    frame = pd.read_csv(data / "accel_nasbench/accel_nasbench.csv.gz")
    column = "throughput_a100_mean"
    rows = []
    for row in frame[frame[column] > 0].to_dict("records"):
        choices = accel_nasbench({str(name): value for name, value in row.items()})
        architecture = space.architecture(space.encode(choices))
        rows.append(Measured(architecture, 1000 / row[column], None, architecture.id))
    return calibrate(rows, ModelKey("a100", "accel-nasbench", Precision.FP32, 1, None))


def mnasnet_task(data: Path, work: Path, name: str) -> Task:
    """A task on the `mnasnet` space; its reference front is found once and kept in `work`."""
    if name not in MNASNET_TASKS:
        raise InputError(
            f"a task must be one of {', '.join(MNASNET_TASKS)}; got {name!r}; choose one of these"
        )
    device, title, costs = MNASNET_TASKS[name]
    model: CostModel = a100(data).model if device == "a100" else find_model(device).model
    space = find_space("mnasnet")
    scorer, predictor = PopulationScorer(space, model), find_predictor(space, "accuracy")

    def errors_of(codes: Codes) -> Values:
        return 100 - predictor.evaluate(codes.astype(np.int16)).mean

    def costs_of(codes: Codes) -> Values:
        scored = scorer.score(codes.astype(np.int16))
        return np.column_stack([getattr(scored, cost) for cost in costs])

    def evaluate(codes: Codes) -> Values:
        return np.column_stack([errors_of(codes), costs_of(codes)])

    counts = tuple(int(count) for count in space.cardinalities)
    file = work / f"reference-{name}.json"
    if not file.is_file():
        file.write_text(
            json.dumps(find_reference(evaluate, counts, 1 + len(costs)), indent=1) + "\n"
        )
    known = json.loads(file.read_text())
    return Task(
        *(name, title, counts, ("error_pct", *costs), errors_of, costs_of),
        *(np.array(known["low"]), np.array(known["high"]), known["volume"]),
    )


def find_reference(
    evaluate: Callable[[Codes], Values], counts: tuple[int, ...], objectives: int
) -> dict[str, object]:
    """The range of everything scored, and the hypervolume of the front of all seeds together.

    Returns:
        `low` and `high` on the scale of the score, `volume`, `scored` and, as a sign of how
        settled the front is, the volume of each seed alone.
    """
    searches = [_evolve(evaluate, counts, objectives, seed) for seed in _SEEDS]
    low = np.min([search[1] for search in searches], axis=0)
    high = np.max([search[2] for search in searches], axis=0)
    fronts = [(logged(search[0]) - low) / (high - low) for search in searches]
    return {
        "low": low.tolist(),
        "high": high.tolist(),
        "volume": volume(np.concatenate(fronts)),
        "volume_by_seed": [volume(found) for found in fronts],
        "scored": len(_SEEDS) * (_RANDOM + _GENERATIONS * _OFFSPRING),
    }


def _evolve(
    evaluate: Callable[[Codes], Values], counts: tuple[int, ...], objectives: int, seed: int
) -> tuple[Values, Values, Values]:
    """Values of the front found, and the least and most of everything scored, logged."""
    source = np.random.default_rng(seed)
    kept = _Kept(len(counts), objectives)
    lows, highs = [], []
    for step in range(_RANDOM // _CHUNK + _GENERATIONS):
        if step < _RANDOM // _CHUNK:
            codes = source.integers(counts, size=(_CHUNK, len(counts)))
        else:
            codes = offspring(kept.codes, counts, _OFFSPRING, source)
        values = evaluate(codes)
        lows.append(logged(values).min(axis=0))
        highs.append(logged(values).max(axis=0))
        kept.keep(codes, values)
    return kept.values, np.min(lows, axis=0), np.max(highs, axis=0)


class _Kept:
    """The non-dominated codes so far."""

    def __init__(self, choices: int, objectives: int) -> None:
        self.codes: Codes = np.empty((0, choices), dtype=np.int64)
        self.values: Values = np.empty((0, objectives))

    def keep(self, codes: Codes, values: Values) -> None:
        codes = np.concatenate([self.codes, codes])
        values = np.concatenate([self.values, values])
        best = front(values, [Sense.MINIMIZE] * values.shape[1])
        self.codes, self.values = codes[best], values[best]


def offspring(
    parents: Codes, counts: tuple[int, ...], count: int, source: np.random.Generator
) -> Codes:
    """Children of two random parents each, or of one, with about one choice changed."""
    first, second = source.integers(len(parents), size=(2, count))
    mixed = source.random((count, len(counts))) < 0.5
    crossed = source.random((count, 1)) < 0.5
    children = np.where(mixed & crossed, parents[second], parents[first])
    changed = source.random(children.shape) < 1.5 / len(counts)
    return np.where(changed, source.integers(counts, size=children.shape), children)


def reference_words(data: Path, work: Path) -> str:
    """How the reference fronts were found and how settled they are, for people."""
    known = [json.loads((work / f"reference-{name}.json").read_text()) for name in MNASNET_TASKS]
    apart = max(1 - min(one["volume_by_seed"]) / one["volume"] for one in known)
    error = a100(data).latency_error
    return (
        f"`mnasnet` has {find_space('mnasnet').size:,} networks. Its shipped accuracy predictor "
        "stands in for training and is taken as the truth. The reference front is what "
        f"{known[0]['scored']:,} evaluations find: from each of {len(_SEEDS)} seeds "
        f"{_RANDOM:,} random networks, then {_GENERATIONS} generations of {_OFFSPRING:,} from "
        f"those not dominated. The seeds' fronts alone fall short of all together by at most "
        f"{apart:.1e} of its hypervolume. Objectives are scaled over everything scored. The A100 "
        "is `nas calibrate`'s model, fitted here on Accel-NASBench's throughputs "
        f"({error.samples:,} networks, held-out median error {error.median:.1%}, Spearman "
        f"{error.spearman:.4f}): milliseconds per image at that benchmark's batch."
    )

"""The `mnasnet` space, its shipped predictor as the truth → tasks with a found reference front.

10^11 networks cannot be enumerated, so the reference is what a search without a budget finds: a
million random networks, then evolution of the non-dominated ones, from several seeds, together.
The predictor stands in for training here, and is exact by decree; costs are those of the shipped
device models, and of a model of an A100 fitted on the spot on Accel-NASBench's throughputs.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.efficiency.reference import WHOLE, find_reference
from benchmarks.efficiency.tasks import Codes, Task, Values
from nas.accuracy.predictor import find_predictor
from nas.cost.calibrate import Calibration, calibrate
from nas.cost.catalog import find_model
from nas.cost.log import Measured
from nas.cost.model import CostModel, ModelKey
from nas.cost.population import PopulationScorer
from nas.errors import InputError
from nas.graph.network import Precision
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
        rows.append(Measured.of(architecture, 1000 / row[column], None, architecture.id))
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

    choices = tuple(variable.values for variable in space.variables)
    file = work / f"reference-{name}.json"
    if not file.is_file():
        file.write_text(
            json.dumps(find_reference(evaluate, tuple(map(len, choices))), indent=1) + "\n"
        )
    known = json.loads(file.read_text())
    return Task(
        *(name, title, choices, ("error_pct", *costs), errors_of, costs_of),
        *(np.array(known["low"]), np.array(known["high"]), known["volume"]),
    )


def reference_words(data: Path, work: Path) -> str:
    """How the reference fronts were found and how settled they are, for people."""
    known = [json.loads((work / f"reference-{name}.json").read_text()) for name in MNASNET_TASKS]
    apart = max(1 - min(one["volume_by_seed"]) / one["volume"] for one in known)
    error = a100(data).latency_error
    return (
        f"`mnasnet` has {find_space('mnasnet').size:,} networks. Its shipped accuracy predictor "
        "stands in for training and is taken as the truth. The reference front is what "
        f"{known[0]['scored']:,} evaluations find: from each of {len(WHOLE.seeds)} seeds "
        f"{WHOLE.random:,} random networks, then {WHOLE.generations} generations of "
        f"{WHOLE.offspring:,} from "
        f"those not dominated. The seeds' fronts alone fall short of all together by at most "
        f"{apart:.1e} of its hypervolume. Objectives are scaled over everything scored. The A100 "
        "is `nas calibrate`'s model, fitted here on Accel-NASBench's throughputs "
        f"({error.samples:,} networks, held-out median error {error.median:.1%}, Spearman "
        f"{error.spearman:.4f}): milliseconds per image at that benchmark's batch."
    )

"""Names of objectives → their sense, unit and words: the one list that every layer reads."""

from __future__ import annotations

from dataclasses import dataclass

from nas.pareto import Sense


@dataclass(frozen=True, slots=True)
class Objective:
    """What a search can aim for.

    Args:
        name: Its key in study files and stored values; holds the unit where there is one.
        sense: Which way it is better.
        unit: For people.
        title: For people.
        evaluated: Whether an evaluator says it; all others are costs, known before evaluation.
    """

    name: str
    sense: Sense
    unit: str
    title: str
    evaluated: bool = False


_ALL = (
    Objective("accuracy", Sense.MAXIMIZE, "%", "Accuracy", evaluated=True),
    Objective("train_time_s", Sense.MINIMIZE, "s", "Training time", evaluated=True),
    Objective("latency_ms", Sense.MINIMIZE, "ms", "Latency"),
    Objective("energy_mj", Sense.MINIMIZE, "mJ", "Energy"),
    Objective("peak_memory_bytes", Sense.MINIMIZE, "B", "Peak memory"),
    Objective("macs", Sense.MINIMIZE, "", "MACs"),
    Objective("parameters", Sense.MINIMIZE, "", "Parameters"),
)

OBJECTIVES = {objective.name: objective for objective in _ALL}

"""Stored studies of any size and order of evaluations, for tests of what is read from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from nas.pareto import Sense
from nas.space.architecture import Architecture
from nas.space.catalog import find_space
from nas.store import EvaluationRecord, EvaluationState, ObjectiveRecord, Store, StudyRecord

OBJECTIVES = (
    ObjectiveRecord("accuracy", Sense.MAXIMIZE, "%", {"kind": "predicted", "source": "a table"}),
    ObjectiveRecord("latency_ms", Sense.MINIMIZE, "ms", {"kind": "predicted"}),
)


def begun(
    store: Store,
    name: str = "small",
    *,
    objectives: Sequence[ObjectiveRecord] = OBJECTIVES,
    **spec: Any,
) -> StudyRecord:
    """A study without evaluations."""
    asked = {"name": name, "space": "nas_bench_macro", "device": "pixel-3", "limits": {}, **spec}
    return store.create_study(name, spec=asked, objectives=objectives)


def records(
    values: Sequence[tuple[float, ...]],
    numbers: Iterable[int] | None = None,
    *,
    objectives: Sequence[ObjectiveRecord] = OBJECTIVES,
) -> list[EvaluationRecord]:
    """Complete evaluations of different networks with these values, numbered from 0 or so."""
    numbers = range(len(values)) if numbers is None else list(numbers)
    networks = _networks(-(-(max(numbers, default=0) + 1) // 500) * 500)
    found = []
    for number, row in zip(numbers, values, strict=True):
        network, choices = networks[number]
        named = {one.name: value for one, value in zip(objectives, row, strict=True)}
        found.append(
            EvaluationRecord(
                number, network.id, network.text, choices, EvaluationState.COMPLETE, named
            )
        )
    return found


@lru_cache
def _networks(count: int) -> list[tuple[Architecture, dict[str, int | float | str]]]:
    space, found = find_space("nas_bench_macro"), {}
    for code in space.codes_at(np.arange(space.size)):
        network = space.architecture(code)
        found.setdefault(network.id, (network, space.decode(code)))
        if len(found) == count:
            break
    return list(found.values())

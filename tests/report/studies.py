"""A study of real networks with real costs, small enough to be made in every test run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from nas.pareto import front
from nas.report.front import FrontView, front_view
from nas.search.problem import Problem, make_problem
from nas.search.study import StudySpec
from nas.store.records import EvaluationRecord, EvaluationState, StudyRecord

DEVICE = "jetson-tx2"
OBJECTIVES = ("accuracy", "latency_ms", "energy_mj", "peak_memory_bytes")


@lru_cache
def problem() -> Problem:
    """MnasNet on a Jetson TX2, with the shipped predictor."""
    limits = {"max_latency_ms": 30.0}
    spec = {"name": "s", "space": "mnasnet", "device": DEVICE, "objectives": OBJECTIVES}
    return make_problem(StudySpec.model_validate({**spec, "limits": limits}))


@lru_cache
def study(count: int = 300) -> tuple[StudyRecord, tuple[EvaluationRecord, ...]]:
    """Networks drawn at random, in the order in which they were drawn."""
    asked = problem()
    codes = asked.space.sample(count, seed=7)
    columns = {**asked.known(codes), **asked.evaluate(codes)}
    records = tuple(
        EvaluationRecord(
            number,
            asked.space.architecture(code).id,
            asked.space.architecture(code).text,
            asked.space.decode(code),
            EvaluationState.COMPLETE,
            {name: float(columns[name][number]) for name in OBJECTIVES},
        )
        for number, code in enumerate(codes)
    )
    objectives = tuple(asked.objective_records())
    return StudyRecord(1, "s", asked.stored_spec(), objectives, datetime.now(UTC), None), records


def viewed(count: int = 300, *, until: int | None = None) -> FrontView:
    """The front of the first networks of the study."""
    stored, records = study(count)
    some = records[:until]
    senses = [objective.sense for objective in stored.objectives]
    kept = front([[one.values[name] for name in OBJECTIVES] for one in some], senses)
    return front_view(stored, some, [some[index] for index in kept])


def codes(count: int) -> np.ndarray:
    """Codes of the space of the study."""
    return problem().space.sample(count, seed=1)

"""Writes the small database of the newest schema that later versions must still read.

Run once for each new migration, before its release, and commit the file:

    python -m tests.store.make_schema_file tests/store/data/schema_0002.db
"""

from __future__ import annotations

import sys

from nas.store import EvaluationState, Store
from tests.store.contract import OBJECTIVES, SPEC, evaluation

NAME = "phones"
RECORDS_0001 = [
    evaluation(0),
    evaluation(1),
    evaluation(
        2,
        state=EvaluationState.OVER_LIMIT,
        values={"latency_ms": 40.5},
        reason="`latency_ms` must be at most 30; got 40.5",
    ),
    evaluation(3, state=EvaluationState.FAILED, values={}, reason="the evaluator was killed"),
]
RECORDS = [
    *RECORDS_0001,
    evaluation(
        4,
        state=EvaluationState.STOPPED,
        values={"latency_ms": 12.5},
        reports=((0.25, 31.5), (0.5, 44.0)),
        spent={"wall_s": 12.25, "energy_j": 310.0},
        reason="behind others at half of the budget",
    ),
]


def make(path: str) -> None:
    """Write a finished study of `RECORDS` with a front of two."""
    with Store.open(path, create=True) as store:
        study = store.create_study(NAME, spec=SPEC, objectives=OBJECTIVES)
        store.record(study.id, RECORDS)
        store.save_front(study.id, [1, 0])
        store.finish(study.id)


if __name__ == "__main__":
    make(sys.argv[1])

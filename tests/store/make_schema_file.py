"""Writes the small database of the newest schema that later versions must still read.

Run once for each new migration, before its release, and commit the file:

    python -m tests.store.make_schema_file tests/store/data/schema_0003.db
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from nas.store import AccountRecord, EvaluationState, Store
from nas.store.accounts import save_account
from tests.store.examples import OBJECTIVES, SPEC, evaluation

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
ACCOUNTS = [
    AccountRecord(
        0,
        "preparation",
        datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
        datetime(2026, 5, 4, 3, 4, 1, tzinfo=UTC),
        {"wall_s": 120.0, "cpu_s": 230.5},
        {"host": "here", "prepared": {"cpu_s": 231.0}},
    ),
    AccountRecord(
        1,
        "search",
        datetime(2026, 5, 4, 3, 4, 2, tzinfo=UTC),
        datetime(2026, 5, 4, 3, 5, 2, tzinfo=UTC),
        {"wall_s": 60.0, "cpu_s": 4.25, "cpu_energy_j": 900.0, "covered_cpu_s": 55.0},
        {"host": "here", "within": False, "cpu_meter": "rapl package, whole machine"},
    ),
]


def make(path: str) -> None:
    """Write a finished study of `RECORDS` with `ACCOUNTS` and a front of two."""
    with Store.open(path, create=True) as store:
        study = store.create_study(NAME, spec=SPEC, objectives=OBJECTIVES)
        store.record(study.id, RECORDS)
        store.save_front(study.id, [1, 0])
        for account in ACCOUNTS:
            save_account(store, study.id, account)
        store.finish(study.id)


if __name__ == "__main__":
    make(sys.argv[1])

"""Studies, evaluations and fronts ↔ rows of one SQL database; only here is SQL spoken."""

from nas.store.leases import Lease
from nas.store.records import (
    AccountRecord,
    DriverRecord,
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
    StudySummary,
)
from nas.store.store import Store

__all__ = [
    "AccountRecord",
    "DriverRecord",
    "EvaluationRecord",
    "EvaluationState",
    "Lease",
    "ObjectiveRecord",
    "Store",
    "StudyRecord",
    "StudySummary",
]

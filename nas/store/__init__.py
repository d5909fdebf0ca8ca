"""Studies, evaluations and fronts ↔ rows of one SQL database; only here is SQL spoken."""

from nas.store.records import (
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
    StudySummary,
)
from nas.store.store import Store

__all__ = [
    "EvaluationRecord",
    "EvaluationState",
    "ObjectiveRecord",
    "Store",
    "StudyRecord",
    "StudySummary",
]

"""Evaluations in responses: what became of each network of a study."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from nas.store import EvaluationRecord, EvaluationState


class EvaluationOut(BaseModel):
    """One network of a study and what became of it.

    `reason` says why it is not complete; `reports` are pairs of a share of the full budget and
    the accuracy there; `spent` is what it took, by unit.
    """

    number: int
    id: str
    architecture: str
    state: EvaluationState
    values: dict[str, float]
    choices: dict[str, int | float | str]
    reason: str | None
    reports: list[tuple[float, float]]
    spent: dict[str, float]
    finished_at: datetime

    @classmethod
    def of(cls, record: EvaluationRecord) -> EvaluationOut:
        """From the store."""
        assert record.finished_at is not None, "what was read has a time"
        return cls.model_construct(
            number=record.number,
            id=record.architecture_id,
            architecture=record.architecture_text,
            state=record.state,
            values=dict(record.values),
            choices=dict(record.choices),
            reason=record.reason,
            reports=list(record.reports),
            spent=dict(record.spent),
            finished_at=record.finished_at,
        )


class Evaluations(BaseModel):
    """Some evaluations of a study, by number.

    `next` is the `first` of the page that follows; null where there is none yet.
    """

    items: list[EvaluationOut]
    next: int | None
    limit: int

"""Evaluations and accounts to reckon with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nas.store import AccountRecord, EvaluationRecord, EvaluationState
from tests.store.examples import evaluation

WHEN = datetime(2026, 5, 4, tzinfo=UTC)
METERED = {"cpu_meter": "rapl package, whole machine"}


def took(number: int, /, **spent: float) -> EvaluationRecord:
    """A complete evaluation that took so much."""
    return evaluation(number, spent=spent)


def stopped(number: int, share: float, /, **spent: float) -> EvaluationRecord:
    return evaluation(
        number,
        state=EvaluationState.STOPPED,
        reports=((share, 50.0),),
        spent=spent,
        reason="behind",
    )


def taken_over(number: int) -> EvaluationRecord:
    return evaluation(number, reason="known from study other")


def account(
    spent: Mapping[str, float], *, purpose: str = "search", number: int = 0, **about: Any
) -> AccountRecord:
    """What a driver of evaluations on Ray spent, unless told otherwise."""
    return AccountRecord(number, purpose, WHEN, WHEN, spent, {"within": False, **about})

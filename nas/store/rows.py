"""Records ↔ rows: the JSON and the checks between our values and the tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Row

from nas.errors import StoreError
from nas.pareto import Sense
from nas.store.records import EvaluationRecord, EvaluationState, ObjectiveRecord, StudyRecord

_NAME_LENGTH = 200
_STATES = {state.value: state for state in EvaluationState}


def check_study(name: str, objectives: Sequence[ObjectiveRecord]) -> None:
    """Refuse a study that could not be told from another or has nothing to compare.

    Raises:
        StoreError: with the rule and the value received.
    """
    check_name(name)
    names = [objective.name for objective in objectives]
    if not names or len(set(names)) < len(names):
        raise StoreError(
            "`objectives` must be one or more of different names; "
            f"got {', '.join(names) or 'none'}"
        )


def check_name(name: str) -> None:
    """Refuse a name that a person could not read or type again.

    Raises:
        StoreError: with the rule and the value received.
    """
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= _NAME_LENGTH:
        raise StoreError(
            f"`name` of a study must be 1 to {_NAME_LENGTH} printable characters without spaces "
            f"around them; got {name[:_NAME_LENGTH]!r}"
        )


def objective_rows(study_id: int, objectives: Iterable[ObjectiveRecord]) -> list[dict[str, Any]]:
    """Rows of `objectives`, in order."""
    return [
        {
            "study_id": study_id,
            "position": position,
            "name": objective.name,
            "sense": objective.sense.value,
            "unit": objective.unit,
            "provenance": dict(objective.provenance),
        }
        for position, objective in enumerate(objectives)
    ]


def study_record(row: Row[Any], objectives: Iterable[Row[Any]]) -> StudyRecord:
    """A study from its row and those of its objectives, in order."""
    return StudyRecord(
        id=row.id,
        name=row.name,
        spec=row.spec,
        objectives=tuple(
            ObjectiveRecord(item.name, Sense(item.sense), item.unit, item.provenance)
            for item in objectives
        ),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def evaluation_rows(
    study_id: int, records: Sequence[EvaluationRecord], *, created_at: datetime
) -> list[dict[str, Any]]:
    """Rows of `evaluations`, in the order given."""
    return [
        {
            "study_id": study_id,
            "number": record.number,
            "architecture_id": record.architecture_id,
            "state": record.state.value,
            "choices": dict(record.choices),
            "values": {name: float(value) for name, value in record.values.items()},
            "reason": _storable(record.reason),
            "created_at": record.finished_at or created_at,
            "reports": [[float(x) for x in pair] for pair in record.reports] or None,
            "spent": {name: float(value) for name, value in record.spent.items()} or None,
        }
        for record in records
    ]


def _storable(reason: str | None) -> str | None:
    # The last words of a failed process may hold what no database stores; keep them readable.
    if reason is None:
        return None
    return reason.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def evaluation_record(row: Sequence[Any]) -> EvaluationRecord:
    """An evaluation from the columns of `queries.EVALUATIONS`."""
    number, architecture_id, text, choices, state, values, reason, reports, spent, at = row
    return EvaluationRecord(
        number,
        architecture_id,
        text,
        choices,
        _STATES[state],
        values,
        reason,
        tuple((share, accuracy) for share, accuracy in reports or ()),
        spent or {},
        at,
    )


def check_evaluations(records: Sequence[EvaluationRecord], objectives: Collection[str]) -> None:
    """Refuse evaluations that repeat each other or whose numbers are missing or not finite.

    Raises:
        StoreError: naming the network, and the number at fault.
    """
    for record in records:
        _check_way(record)
        for name, value in record.values.items():
            if not math.isfinite(value):
                raise StoreError(
                    f"`{name}` of network {record.architecture_id} must be a finite number; "
                    f"got {value}; record it as failed, with the reason"
                )
        missing = [name for name in objectives if name not in record.values]
        if missing and record.state is EvaluationState.COMPLETE:
            raise StoreError(
                f"a complete evaluation must have every objective; network "
                f"{record.architecture_id} lacks {', '.join(missing)}"
            )
    check_once("network", [record.architecture_id for record in records])
    check_once("number", [record.number for record in records])


def _check_way(record: EvaluationRecord) -> None:
    """Refuse reports and spendings that cannot be."""
    shares = [share for share, _ in record.reports]
    rising = all(low < high for low, high in pairwise([0.0, *shares]))
    if not rising or any(share > 1 for share in shares):
        raise StoreError(
            f"the shares of `reports` must rise within (0, 1]; network {record.architecture_id} "
            f"has {', '.join(map(str, shares))}"
        )
    for share, accuracy in record.reports:
        if not math.isfinite(accuracy):
            raise StoreError(
                f"`reports` of network {record.architecture_id} must be finite numbers; "
                f"got {accuracy} at {share}; record it as failed, with the reason"
            )
    if record.state is EvaluationState.STOPPED and not record.reports:
        raise StoreError(
            f"an evaluation that was stopped early must have a report; network "
            f"{record.architecture_id} has none; record it as failed, with the reason"
        )
    for name, amount in record.spent.items():
        if not (math.isfinite(amount) and amount >= 0):
            raise StoreError(
                f"`spent` must be finite and not negative; network {record.architecture_id} "
                f"has {name} {amount}"
            )


def check_once(kind: str, values: Sequence[object]) -> None:
    """Refuse what comes twice.

    Raises:
        StoreError: with what, and how often.
    """
    if len(set(values)) < len(values):
        [(twice, count)] = Counter(values).most_common(1)
        raise StoreError(
            f"each {kind} must be recorded once in a study; got {kind} {twice} {count} times"
        )

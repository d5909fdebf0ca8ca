"""What the store asks of its tables: statements on an open transaction, one question each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, delete, func, insert, select

from nas.errors import StoreError, UnknownNameError
from nas.store import drivers, rows, tables
from nas.store.records import EvaluationRecord, EvaluationState, StudyRecord, StudySummary

_K = TypeVar("_K")
_T = TypeVar("_T", bound=tuple[Any, ...])
_KEYS_PER_STATEMENT = 10_000  # SQLite takes at most 32,766 parameters.

EVALUATIONS = select(
    tables.evaluations.c.number,
    tables.architectures.c.id,
    tables.architectures.c.text,
    tables.evaluations.c.choices,
    tables.evaluations.c.state,
    tables.evaluations.c["values"],
    tables.evaluations.c.reason,
    tables.evaluations.c.reports,
    tables.evaluations.c.spent,
    tables.evaluations.c.created_at,
).join_from(tables.evaluations, tables.architectures)
"""The columns that `rows.evaluation_record` reads, without order or condition."""


def study(connection: Connection, name: str) -> StudyRecord:
    """The study of that name.

    Raises:
        UnknownNameError: with the names there are.
    """
    studies, objectives = tables.studies, tables.objectives
    found = connection.execute(select(studies).where(studies.c.name == name)).one_or_none()
    if found is None:
        raise UnknownNameError("study", name, connection.scalars(select(studies.c.name)))
    stated = select(objectives).where(objectives.c.study_id == found.id)
    return rows.study_record(found, connection.execute(stated.order_by(objectives.c.position)))


def objective_names(connection: Connection, study_id: int) -> list[str]:
    """The names of a study's objectives, in order; never empty.

    Raises:
        StoreError: if there is no such study.
    """
    objectives = tables.objectives
    names = connection.scalars(
        select(objectives.c.name)
        .where(objectives.c.study_id == study_id)
        .order_by(objectives.c.position)
    ).all()
    if not names:
        raise _unknown(study_id)
    return list(names)


def _unknown(study_id: int) -> StoreError:
    return StoreError(f"`study_id` must be that of a study in the store; got {study_id}")


def claim(connection: Connection, study_id: int) -> None:
    """Let no other transaction write to a study until this one ends.

    Only PostgreSQL has to be asked: two that add the same rows in another order would each wait
    for the other. On SQLite one transaction writes at a time.

    Raises:
        StoreError: if there is no such study.
    """
    studies = tables.studies
    query = select(studies.c.id).where(studies.c.id == study_id).with_for_update()
    if connection.scalar(query) is None:
        raise _unknown(study_id)


def summaries(connection: Connection, study_id: int | None = None) -> list[StudySummary]:
    """Every study, or one, with its counts, oldest first."""
    studies, objectives = tables.studies, tables.objectives
    stated = defaultdict(list)
    query = _of(select(objectives), objectives.c.study_id, study_id)
    for row in connection.execute(query.order_by(objectives.c.position)):
        stated[row.study_id].append(row)
    counts, front_sizes = _state_counts(connection, study_id), _front_sizes(connection, study_id)
    driven = drivers.drivers(connection)
    query = _of(select(studies), studies.c.id, study_id)
    return [
        StudySummary(
            study=rows.study_record(row, stated[row.id]),
            complete=counts.get((row.id, EvaluationState.COMPLETE), 0),
            stopped=counts.get((row.id, EvaluationState.STOPPED), 0),
            over_limit=counts.get((row.id, EvaluationState.OVER_LIMIT), 0),
            failed=counts.get((row.id, EvaluationState.FAILED), 0),
            front_size=front_sizes.get(row.id, 0),
            driver=driven.get(row.id),
        )
        for row in connection.execute(query.order_by(studies.c.id))
    ]


def _of(query: Select[_T], column: Column[int], study_id: int | None) -> Select[_T]:
    return query if study_id is None else query.where(column == study_id)


def _state_counts(connection: Connection, study_id: int | None) -> dict[tuple[int, str], int]:
    key = tables.evaluations.c.study_id, tables.evaluations.c.state
    query = _of(select(*key, func.count()), key[0], study_id).group_by(*key)
    return {(study, state): count for study, state, count in connection.execute(query)}


def _front_sizes(connection: Connection, study_id: int | None) -> dict[int, int]:
    key = tables.front_members.c.study_id
    query = _of(select(key, func.count()), key, study_id).group_by(key)
    return {study: count for study, count in connection.execute(query)}


def front(connection: Connection, study_id: int) -> list[EvaluationRecord]:
    """The members of a study's front, in its order."""
    members, evaluations = tables.front_members, tables.evaluations
    query = (
        EVALUATIONS.join(
            members,
            (members.c.study_id == evaluations.c.study_id)
            & (members.c.evaluation == evaluations.c.number),
        )
        .where(members.c.study_id == study_id)
        .order_by(members.c.position)
    )
    return [rows.evaluation_record(row) for row in connection.execute(query)]


def replace_front(connection: Connection, study_id: int, numbers: Sequence[int]) -> None:
    """Let a study have this front and no other.

    Raises:
        StoreError: if a number is not that of a complete evaluation of the study, or comes twice.
    """
    members = tables.front_members
    _check_front(connection, study_id, numbers)
    connection.execute(delete(members).where(members.c.study_id == study_id))
    if numbers:
        added = [
            {"study_id": study_id, "position": position, "evaluation": number}
            for position, number in enumerate(numbers)
        ]
        connection.execute(insert(members), added)


def _check_front(connection: Connection, study_id: int, numbers: Sequence[int]) -> None:
    """Refuse a front whose members are not complete evaluations of the study, each once.

    Raises:
        StoreError: with the numbers at fault.
    """
    rows.check_once("number", numbers)
    table = tables.evaluations
    complete: set[int] = set()
    for some in portions(numbers):
        query = select(table.c.number).where(
            table.c.study_id == study_id,
            table.c.number.in_(some),
            table.c.state == EvaluationState.COMPLETE.value,
        )
        complete.update(connection.scalars(query))
    if strangers := sorted(set(numbers) - complete):
        raise StoreError(
            "`front` must be complete evaluations of the study; "
            f"got number {', '.join(map(str, strangers[:5]))}"
        )


def portions(items: Sequence[_K]) -> Iterator[list[_K]]:
    """As many as one statement may name at a time."""
    rest = iter(items)
    while some := list(islice(rest, _KEYS_PER_STATEMENT)):
        yield some

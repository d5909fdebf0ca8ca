"""Studies and evaluations → rows: a name once in a store, a network and a number in a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from nas.errors import StoreError
from nas.store import queries, rows, tables
from nas.store.location import display
from nas.store.records import EvaluationRecord, ObjectiveRecord, StudyRecord


def add_study(
    connection: Connection,
    name: str,
    *,
    spec: Mapping[str, Any],
    objectives: Sequence[ObjectiveRecord],
    created_at: datetime | None = None,
    finished_at: datetime | None = None,
) -> StudyRecord:
    """Store a study without evaluations, begun now unless another time is given.

    Raises:
        StoreError: if the name is taken or not a name, or the objectives are not one or more of
            different names.
    """
    rows.check_study(name, objectives)
    row = {
        "name": name,
        "spec": dict(spec),
        "created_at": created_at or datetime.now(UTC),
        "finished_at": finished_at,
    }
    try:
        key = connection.execute(insert(tables.studies), row).inserted_primary_key
    except IntegrityError:
        raise name_taken(display(connection.engine.url), name) from None
    assert key is not None, "an inserted row has a key"
    connection.execute(insert(tables.objectives), rows.objective_rows(key[0], objectives))
    return queries.study(connection, name)


def name_taken(location: str, name: str) -> StoreError:
    """The error for a name that another study has.

    Args:
        location: Of the store, as it shows itself.
        name: The name.
    """
    return StoreError(
        f"`name` of a study must be new; {location} has {name!r} already; "
        "resume that study or choose another name"
    )


def record(
    connection: Connection,
    study_id: int,
    evaluations: Sequence[EvaluationRecord],
    *,
    again: bool,
) -> None:
    """Store evaluations and the networks that the store did not have.

    Args:
        connection: In a transaction that has the study to itself.
        study_id: The study.
        evaluations: To be stored.
        again: Whether they may be stored already, by a try whose answer was lost.

    Raises:
        StoreError: if they cannot be, with the reason.
    """
    rows.check_evaluations(evaluations, queries.objective_names(connection, study_id))
    if not evaluations or (again and _has(connection, study_id, evaluations)):
        return
    _add_architectures(connection, evaluations)
    added = rows.evaluation_rows(study_id, evaluations, created_at=datetime.now(UTC))
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.evaluations), added)
    except IntegrityError:
        raise _clash(connection, study_id, evaluations) from None


def _add_architectures(connection: Connection, records: Sequence[EvaluationRecord]) -> None:
    """Store the networks that the store does not have.

    Raises:
        StoreError: if one of them has the id of another network.
    """
    table = tables.architectures
    texts = {record.architecture_id: record.architecture_text for record in records}
    absent = dict(texts)
    for some in queries.portions(list(texts)):
        # Shared, so that a study which is deleted meanwhile does not take them along.
        query = (
            select(table).where(table.c.id.in_(some)).with_for_update(key_share=True, read=True)
        )
        for known, text in connection.execute(query):
            if absent.pop(known) != text:
                raise StoreError(
                    f"`id` of a network must be the hash of its text; {known} stands for "
                    f"{text!r} in the store; got {texts[known]!r}"
                )
    if absent:
        # Another process may add the same ones meanwhile: in one order, so that both get through.
        added = [{"id": key, "text": absent[key]} for key in sorted(absent)]
        if connection.dialect.name == "postgresql":
            connection.execute(postgresql.insert(table).on_conflict_do_nothing(), added)
        else:
            connection.execute(sqlite.insert(table).on_conflict_do_nothing(), added)


def _clash(
    connection: Connection, study_id: int, records: Sequence[EvaluationRecord]
) -> StoreError:
    """The error that names the first of these evaluations which the study has already."""
    table = tables.evaluations
    for some in queries.portions(records):
        found = connection.execute(
            select(table.c.number, table.c.architecture_id)
            .where(
                table.c.study_id == study_id,
                or_(
                    table.c.architecture_id.in_([record.architecture_id for record in some]),
                    table.c.number.in_([record.number for record in some]),
                ),
            )
            .order_by(table.c.number)
        ).first()
        if found is not None:
            return StoreError(
                "each network and number must be recorded once in a study; the study has "
                f"network {found.architecture_id} already, as number {found.number}"
            )
    return StoreError("each network and number must be recorded once in a study")


def _has(connection: Connection, study_id: int, records: Sequence[EvaluationRecord]) -> bool:
    """Whether a study holds exactly these evaluations among its own."""
    evaluations = tables.evaluations
    found: dict[int, EvaluationRecord] = {}
    for some in queries.portions(records):
        query = queries.EVALUATIONS.where(
            evaluations.c.study_id == study_id,
            evaluations.c.number.in_([record.number for record in some]),
        )
        found |= {row[0]: rows.evaluation_record(row) for row in connection.execute(query)}
    return all(
        (there := found.get(record.number)) is not None
        and (there.architecture_id, there.state) == (record.architecture_id, record.state)
        and (there.values, there.choices) == (record.values, record.choices)
        for record in records
    )

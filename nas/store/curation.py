"""Studies that are done → the same under another name, gone, or two of them as one.

Each is one transaction, and refuses a study that a live process drives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, text, update
from sqlalchemy.exc import IntegrityError

from nas.errors import StoreError
from nas.pareto import front
from nas.store import accounts, drivers, queries, recording, rows, tables
from nas.store.records import EvaluationRecord, EvaluationState, StudyRecord
from nas.store.store import Store

# What both studies of a merger must have been asked alike, by key of the spec.
_SAME = ("space", "device", "limits")
# Of two evaluations of one network, the one that got further is kept.
_PROGRESS = (
    EvaluationState.FAILED,
    EvaluationState.OVER_LIMIT,
    EvaluationState.STOPPED,
    EvaluationState.COMPLETE,
)


def rename_study(store: Store, name: str, to: str) -> None:
    """Give a study another name.

    Raises:
        UnknownNameError: if there is no such study.
        StoreError: if the new name is taken or not a name, or a live process drives the study.
    """
    rows.check_name(to)
    study, table = store.study(name), tables.studies
    statement = update(table).where(table.c.id == study.id)
    with store.transactions.own(study.id, None) as connection:
        try:
            connection.execute(statement.values(name=to, spec={**study.spec, "name": to}))
        except IntegrityError:
            raise recording.name_taken(store.location, to) from None


def delete_study(store: Store, name: str) -> None:
    """Remove a study with its evaluations, and the networks that no other study evaluated.

    Raises:
        UnknownNameError: if there is no such study.
        StoreError: if a live process drives the study.
    """
    study = store.study(name)
    networks, evaluations = tables.architectures, tables.evaluations
    with store.transactions.own(study.id, None) as connection:
        if connection.dialect.name == "postgresql":
            # A network that another study is about to refer to must not go: wait until those that
            # looked for theirs have ended, and let nobody look until this has.
            connection.execute(text("LOCK TABLE architectures IN EXCLUSIVE MODE"))
        connection.execute(delete(tables.studies).where(tables.studies.c.id == study.id))
        used = exists().where(evaluations.c.architecture_id == networks.c.id)
        connection.execute(delete(networks).where(~used))


def merge_studies(store: Store, first: str, second: str, *, into: str) -> StudyRecord:
    """A new study with the evaluations of two, each network once; both stay as they are.

    Of a network that both evaluated, the evaluation that got further is kept (complete before
    stopped, over a limit, failed); where both got as far, that of the first study. Numbers are
    given anew, those of the first study before those of the second.

    Raises:
        UnknownNameError: if there is no such study.
        StoreError: if the studies cannot be compared, the new name is taken or not a name, or a
            live process drives one of them.
    """
    studies = [store.study(name) for name in (first, second)]
    _check_alike(*studies)
    now = datetime.now(UTC)
    with store.transactions.write() as connection:
        for study in sorted(studies, key=lambda study: study.id):
            queries.claim(connection, study.id)
            drivers.check_free(connection, study.id)
        ours, theirs = (_evaluations(connection, study) for study in studies)
        spec = {**studies[0].spec, "name": into, "merged_from": [first, second]}
        merged = recording.add_study(
            connection,
            into,
            spec=spec,
            objectives=studies[0].objectives,
            finished_at=now if all(study.finished_at for study in studies) else None,
        )
        records = _united(ours, theirs)
        recording.record(connection, merged.id, records, again=False)
        queries.replace_front(connection, merged.id, _front(merged, records))
        spent = [one for study in studies for one in accounts.of_study(connection, study.id)]
        spent = [replace(one, number=number) for number, one in enumerate(spent)]
        accounts.put(connection, merged.id, spent)
    return merged


def _check_alike(first: StudyRecord, second: StudyRecord) -> None:
    if first.id == second.id:
        raise StoreError(f"two studies must be merged; got {first.name!r} twice")
    differing = [
        f"{key} ({_shown(first, key)} and {_shown(second, key)})"
        for key in _SAME
        if _meaning(first.spec, key) != _meaning(second.spec, key)
    ]
    names = [[objective.name for objective in study.objectives] for study in (first, second)]
    if names[0] != names[1]:
        differing.append(f"objectives ({' and '.join(map(', '.join, names))})")
    differing += [
        f"the model of {ours.name}"
        for ours, its in zip(first.objectives, second.objectives, strict=False)
        if ours.name == its.name and ours != its
    ]
    if differing:
        raise StoreError(
            "studies must agree in space, device, limits and objectives to be merged; "
            f"{first.name!r} and {second.name!r} differ in {'; '.join(differing)}"
        )


def _meaning(spec: Mapping[str, Any], key: str) -> Any:
    """A value of the spec; a space is what its fingerprint says, whatever file it came from."""
    if key == "space":
        return spec.get("space_sha256", spec.get("space"))
    value = spec.get(key)
    if isinstance(value, Mapping):  # A limit that is not given is no limit.
        return {name: limit for name, limit in value.items() if limit is not None}
    return value


def _shown(study: StudyRecord, key: str) -> str:
    value = _meaning(study.spec, key) if key != "space" else study.spec.get("space")
    return str(value or "none")


def _evaluations(connection: Connection, study: StudyRecord) -> list[EvaluationRecord]:
    table = tables.evaluations
    query = queries.EVALUATIONS.where(table.c.study_id == study.id).order_by(table.c.number)
    return [rows.evaluation_record(row) for row in connection.execute(query)]


def _united(
    ours: Sequence[EvaluationRecord], theirs: Sequence[EvaluationRecord]
) -> list[EvaluationRecord]:
    kept = {record.architecture_id: record for record in ours}
    for record in theirs:
        known = kept.get(record.architecture_id)
        if known is None or _PROGRESS.index(record.state) > _PROGRESS.index(known.state):
            kept[record.architecture_id] = record
    return [replace(record, number=number) for number, record in enumerate(kept.values())]


def _front(study: StudyRecord, records: Sequence[EvaluationRecord]) -> list[int]:
    """The numbers of the non-dominated ones among those that may be on a front."""
    floor = (study.spec.get("limits") or {}).get("min_accuracy")
    able = [
        record
        for record in records
        if record.state is EvaluationState.COMPLETE
        and (floor is None or record.values.get("accuracy", floor) >= floor)
    ]
    if not able:
        return []
    senses = [objective.sense for objective in study.objectives]
    values = [[record.values[objective.name] for objective in study.objectives] for record in able]
    return [able[index].number for index in front(values, senses)]

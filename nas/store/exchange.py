"""A study ↔ a file of JSON lines: a header, then one evaluation a line.

The header says the format, its version, the study, how many evaluations follow and which of them
are the front. Both ways hold one part of a study at a time, and leave nothing half-written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, Field
from sqlalchemy import Connection, func, select

from nas.declarations import Declaration, check
from nas.errors import DeclarationError, Problem, StoreError
from nas.pareto import Sense
from nas.store import accounts, queries, recording, rows, tables
from nas.store.json_text import to_json
from nas.store.records import (
    AccountRecord,
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
)
from nas.store.store import Store

_FORMAT, _VERSION = "nas-study", 1
_AT_A_TIME = 1000
_ID_DIGITS = 16
_ABSENT: dict[str, object] = {"reason": None, "reports": (), "spent": {}}
_Schema = TypeVar("_Schema", bound=Declaration)
_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Objective(Declaration):
    name: str
    sense: Sense
    unit: str
    provenance: dict[str, Any]


class _Account(Declaration):
    number: _Number
    purpose: Annotated[str, Field(max_length=32)]
    began_at: AwareDatetime
    until: AwareDatetime
    spent: dict[str, Annotated[float, Field(ge=0)]]
    about: dict[str, Any]


class _Header(Declaration):
    format: Literal["nas-study"]
    version: Literal[1]
    name: str
    spec: dict[str, Any]
    objectives: tuple[_Objective, ...]
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    evaluations: _Number
    front: tuple[_Number, ...]
    accounts: tuple[_Account, ...] = ()


class _Evaluation(Declaration):
    number: _Number
    id: str
    architecture: str
    choices: dict[str, int | float | str]
    state: EvaluationState
    values: dict[str, float]
    reason: str | None = None
    reports: tuple[tuple[float, float], ...] = ()
    spent: dict[str, float] = {}
    finished_at: AwareDatetime


def export_study(store: Store, name: str, file: Path) -> int:
    """Write a study to a file.

    Returns:
        How many evaluations it has.

    Raises:
        UnknownNameError: if there is no such study.
        OSError: if the file cannot be written; what was there is then as it was.
    """
    with store.transactions.read() as connection, _replacing(file) as out:
        study = queries.study(connection, name)
        header = _header(connection, study)
        out.write(to_json(header) + "\n")
        for record in _streamed(connection, study):
            out.write(to_json(_line(record)) + "\n")
    return int(header["evaluations"])


def check_study_file(file: Path) -> None:
    """Refuse a file that `import_study` would refuse, before there is a database.

    Raises:
        DeclarationError: with the line at fault, the rule and what was there.
        OSError: if the file cannot be read.
    """
    with file.open("rb") as lines:
        _, records = _parsed(file, lines)
        for _ in records:
            pass


def import_study(store: Store, file: Path, *, name: str | None = None) -> StudyRecord:
    """Store the study of a file, all of it or nothing, under its own or another name.

    Raises:
        DeclarationError: with the line at fault, the rule and what was there.
        StoreError: if the name is taken or not a name.
        OSError: if the file cannot be read.
    """
    with file.open("rb") as lines, store.transactions.write() as connection:
        header, records = _parsed(file, lines)
        study = recording.add_study(
            connection,
            name or header.name,
            spec={**header.spec, "name": name} if name else header.spec,
            objectives=[ObjectiveRecord(**dict(one)) for one in header.objectives],
            created_at=header.created_at,
            finished_at=header.finished_at,
        )
        while part := list(islice(records, _AT_A_TIME)):
            recording.record(connection, study.id, part, again=False)
        queries.replace_front(connection, study.id, header.front)
        accounts.put(connection, study.id, [AccountRecord(**dict(one)) for one in header.accounts])
    return study


def _header(connection: Connection, study: StudyRecord) -> dict[str, Any]:
    table = tables.evaluations
    of_study = select(func.count()).where(table.c.study_id == study.id)
    kept = [_account(one) for one in accounts.of_study(connection, study.id)]
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "name": study.name,
        "spec": study.spec,
        "objectives": [asdict(objective) for objective in study.objectives],
        "created_at": study.created_at.isoformat(),
        "finished_at": study.finished_at and study.finished_at.isoformat(),
        "evaluations": connection.scalars(of_study).one(),
        "front": [record.number for record in queries.front(connection, study.id)],
    }
    # Versions before there were accounts read studies that have none.
    return {**header, "accounts": kept} if kept else header


def _account(record: AccountRecord) -> dict[str, Any]:
    times = {"began_at": record.began_at.isoformat(), "until": record.until.isoformat()}
    return asdict(record) | times


def _streamed(connection: Connection, study: StudyRecord) -> Iterator[EvaluationRecord]:
    table = tables.evaluations
    query = queries.EVALUATIONS.where(table.c.study_id == study.id).order_by(table.c.number)
    found = connection.execution_options(yield_per=_AT_A_TIME).execute(query)
    return (rows.evaluation_record(row) for row in found)


def _line(record: EvaluationRecord) -> dict[str, Any]:
    assert record.finished_at is not None, "what was read says when it was recorded"
    line = {
        "number": record.number,
        "id": record.architecture_id,
        "architecture": record.architecture_text,
        "choices": record.choices,
        "state": record.state.value,
        "values": record.values,
        "reason": record.reason,
        "reports": record.reports,
        "spent": record.spent,
        "finished_at": record.finished_at.isoformat(),
    }
    return {
        key: value for key, value in line.items() if key not in _ABSENT or value != _ABSENT[key]
    }


def _parsed(file: Path, lines: Iterable[bytes]) -> tuple[_Header, Iterator[EvaluationRecord]]:
    numbered = enumerate(lines, start=1)
    header = _checked(file, *next(numbered, (1, b"")), _Header)
    return header, _records(file, numbered, header)


def _records(
    file: Path, lines: Iterable[tuple[int, bytes]], header: _Header
) -> Iterator[EvaluationRecord]:
    names = [objective.name for objective in header.objectives]
    seen: dict[int | str, int] = {}
    complete: set[int] = set()
    for place, text in lines:
        record = _record(file, place, _checked(file, place, text, _Evaluation))
        for path, key in (("number", record.number), ("id", record.architecture_id)):
            if (first := seen.setdefault(key, place)) != place:
                rule = f"must be given once, and line {first} has it"
                raise _fault(file, place, path, rule, repr(key))
        try:
            rows.check_evaluations([record], names)
        except StoreError as error:
            raise StoreError(f"{file}, line {place}: {error}") from None
        if record.state is EvaluationState.COMPLETE:
            complete.add(record.number)
        yield record
    _check_whole(file, header, len(seen) // 2, complete)


def _check_whole(file: Path, header: _Header, count: int, complete: set[int]) -> None:
    """Refuse a file that was cut off, or whose front is none of its evaluations."""
    if count != header.evaluations:
        rule = "must be the number of evaluations in the lines that follow"
        raise _fault(file, 1, "evaluations", rule, f"{header.evaluations}, {count} follow")
    strangers = sorted(set(header.front) - complete)
    if strangers or len(set(header.front)) < len(header.front):
        rule = "must be numbers of complete evaluations in the file, each once"
        raise _fault(file, 1, "front", rule, ", ".join(map(str, strangers or header.front)))


def _record(file: Path, place: int, line: _Evaluation) -> EvaluationRecord:
    identity = hashlib.sha256(line.architecture.encode()).hexdigest()[:_ID_DIGITS]
    if line.id != identity:
        rule = f"must be the start of the SHA-256 of the architecture's text, {identity}"
        raise _fault(file, place, "id", rule, repr(line.id))
    return EvaluationRecord(
        line.number,
        line.id,
        line.architecture,
        line.choices,
        line.state,
        line.values,
        line.reason,
        line.reports,
        line.spent,
        line.finished_at,
    )


def _checked(file: Path, place: int, text: bytes, schema: type[_Schema]) -> _Schema:
    """A line as its schema reads it."""
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        received = repr(text[:40].decode("utf-8", "backslashreplace"))
        raise _fault(file, place, "", f"must be a JSON object ({error})", received) from None
    return check(document, schema, f"{file}, line {place}")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _fault(file: Path, place: int, path: str, rule: str, received: str) -> DeclarationError:
    return DeclarationError(f"{file}, line {place}", [Problem(path, rule, received)])


@contextmanager
def _replacing(file: Path) -> Iterator[IO[str]]:
    """A file that takes the place of another once it is whole."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8") as out:
            yield out
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)

"""The one truth of every search: studies, evaluations and fronts, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, final

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from nas.errors import StoreError
from nas.store import drivers, queries, recording, rows, tables
from nas.store.database import open_database, writing
from nas.store.faults import store_errors
from nas.store.leases import TTL_S, Lease
from nas.store.location import display, read_location
from nas.store.patience import PATIENCE_S, persist
from nas.store.records import (
    DriverRecord,
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
    StudySummary,
)


@final
class Store:
    """A database of studies: a SQLite file, or PostgreSQL by URL.

    *Who may write*: any number of processes. On SQLite they take turns, and one that waits
    longer than the timeout of the URL (30 s) gets a StoreError; on PostgreSQL only those of one
    study take turns. Readers never wait for a writer.

    *What is atomic*: every method is one transaction. A call that returned is on disk and survives
    the end of the process and of the power; one that raised, or was killed, changed nothing.
    Every read is one snapshot.

    *Who drives a study*: one process at a time, the one that holds it. While it does, no other
    can change the study, and neither can one that lost it.

    *What waits*: `record`, `save_front` and `finish` outlast a server that restarts and a lock
    that another writer holds, for as long as `patience_s`; a commit whose answer was lost is
    looked up, and never made twice. Everything else raises at once.

    *Threads*: one Store may be used from several threads. It holds connections, so it is not
    picklable and must not cross a fork: open another in the child.

    Every method raises StoreError when the database cannot be read or written.
    """

    def __init__(self, engine: Engine, *, patience_s: float = PATIENCE_S) -> None:
        self._engine = engine
        self._patience_s = patience_s
        self._writing = writing(engine)
        self.location = display(engine.url)

    @classmethod
    def open(cls, url_or_path: str, *, create: bool, patience_s: float = PATIENCE_S) -> Self:
        """Open a store and bring its tables to the newest schema.

        Args:
            url_or_path: `nas.db`, or a SQLAlchemy URL of SQLite or PostgreSQL.
            create: Make the database if there is none; otherwise that is an error. On
                PostgreSQL the tables are made, in a database that exists.
            patience_s: How long what a driver writes may wait.

        Raises:
            StoreError: with the reason and the fix; nothing was then made or changed.
            MissingExtraError: if it is PostgreSQL and psycopg is not installed.
        """
        engine = open_database(read_location(url_or_path), create=create)
        return cls(engine, patience_s=patience_s)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors(self.location), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with store_errors(self.location), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def _change(self, study_id: int, lease: Lease | None) -> Iterator[Connection]:
        """A transaction that has a study to itself, if it is the caller's to change."""
        with self._write() as connection:
            queries.claim(connection, study_id)
            if lease is None:
                drivers.check_free(connection, study_id)
            else:
                drivers.check_mine(connection, study_id, lease.token)
            yield connection

    def create_study(
        self, name: str, *, spec: Mapping[str, Any], objectives: Sequence[ObjectiveRecord]
    ) -> StudyRecord:
        """Begin a study.

        Raises:
            StoreError: if the name is taken or not a name, or the objectives are not one or
                more of different names.
        """
        rows.check_study(name, objectives)
        row = {"name": name, "spec": dict(spec), "created_at": datetime.now(UTC)}
        with self._write() as connection:
            try:
                key = connection.execute(insert(tables.studies), row).inserted_primary_key
            except IntegrityError:
                raise StoreError(
                    f"`name` of a study must be new; {self.location} has {name!r} already; "
                    "resume that study or choose another name"
                ) from None
            assert key is not None, "an inserted row has a key"
            connection.execute(insert(tables.objectives), rows.objective_rows(key[0], objectives))
            return queries.study(connection, name)

    def study(self, name: str) -> StudyRecord:
        """The study of that name.

        Raises:
            UnknownNameError: with the names there are.
        """
        with self._read() as connection:
            return queries.study(connection, name)

    def studies(self) -> list[StudySummary]:
        """Every study with its counts, oldest first."""
        with self._read() as connection:
            return queries.summaries(connection)

    @contextmanager
    def hold(
        self, study_id: int, *, progress: Mapping[str, Any] | None = None, ttl_s: float = TTL_S
    ) -> Iterator[Lease]:
        """Be the one driver of a study, until the block ends.

        A driver that died is replaced at once when it ran on this machine, else `ttl_s` after it
        last said that it lives.

        Args:
            study_id: The study.
            progress: JSON that readers see until the lease reports another.
            ttl_s: How long this driver counts as alive without saying so.

        Raises:
            StudyHeldError: naming the process that drives the study.
            StoreError: if there is no such study.
        """
        lease = Lease(self._write, study_id, ttl_s=ttl_s)
        lease.begin(progress or {})
        try:
            yield lease
        finally:
            lease.end()

    def driver(self, study_id: int) -> DriverRecord | None:
        """The process that drives a study, also one that died; None once it ended in order.

        Raises:
            StoreError: if there is no such study.
        """
        with self._read() as connection:
            queries.objective_names(connection, study_id)
            return drivers.driver(connection, study_id)

    def finish(self, study_id: int, *, lease: Lease | None = None) -> None:
        """Note that nothing is owed to a study any more; the first time counts.

        Raises:
            StoreError: if there is no such study, or it is not this driver's to change.
        """
        studies = tables.studies

        def attempt(_again: bool) -> None:
            with self._change(study_id, lease) as connection:
                connection.execute(
                    update(studies)
                    .where(studies.c.id == study_id, studies.c.finished_at.is_(None))
                    .values(finished_at=datetime.now(UTC))
                )

        persist(attempt, patience_s=self._patience_s)

    def record(
        self,
        study_id: int,
        evaluations: Sequence[EvaluationRecord],
        *,
        lease: Lease | None = None,
    ) -> None:
        """Store evaluations, all of them or none, with the networks the store did not have.

        A reason is stored with the characters that no database takes (NUL, lone surrogates)
        escaped; everything else comes back as it was given.

        Args:
            study_id: The study.
            evaluations: What became of its networks.
            lease: That of the driver; without one, nobody may be driving the study.

        Raises:
            StoreError: if a network or a number is in the study already or comes twice, a number
                is not finite, a complete evaluation lacks an objective, there is no such study,
                or it is not this driver's to change.
        """

        def attempt(again: bool) -> None:
            with self._change(study_id, lease) as connection:
                recording.record(connection, study_id, evaluations, again=again)

        persist(attempt, patience_s=self._patience_s)

    def architecture_text(self, architecture_id: str) -> str:
        """The text of a network that some study evaluated.

        Raises:
            StoreError: if no study did.
        """
        table = tables.architectures
        with self._read() as connection:
            text = connection.scalar(select(table.c.text).where(table.c.id == architecture_id))
        if text is None:
            raise StoreError(
                f"`id` must be that of a network in {self.location}; got {architecture_id}; "
                "`nas front STUDY` lists ids"
            )
        return str(text)

    def evaluations(
        self, study_id: int, *, state: EvaluationState | None = None
    ) -> list[EvaluationRecord]:
        """The evaluations of a study by number, all or those that ended in one state.

        Raises:
            StoreError: if there is no such study.
        """
        table = tables.evaluations
        query = queries.EVALUATIONS.where(table.c.study_id == study_id).order_by(table.c.number)
        if state is not None:
            query = query.where(table.c.state == state.value)
        with self._read() as connection:
            queries.objective_names(connection, study_id)
            return [rows.evaluation_record(row) for row in connection.execute(query)]

    def save_front(
        self, study_id: int, numbers: Sequence[int], *, lease: Lease | None = None
    ) -> None:
        """Replace the front of a study, members in the order given.

        Args:
            study_id: The study.
            numbers: Of complete evaluations of that study, each once; none for no front.
            lease: That of the driver; without one, nobody may be driving the study.

        Raises:
            StoreError: if a number is none of those, or the study is not this driver's to
                change; the front is then as it was.
        """

        def attempt(_again: bool) -> None:
            with self._change(study_id, lease) as connection:
                queries.replace_front(connection, study_id, numbers)

        persist(attempt, patience_s=self._patience_s)

    def front(self, study_id: int) -> list[EvaluationRecord]:
        """The members of a study's front in its order; empty until one is saved.

        Raises:
            StoreError: if there is no such study.
        """
        with self._read() as connection:
            queries.objective_names(connection, study_id)
            return queries.front(connection, study_id)

"""The one truth of every search: studies, evaluations and fronts, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, final

from sqlalchemy import Engine, select, update

from nas.errors import StoreError
from nas.store import drivers, queries, recording, rows, tables
from nas.store.database import open_database
from nas.store.leases import TTL_S, Lease
from nas.store.location import read_location
from nas.store.patience import PATIENCE_S
from nas.store.records import (
    DriverRecord,
    EvaluationRecord,
    EvaluationState,
    ObjectiveRecord,
    StudyRecord,
    StudySummary,
)
from nas.store.transactions import Transactions

_ANY = 2**62  # SQL that skips rows on SQLite must say how many to give.


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
        self.transactions = Transactions(engine, patience_s=patience_s)
        self.location = self.transactions.location

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
        self.transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def create_study(
        self, name: str, *, spec: Mapping[str, Any], objectives: Sequence[ObjectiveRecord]
    ) -> StudyRecord:
        """Begin a study.

        Raises:
            StoreError: if the name is taken or not a name, or the objectives are not one or
                more of different names.
        """
        with self.transactions.write() as connection:
            return recording.add_study(connection, name, spec=spec, objectives=objectives)

    def study(self, name: str) -> StudyRecord:
        """The study of that name.

        Raises:
            UnknownNameError: with the names there are.
        """
        with self.transactions.read() as connection:
            return queries.study(connection, name)

    def studies(self) -> list[StudySummary]:
        """Every study with its counts, oldest first."""
        with self.transactions.read() as connection:
            return queries.summaries(connection)

    def summary(self, name: str) -> StudySummary:
        """The study of that name with its counts.

        Raises:
            UnknownNameError: with the names there are.
        """
        with self.transactions.read() as connection:
            study = queries.study(connection, name)
            return queries.summaries(connection, study.id)[0]

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
        lease = Lease(self.transactions.write, study_id, ttl_s=ttl_s)
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
        with self.transactions.read() as connection:
            queries.objective_names(connection, study_id)
            return drivers.driver(connection, study_id)

    def revoke(self, study_id: int) -> None:
        """Take the lease of a study from its driver, wherever that runs.

        The driver ends when it next writes, which is refused; what it recorded stays.

        Raises:
            StoreError: if there is no such study.
        """
        with self.transactions.write() as connection:
            queries.claim(connection, study_id)
            drivers.revoke(connection, study_id)

    def finish(self, study_id: int, *, lease: Lease | None = None) -> None:
        """Note that nothing is owed to a study any more; the first time counts.

        Raises:
            StoreError: if there is no such study, or it is not this driver's to change.
        """
        studies = tables.studies
        now = datetime.now(UTC)
        unfinished = (studies.c.id == study_id) & studies.c.finished_at.is_(None)
        statement = update(studies).where(unfinished).values(finished_at=now)
        self.transactions.change(study_id, lease, lambda on, _again: on.execute(statement))

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
        self.transactions.change(
            study_id,
            lease,
            lambda connection, again: recording.record(
                connection, study_id, evaluations, again=again
            ),
        )

    def architecture_text(self, architecture_id: str) -> str:
        """The text of a network that some study evaluated.

        Raises:
            StoreError: if no study did.
        """
        table = tables.architectures
        with self.transactions.read() as connection:
            text = connection.scalar(select(table.c.text).where(table.c.id == architecture_id))
        if text is None:
            raise StoreError(
                f"`id` must be that of a network in {self.location}; got {architecture_id}; "
                "`nas front STUDY` lists ids"
            )
        return str(text)

    def evaluations(
        self,
        study_id: int,
        *,
        state: EvaluationState | None = None,
        first: int = 0,
        until: int | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[EvaluationRecord]:
        """The evaluations of a study by number.

        Args:
            study_id: The study.
            state: Only those that ended so.
            first: Only those with this number or a later one.
            until: Only those with an earlier number than this.
            offset: How many of those to leave out at the start.
            limit: How many to give at most.

        Raises:
            StoreError: if there is no such study.
        """
        table = tables.evaluations
        query = queries.EVALUATIONS.where(table.c.study_id == study_id).order_by(table.c.number)
        if state is not None:
            query = query.where(table.c.state == state.value)
        if first:
            query = query.where(table.c.number >= first)
        if until is not None:
            query = query.where(table.c.number < until)
        if offset or limit is not None:
            query = query.limit(_ANY if limit is None else limit).offset(offset)
        with self.transactions.read() as connection:
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
        self.transactions.change(
            study_id,
            lease,
            lambda connection, _again: queries.replace_front(connection, study_id, numbers),
        )

    def front(self, study_id: int) -> list[EvaluationRecord]:
        """The members of a study's front in its order; empty until one is saved.

        Raises:
            StoreError: if there is no such study.
        """
        with self.transactions.read() as connection:
            queries.objective_names(connection, study_id)
            return queries.front(connection, study_id)

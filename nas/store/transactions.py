"""An engine → transactions that read one snapshot, write, or have one study to themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import final

from sqlalchemy import Connection, Engine

from nas.store import drivers, queries
from nas.store.database import writing
from nas.store.faults import store_errors
from nas.store.leases import Lease
from nas.store.location import display
from nas.store.patience import persist


@final
class Transactions:
    """What every method of a store runs in; each ends whole or leaves nothing.

    Args:
        engine: On a database of the newest schema.
        patience_s: How long `change` waits for faults that pass.
    """

    def __init__(self, engine: Engine, *, patience_s: float) -> None:
        self._engine, self._writing = engine, writing(engine)
        self._patience_s = patience_s
        self.location = display(engine.url)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot."""
        with store_errors(self.location), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block."""
        with store_errors(self.location), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def own(self, study_id: int, lease: Lease | None) -> Iterator[Connection]:
        """A transaction that has one study to itself, if it is the caller's to change.

        Args:
            study_id: The study.
            lease: That of its driver; without one, nobody may be driving it.

        Raises:
            StoreError: if there is no such study, or it is another's.
        """
        with self.write() as connection:
            queries.claim(connection, study_id)
            if lease is None:
                drivers.check_free(connection, study_id)
            else:
                drivers.check_mine(connection, study_id, lease.token)
            yield connection

    def change(
        self, study_id: int, lease: Lease | None, action: Callable[[Connection, bool], object]
    ) -> None:
        """The same, made again as long as it meets faults that pass.

        Args:
            study_id: The study.
            lease: That of its driver.
            action: Is called with a connection, and whether a try before may have been carried
                out after all.

        Raises:
            StoreError: if it cannot be done, with the reason.
        """

        def attempt(again: bool) -> None:
            with self.own(study_id, lease) as connection:
                action(connection, again)

        persist(attempt, patience_s=self._patience_s)

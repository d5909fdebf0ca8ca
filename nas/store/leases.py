"""A study taken → a lease that renews itself until it is let go, lost, or the process ends.

Why losing it needs another taker: a machine may sleep, or a server be down, for longer than a
lease lasts. As long as nobody else took the study, going on harms nobody; once somebody did,
every write under the old lease is refused by the store itself.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, final

from sqlalchemy import Connection

from nas.errors import StoreError
from nas.store import drivers, queries
from nas.store.json_text import to_json

TTL_S = 30.0
"""How long a driver that says nothing counts as alive."""

_RENEWALS_PER_TTL = 6
_BETWEEN_REPORTS_S = 0.5
_FAREWELL_S = 5.0


@final
class Lease:
    """The right to write to a study, held by one process at a time; made by `Store.hold`.

    A thread renews it. Every method may be called from any thread.

    Args:
        transaction: Opens a transaction that writes.
        study_id: The study.
        ttl_s: How long it lasts without being renewed.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        study_id: int,
        *,
        ttl_s: float = TTL_S,
    ) -> None:
        self.study_id, self.token = study_id, uuid.uuid4().hex
        self._transaction, self._ttl_s = transaction, ttl_s
        self._progress: Mapping[str, Any] = {}
        self._wake, self._ended, self._lost = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._keep, name="nas-lease", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether another process is known to have taken the study over."""
        return self._lost.is_set()

    def report(self, progress: Mapping[str, Any]) -> None:
        """Tell readers of the store how far the study is; they see it within a second.

        Raises:
            StoreError: unless it is JSON.
        """
        to_json(dict(progress))  # Refused here, where it was said, and not in the thread.
        self._progress = dict(progress)
        self._wake.set()

    def begin(self, progress: Mapping[str, Any]) -> None:
        """Take the study and renew the lease from now on.

        Raises:
            StudyHeldError: if a live process drives the study.
            StoreError: if there is no such study.
        """
        self._progress = dict(progress)
        with self._transaction() as connection:
            queries.claim(connection, self.study_id)
            drivers.take(
                connection, self.study_id, self.token, ttl_s=self._ttl_s, progress=self._progress
            )
        self._thread.start()

    def end(self) -> None:
        """Let the study go."""
        self._ended.set()
        self._wake.set()
        self._thread.join(_FAREWELL_S)
        # A store that cannot be written now will see the lease expire.
        with suppress(StoreError), self._transaction() as connection:
            drivers.release(connection, self.study_id, self.token)

    def _keep(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(self._ttl_s / _RENEWALS_PER_TTL)
            self._wake.clear()
            if self._ended.is_set():
                return
            with suppress(StoreError):  # Out of reach now: tried again in a moment.
                if not self._renew():
                    self._lost.set()
                    return
            self._ended.wait(min(_BETWEEN_REPORTS_S, self._ttl_s / _RENEWALS_PER_TTL))

    def _renew(self) -> bool:
        with self._transaction() as connection:
            return drivers.renew(
                connection, self.study_id, self.token, ttl_s=self._ttl_s, progress=self._progress
            )

"""A folder in which something is trained ↔ the accounts of the processes that worked at it.

A process adds its account when it begins and renews it every few seconds, so that a kill loses
little, and the next one adds its own.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from nas.ledger.counters import Counters, Spending, find_counters
from nas.store.records import AccountRecord

FILE = "accounts.json"

_BETWEEN_SAVES_S = 5.0


@final
class KeptAccount:
    """What this process spends from when it is made.

    Args:
        folder: Where accounts are kept.
        purpose: What for, in a word.
        counters: Those of this machine.
    """

    def __init__(self, folder: Path, purpose: str, counters: Counters) -> None:
        self._file, self._purpose = folder / FILE, purpose
        self._before = kept_accounts(folder)
        self._about = {"host": platform.node(), "within": True, **counters.to_json()}
        self._began_at, self._spending = datetime.now(UTC), Spending(counters, children=True)
        self._saved_at = time.monotonic()

    def knows(self, **about: Any) -> None:
        """Add to what is to be known of it, as JSON."""
        self._about |= about

    def save(self, *, now: bool = False) -> None:
        """Write what was spent so far, at most every few seconds unless it must be now.

        A folder that cannot be written does not end the work.
        """
        if not now and time.monotonic() - self._saved_at < _BETWEEN_SAVES_S:
            return
        self._saved_at = time.monotonic()
        own = AccountRecord(
            len(self._before), self._purpose, self._began_at, datetime.now(UTC),
            self._spending.read(), self._about,
        )  # fmt: skip
        part = self._file.with_name(f"{FILE}.part")
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps([_json(one) for one in (*self._before, own)]), "utf-8")
            part.replace(self._file)


@contextmanager
def kept_account(folder: Path, purpose: str) -> Iterator[KeptAccount]:
    """Keep an account while the context lasts, however it ends."""
    account = KeptAccount(folder, purpose, find_counters())
    try:
        yield account
    finally:
        account.save(now=True)


def kept_accounts(folder: Path) -> tuple[AccountRecord, ...]:
    """The accounts of all processes so far; none where nobody kept one.

    What cannot be read counts as one of unknown cost.
    """
    file = folder / FILE
    if not file.exists():
        return ()
    try:
        return tuple(_record(one) for one in json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        now = datetime.now(UTC)
        return (AccountRecord(0, "unreadable", now, now, {}),)


def _json(account: AccountRecord) -> dict[str, Any]:
    times = {"began_at": account.began_at.isoformat(), "until": account.until.isoformat()}
    return asdict(account) | times


def _record(document: Mapping[str, Any]) -> AccountRecord:
    times = {key: datetime.fromisoformat(document[key]) for key in ("began_at", "until")}
    return AccountRecord(**{**document, **times})

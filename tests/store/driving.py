"""`driver.py` as a process that tests can wait for, end, and hold to what it reported."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from nas.store import Store
from tests.store.examples import evaluation
from tests.waiting import ended

DRIVER = Path(__file__).with_name("driver.py")
_OPEN_TRANSACTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
)
Driver = subprocess.Popen[str]


@contextmanager
def driving(url: str, *, ttl_s: float = 30, patience_s: float = 60) -> Iterator[Driver]:
    """A process that drives the study `phones` until it is ended."""
    with subprocess.Popen(
        [sys.executable, str(DRIVER), url, str(ttl_s), str(patience_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_number(process: Driver) -> int:
    """The next number that the driver says it recorded."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return int(line)


def suspend_between_writes(process: Driver, store: Store) -> None:
    """Stop a driver where it holds no lock of the database, which it would keep."""
    while True:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)  # What it asked a server before is answered by now.
        if not _is_locked(store):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)


def _is_locked(store: Store) -> bool:
    if "://" not in store.location:
        with closing(sqlite3.connect(store.location, timeout=0, isolation_level=None)) as file:
            try:
                file.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False
    with store.transactions.read() as connection:
        return bool(connection.exec_driver_sql(_OPEN_TRANSACTIONS).scalar())


def killed(process: Driver) -> tuple[list[int], str]:
    """End a driver at once: what it had reported and was not read yet, and its complaints."""
    process.kill()
    said, complaint = ended(process)
    return [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")], complaint


def check_each_once(store: Store, reported: Sequence[int]) -> None:
    """What was reported is stored as it was, and at most one more, which was not reported yet."""
    stored = store.evaluations(store.study("phones").id)
    assert stored == [evaluation(number) for number in range(len(stored))]
    assert set(reported) <= set(range(len(stored)))
    assert len(stored) <= max(reported, default=-1) + 2, "nothing is there that nobody recorded"

"""The store on a SQLite file: the contract, and what only a file can suffer."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.errors import StoreError
from nas.store import Store
from tests.store.contract import OBJECTIVES, SPEC, StoreContract, evaluation
from tests.store.curation_contract import CurationContract
from tests.store.lease_contract import LeaseContract

BATCH = 5
WRITER = Path(__file__).with_name("writer.py")


class TestSqliteFile(StoreContract):
    """A file named by a plain path."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A path where there is nothing yet."""
        return str(tmp_path / "nas 100%?.db")


class TestSqliteDrivers(LeaseContract):
    """Drivers of studies in a file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A path where there is nothing yet."""
        return str(tmp_path / "nas.db")


class TestSqliteCuration(CurationContract):
    """Studies in a file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A path where there is nothing yet."""
        return str(tmp_path / "nas.db")


def test_path_and_url_name_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    with Store.open(f"sqlite:///{path}", create=True) as store:
        study = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
        assert store.location == str(path)
    with Store.open(str(path), create=False) as store:
        assert store.study("phones") == study


def test_file_is_in_write_ahead_mode_and_alone_once_closed(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    Store.open(str(path), create=True).close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["nas.db"]
    assert _ask(path, "PRAGMA journal_mode") == "wal"


def test_lock_held_by_another_is_an_error_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    with Store.open(f"sqlite:///{path}?timeout=0.1", create=True, patience_s=0.1) as store:
        study = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"nas\.db: another process holds its lock; wait"):
            store.record(study.id, [evaluation(0)])
        assert store.evaluations(study.id) == [], "a reader does not wait for a writer"
        other.execute("ROLLBACK")
        other.close()
        store.record(study.id, [evaluation(0)])
        assert store.evaluations(study.id) == [evaluation(0)]


def test_killed_writer_loses_nothing_it_reported(tmp_path: Path) -> None:
    path, moments = tmp_path / "nas.db", random.Random(0)
    reported: set[int] = set()
    for _ in range(3):
        reported |= _run_and_kill(path, after_s=moments.uniform(0.02, 0.4))
        assert _ask(path, "PRAGMA integrity_check") == "ok"
        with Store.open(str(path), create=False) as store:
            found = [record.number for record in store.evaluations(store.study("killed").id)]
        assert len(found) == len(set(found))
        assert reported <= set(found)
        assert len(found) % BATCH == 0, "a batch is stored whole or not at all"
        assert len(found) <= len(reported) + BATCH, "nothing is there that nobody recorded"
        reported = set(found)
    assert len(reported) > BATCH


def _run_and_kill(path: Path, *, after_s: float) -> set[int]:
    command = [sys.executable, str(WRITER), str(path), str(BATCH)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer.stdout:
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after_s)
        writer.send_signal(signal.SIGKILL)
        lines = writer.stdout.read().split("\n")[:-1]
    assert writer.wait() == -signal.SIGKILL
    return {first + i for first in map(int, lines) for i in range(BATCH)}


def test_full_disk_is_an_error_and_loses_nothing_it_reported(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    command = [sys.executable, str(WRITER), str(path), str(BATCH), "300000"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("`store` must be a database that can be read and written")
    assert "disk" in ended.stderr
    reported = ended.stdout.split()[1:]
    with Store.open(str(path), create=False) as store:
        found = store.evaluations(store.study("killed").id)
    assert len(found) == BATCH * len(reported) > 0


def _ask(path: Path, pragma: str) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute(pragma).fetchone()[0])
    finally:
        connection.close()

"""Servers that restart, answers that are lost, disks that fill, files that stay locked.

After each fault every evaluation that a driver reported is there exactly once, as it was, and
none that it did not record.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from nas.store import Store
from tests.store.driving import check_each_once, driving, killed, next_number
from tests.store.examples import OBJECTIVES, SPEC, evaluation
from tests.store.line_cutter import LineCutter
from tests.waiting import PATIENCE_S, ended

TORTURE = int(os.environ.get("NAS_TORTURE", "0"))  # Restarts, in the long form of the tests.
LOCKER = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


def begin(url: str) -> Store:
    """A store with the study that drivers drive."""
    store = Store.open(url, create=True)
    store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
    return store


def test_server_restarts_under_a_driver(server: Any, postgresql: str) -> None:
    downs = [0.0, 1.0, *(random.Random(0).uniform(0, 3) for _ in range(TORTURE))]
    with begin(postgresql) as store, driving(postgresql, ttl_s=1) as process:
        reported = [next_number(process) for _ in range(5)]
        for down_s in downs:
            server.stop()
            try:
                time.sleep(down_s)
            finally:
                server.ensure_postgres_running()
            # More than it could have said before the stop: it goes on by itself.
            last = len(store.evaluations(store.study("phones").id)) + 10
            while reported[-1] < last:
                reported.append(next_number(process))
        rest, complaint = killed(process)
        check_each_once(store, reported + rest)
    for notice in (notices := complaint.splitlines()):
        assert "cannot be reached" in notice or "the server ended the connection" in notice
        assert "trying again for up to 60 s" in notice
    assert 1 <= len(notices) <= len(downs), "one notice for each time that it waits"


def test_server_that_stays_away_ends_the_driver(server: Any, postgresql: str) -> None:
    with begin(postgresql) as store, driving(postgresql, patience_s=0.5) as process:
        next_number(process)
        server.stop()
        try:
            said, complaint = ended(process)
        finally:
            server.ensure_postgres_running()
        assert process.returncode == 2
        notice, error = complaint.splitlines()
        assert error.startswith("`store` must be a database that can be read and written")
        assert notice.startswith(error[:50])
        check_each_once(store, [int(line) for line in said.split()])
        with driving(postgresql) as again:
            assert next_number(again) == len(store.evaluations(store.study("phones").id)) - 1


@pytest.fixture
def cutter(server: Any, postgresql: str) -> Iterator[LineCutter]:
    """A line to the database that breaks when it is told to."""
    there = make_url(postgresql)
    socket = Path(str(there.query["host"])) / ".s.PGSQL.5432"
    with tempfile.TemporaryDirectory(prefix="nas-line-") as folder:
        line = Path(folder) / ".s.PGSQL.5432"
        with LineCutter(line, socket) as cutter:
            cutter.url = there.update_query_dict({"host": folder}).render_as_string(
                hide_password=False
            )
            yield cutter


@pytest.mark.parametrize("carried_out", [True, False])
def test_commit_whose_answer_is_lost_is_made_once(
    cutter: LineCutter, postgresql: str, carried_out: bool
) -> None:
    begin(postgresql).close()
    with Store.open(cutter.url, create=False) as store:
        study = store.study("phones")
        store.record(study.id, [evaluation(0)])
        cutter.cut_at_commit(carried_out=carried_out)
        store.record(study.id, [evaluation(1), evaluation(2)])
        assert cutter.cuts == 1
        assert cutter.url != postgresql
        store.record(study.id, [evaluation(3)])
        check_each_once(store, [0, 1, 2, 3])


def test_lost_answer_does_not_excuse_another_record(cutter: LineCutter, postgresql: str) -> None:
    begin(postgresql).close()
    with Store.open(cutter.url, create=False) as store, Store.open(postgresql, create=False) as it:
        study = store.study("phones")
        cutter.cut_at_commit(
            carried_out=False, then=lambda: it.record(study.id, [evaluation(0, values=OTHER)])
        )
        with pytest.raises(Exception, match="already, as number 0"):
            store.record(study.id, [evaluation(0)])
        assert store.evaluations(study.id) == [evaluation(0, values=OTHER)]


OTHER = {"accuracy": 1.5, "latency_ms": 2.5}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system of two megabytes")
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs a system that lets root mount file systems")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_driver_on_a_full_disk_resumes_once_there_is_space(small_disk: Path) -> None:
    path = str(small_disk / "nas.db")
    begin(path).close()
    filler = small_disk / "filler"
    with driving(path) as process:
        reported = [next_number(process) for _ in range(3)]
        filler.write_bytes(bytes(_free_bytes(small_disk) - 8192))
        said, complaint = ended(process)
    reported += map(int, said.split())
    assert process.returncode == 2
    assert "the disk" in complaint
    filler.unlink()
    with Store.open(path, create=False) as store:
        check_each_once(store, reported)
        with driving(path) as process:
            reported += [next_number(process) for _ in range(3)]
            reported += killed(process)[0]
        check_each_once(store, reported)
        assert sorted(set(reported)) == reported


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_driver_outlasts_a_lock_longer_than_its_timeout(tmp_path: Path) -> None:
    path = str(tmp_path / "nas.db")
    with begin(path) as store, driving(f"sqlite:///{path}?timeout=0.2", ttl_s=1) as process:
        reported = [next_number(process) for _ in range(3)]
        locker = subprocess.Popen(
            [sys.executable, "-c", LOCKER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert locker.stdout is not None and locker.stdout.readline() == "locked\n"
        time.sleep(1.5)
        locker.communicate("\n", timeout=PATIENCE_S)
        reported += [next_number(process) for _ in range(20)]
        rest, complaint = killed(process)
        check_each_once(store, reported + rest)
    (notice,) = complaint.splitlines()
    assert "another process holds its lock" in notice
    assert "trying again for up to 60 s" in notice

"""Opening a store: everything that can be in the way, and that it is left as it was."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from nas.errors import StoreError
from nas.store import Store
from tests.store.examples import OBJECTIVES

_RUNS_AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def _refused(url_or_path: object, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(str(url_or_path), create=create)
    error = caught.value
    assert "sqlalche.me" not in str(error)
    assert "\n" not in str(error)
    assert error.__context__ is None or error.__suppress_context__
    return str(error)


def _write(path: Path, *statements: str) -> bytes:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_missing_database_is_not_created_unasked(tmp_path: Path) -> None:
    message = _refused(tmp_path / "nas.db", create=False)
    assert "where there is none; run `nas search`" in message
    assert list(tmp_path.iterdir()) == []


def test_empty_file_is_no_database_until_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    path.touch()
    assert "where there is none" in _refused(path, create=False)
    assert path.read_bytes() == b""
    with Store.open(str(path), create=True) as store:
        assert store.studies() == []


def test_folder_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder; give a file in it" in _refused(tmp_path)


def test_missing_parent_is_refused(tmp_path: Path) -> None:
    assert f"make {tmp_path / 'no'} first" in _refused(tmp_path / "no" / "nas.db")
    assert list(tmp_path.iterdir()) == []


def test_other_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    assert "not a SQLite database; give another path" in _refused(path)
    assert path.read_text() == "not a database " * 100
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    Store.open(str(path), create=True).close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    assert "it is damaged; restore it from a copy" in _refused(path)


@pytest.mark.parametrize("table", ["users", "alembic_version"])
def test_database_of_somebody_else_is_refused_and_kept(tmp_path: Path, table: str) -> None:
    path = tmp_path / "theirs.db"
    before = _write(path, f"CREATE TABLE {table} (id INTEGER)")
    for create in (True, False):
        assert f"has other tables ({table})" in _refused(path, create=create)
    assert path.read_bytes() == before


def test_newer_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    Store.open(str(path), create=True).close()
    before = _write(path, "UPDATE nas_schema_version SET version_num = '9999'")
    for create in (True, False):
        message = _refused(path, create=create)
        assert "got 9999, written by a newer version; upgrade nas" in message
    assert path.read_bytes() == before


def test_locked_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    Store.open(str(path), create=True).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    assert "another process holds its lock" in _refused(f"sqlite:///{path}?timeout=0.1")
    other.close()
    Store.open(str(path), create=False).close()


def test_lock_during_creation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "another process holds its lock" in _refused(f"sqlite:///{path}?timeout=0.1")
    other.close()
    Store.open(str(path), create=True).close()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs the proc file system")
def test_folder_that_takes_no_files_is_refused() -> None:
    assert "it cannot be opened; check the permissions" in _refused("/proc/self/nas.db")


@pytest.mark.skipif(_RUNS_AS_ROOT, reason="root may write anywhere")
def test_unwritable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "it cannot be opened; check the permissions" in _refused(tmp_path / "nas.db")


@pytest.mark.skipif(_RUNS_AS_ROOT, reason="root may write anywhere")
def test_unwritable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nas.db"
    path.touch(0o400)
    assert "check the permissions of the file and its folder" in _refused(path)


def test_name_too_long_for_the_file_system_is_refused(tmp_path: Path) -> None:
    assert "`store` must be a path that can be opened" in _refused(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "must be a file that outlives the process"),
        ("sqlite://", "must be a file that outlives the process"),
        (":memory:", "must be a file that outlives the process"),
        ("sqlite:///file:x?mode=memory&uri=true", "must be a file that outlives the process"),
        ("postgres://me@there/db", "got 'postgres'; did you mean 'postgresql'?"),
        ("mysql://me@there/db", "must be one of sqlite"),
        ("postgresql+asyncpg://me@there/db", "must be one of sqlite"),
        ("://", "got a URL that does not parse"),
        ("postgresql://me:secret@there:port/db", "got a URL that does not parse"),
        ("sqlite:///nas.db?timeout=soon", "`timeout` of a SQLite store must be a number"),
    ],
)
def test_location_must_be_a_file_or_postgresql(url: str, rule: str) -> None:
    message = _refused(url)
    assert rule in message
    assert "secret" not in message


def test_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with Store.open("~/nas.db", create=True) as store:
        assert store.location == str(tmp_path / "nas.db")
    assert (tmp_path / "nas.db").is_file()


def test_many_may_create_the_same_store_at_once(tmp_path: Path) -> None:
    path, together, failures = str(tmp_path / "nas.db"), threading.Barrier(8), []

    def begin(number: int) -> None:
        together.wait()
        try:
            with Store.open(path, create=True) as store:
                store.create_study(f"s{number}", spec={}, objectives=OBJECTIVES)
        except Exception as error:  # a thread's error is otherwise lost
            failures.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Store.open(path, create=False) as store:
        assert {summary.study.name for summary in store.studies()} == {
            f"s{number}" for number in range(8)
        }

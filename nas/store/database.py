"""The URL of a store → an engine on a database that holds exactly our newest schema.

A database is looked at before it is touched: one that belongs to somebody else, or that a newer
version wrote, is left as it is.

Why BEGIN is ours on SQLite: the sqlite3 driver begins late, and not at all before DDL. Ours
begins every transaction, so that reads are one snapshot and migrations are whole, and takes the
write lock at the start where a transaction will write, so that it waits there instead of failing
midway.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy.exc import OperationalError

from nas.errors import StoreError
from nas.store import migrations
from nas.store.faults import store_errors
from nas.store.location import check_file, display, no_database
from nas.store.tables import VERSION_TABLE

_BEGIN = "sqlite_begin"
_versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))


def open_database(url: URL, *, create: bool) -> Engine:
    """An engine on the database at `url`, migrated to the newest schema.

    Args:
        url: As `location.read_location` gives it.
        create: Make the database when there is none.

    Raises:
        StoreError: with the reason and the fix; the database is then as it was.
    """
    where = display(url)
    if url.get_backend_name() == "sqlite":
        check_file(Path(where), create=create)
    engine = _engine(url)
    try:
        with store_errors(where):
            _prepare(engine, where, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock when they begin."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, json_serializer=_to_json, json_deserializer=json.loads)
    except ImportError:
        raise StoreError(
            "`store` on PostgreSQL needs the psycopg package; "
            "install it with: pip install 'psycopg[binary]'"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if begin:
        connection.exec_driver_sql(begin)


def _prepare(engine: Engine, where: str, *, create: bool) -> None:
    with engine.connect() as connection:
        found = _revision(connection, where)
    if found is None and not create:
        raise no_database(where)
    if engine.dialect.name == "sqlite":
        _use_write_ahead_log(engine)
    if found != migrations.revisions()[0]:
        with writing(engine).begin() as connection:
            _revision(connection, where)  # Another process may have been faster.
            migrations.upgrade(connection)


def _revision(connection: Connection, where: str) -> str | None:
    """The revision of the schema, None for an empty database.

    Raises:
        StoreError: unless the database is empty or ours, of a revision known here.
    """
    tables = set(inspect(connection).get_table_names())
    found = connection.scalar(select(_versions)) if VERSION_TABLE in tables else None
    if found is None and tables - {VERSION_TABLE}:
        named = ", ".join(sorted(tables)[:3])
        raise StoreError(
            f"`store` must be empty or made by nas; {where} has other tables ({named}); "
            "give another place"
        )
    if found is not None and found not in migrations.revisions():
        raise StoreError(
            f"`store` {where} must be of a schema known here, at most "
            f"{migrations.revisions()[0]}; got {found}, written by a newer version; upgrade nas"
        )
    return str(found) if found is not None else None


def _use_write_ahead_log(engine: Engine) -> None:
    """Let readers and a writer work at once; the file keeps the setting."""
    deadline = time.monotonic() + float(str(engine.url.query["timeout"]))
    with engine.connect() as connection:
        bare = connection.execution_options(**{_BEGIN: None})
        while True:
            try:
                bare.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
            except OperationalError as error:
                # For this one statement SQLite does not wait for a lock, whatever the timeout.
                busy = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_BUSY"
                if not busy or time.monotonic() >= deadline:
                    raise
                time.sleep(0.01)

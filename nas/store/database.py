"""The URL of a store → an engine on a database that holds exactly our newest schema.

A database is looked at before it is touched: one that belongs to somebody else, or that a newer
version wrote, is left as it is.

Why BEGIN is ours on SQLite: the sqlite3 driver begins late, and not at all before DDL. Ours
begins every transaction, so that reads are one snapshot and migrations are whole, and takes the
write lock at the start where a transaction will write, so that it waits there instead of failing
midway.

On PostgreSQL, reads are one snapshot by REPEATABLE READ. Writes are READ COMMITTED, so that one
that waited for another sees what that one wrote.
"""

from __future__ import annotations

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
    func,
    inspect,
    select,
)
from sqlalchemy.exc import OperationalError

from nas.errors import MissingExtraError, StoreError
from nas.store.faults import store_errors
from nas.store.json_text import from_json, to_json
from nas.store.location import check_file, display, no_database
from nas.store.tables import REVISION, VERSION_TABLE

_CONNECTIONS = 40
_BEGIN = "sqlite_begin"
_MIGRATION_LOCK = 0x6E6173  # Any number that the other users of a database do not lock.
_versions = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))


def open_database(url: URL, *, create: bool) -> Engine:
    """An engine on the database at `url`, migrated to the newest schema.

    Args:
        url: As `location.read_location` gives it.
        create: Make the database when there is none.

    Raises:
        StoreError: with the reason and the fix; the database is then as it was.
        MissingExtraError: if it is PostgreSQL and psycopg is not installed.
    """
    where = display(url)
    if url.get_backend_name() == "sqlite":
        check_file(Path(where), create=create)
    with store_errors(where):
        engine = _engine(url)
        try:
            _prepare(engine, where, create=create)
        except BaseException:
            engine.dispose()
            raise
    return engine


def holds_store(url: URL) -> bool:
    """Whether the database at `url` has studies of ours; looked at only, and never made.

    Raises:
        StoreError: if it cannot be looked at.
    """
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return False
    with store_errors(display(url)):
        engine = _engine(url)
        try:
            return inspect(engine).has_table(VERSION_TABLE)
        finally:
            engine.dispose()


def writing(engine: Engine) -> Engine:
    """The same engine, for transactions that write: none fails because others write too."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
    return engine.execution_options(isolation_level="READ COMMITTED")


def _engine(url: URL) -> Engine:
    to_and_from = {"json_serializer": to_json, "json_deserializer": from_json}
    if url.get_backend_name() == "sqlite":
        # Opening a connection takes as long as several reads: none of a server's threads should.
        engine = create_engine(url, pool_size=_CONNECTIONS, max_overflow=-1, **to_and_from)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine
    try:
        # A server may restart, and a firewall forget, between two evaluations that train.
        return create_engine(
            url, isolation_level="REPEATABLE READ", pool_pre_ping=True, **to_and_from
        )
    except ImportError:
        raise MissingExtraError("PostgreSQL", "postgres") from None


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
    if found != REVISION:
        _migrate(engine, where)


def _migrate(engine: Engine, where: str) -> None:
    # Alembic takes a third of the time that opening takes, and most databases are of today.
    from nas.store import migrations

    with writing(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
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
    if found is not None and not (str(found).isdigit() and str(found) <= REVISION):
        raise StoreError(
            f"`store` {where} must be of a schema known here, at most {REVISION}; "
            f"got {found}, written by a newer version; upgrade nas"
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

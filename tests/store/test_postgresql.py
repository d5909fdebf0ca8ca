"""The store on a real PostgreSQL: the contract, and what only a server can suffer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, make_url

from nas.errors import MissingExtraError, StoreError
from nas.store import Store, migrations
from nas.store.database import open_database, writing
from nas.store.location import read_location
from nas.store.tables import VERSION_TABLE, metadata
from tests.store.contract import OBJECTIVES, SPEC, StoreContract, evaluation
from tests.store.curation_contract import CurationContract
from tests.store.lease_contract import LeaseContract

OPENER = """
import sys
from nas.store import Store

print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1], create=True) as store:
    print(len(store.studies()))
"""


@pytest.fixture
def url(postgresql: str) -> str:
    """An empty database, under the name by which the contracts ask for one."""
    return postgresql


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """That database as others see it."""
    other = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    yield other
    other.dispose()


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _refused(url: str, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(url, create=create)
    return _checked(caught.value)


def _checked(error: StoreError) -> str:
    assert "sqlalche.me" not in str(error)
    assert "\n" not in str(error)
    assert error.__context__ is None or error.__suppress_context__
    return str(error)


class TestPostgresql(StoreContract):
    """A database of its own for each test."""


class TestPostgresqlDrivers(LeaseContract):
    """Drivers of studies on a server."""


class TestPostgresqlCuration(CurationContract):
    """Studies on a server."""


def test_migrated_schema_is_the_one_of_the_code(url: str) -> None:
    engine = open_database(read_location(url), create=True)
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_heads() == migrations.revisions()[:1]
    migrated = _objects(engine)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    assert _objects(engine) == migrated
    engine.dispose()


def _objects(engine: Engine) -> dict[tuple[str, str], object]:
    # compare_metadata does not look at primary keys, cascades or constraint names.
    found = inspect(engine)
    looks = ("pk_constraint", "foreign_keys", "unique_constraints", "indexes")
    return {
        (table, look): getattr(found, f"get_{look}")(table)
        for table in metadata.tables
        for look in looks
    }


def test_migration_happens_whole_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(KeyboardInterrupt), writing(engine).begin() as connection:
        migrations.upgrade(connection)
        raise KeyboardInterrupt
    assert inspect(engine).get_table_names() == []


def test_processes_may_open_an_empty_database_at_once(url: str) -> None:
    command = [sys.executable, "-c", OPENER, url]
    openers = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    for opener in openers:
        assert opener.stdout is not None and opener.stdout.readline() == "ready\n"
    ended = []
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("\n")
        opener.stdin.flush()
    for opener in openers:
        ended.append((*opener.communicate(timeout=60), opener.returncode))
    assert ended == [("0\n", "", 0)] * len(openers)


def test_empty_database_is_no_store_until_one_is_asked_for(url: str, engine: Engine) -> None:
    assert "where there is none; run `nas search`" in _refused(url, create=False)
    assert inspect(engine).get_table_names() == []


@pytest.mark.parametrize("table", ["users", "alembic_version"])
def test_database_of_somebody_else_is_refused_and_kept(
    url: str, engine: Engine, table: str
) -> None:
    _run(engine, f"CREATE TABLE {table} (id INTEGER)")
    for create in (True, False):
        assert f"has other tables ({table})" in _refused(url, create=create)
    assert inspect(engine).get_table_names() == [table]


def test_newer_database_is_refused_and_kept(url: str, engine: Engine) -> None:
    Store.open(url, create=True).close()
    _run(engine, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    for create in (True, False):
        message = _refused(url, create=create)
        assert "got 9999, written by a newer version; upgrade nas" in message
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
    assert found == "9999"


def test_stopped_server_is_an_error_until_it_runs_again(server: Any, url: str) -> None:
    with Store.open(url, create=True, patience_s=0.3) as store:
        study = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
        store.record(study.id, [evaluation(0)])
        server.stop()
        try:
            for call in (store.studies, lambda: store.record(study.id, [evaluation(1)])):
                with pytest.raises(StoreError, match="cannot be reached; check that the server"):
                    call()
            assert "cannot be reached; check that the server runs" in _refused(url)
        finally:
            server.ensure_postgres_running()
        store.record(study.id, [evaluation(1)])
        server.stop()
        server.ensure_postgres_running()
        assert len(store.evaluations(study.id)) == 2, "a server may restart between two calls"


def test_session_ended_by_the_server_is_an_error(url: str, engine: Engine) -> None:
    with Store.open(url, create=True) as store:
        with pytest.raises(StoreError) as caught, store.transactions.read() as connection:
            mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            _run(engine, f"SELECT pg_terminate_backend({mine}, 5000)")
            connection.exec_driver_sql("SELECT 1")
        assert "the server ended the connection; see that it runs" in _checked(caught.value)
        assert store.studies() == []


def test_unknown_database_and_user_are_refused(url: str) -> None:
    there = make_url(url)
    for absent in (there.set(database="nowhere"), there.set(username="nobody")):
        message = _refused(absent.render_as_string(hide_password=False))
        assert "check that the server runs, that it has this database" in message
        assert "does not exist" in message


def test_user_without_rights_is_refused(url: str, engine: Engine) -> None:
    _run(engine, "CREATE ROLE guest LOGIN")
    try:
        guest = make_url(url).set(username="guest").render_as_string(hide_password=False)
        assert "its user may not do this; grant that" in _refused(guest)
        assert inspect(engine).get_table_names() == []
    finally:
        _run(engine, "DROP ROLE guest")


def test_reader_needs_no_right_to_write(url: str, engine: Engine) -> None:
    with Store.open(url, create=True) as store:
        study = store.create_study("phones", spec=SPEC, objectives=OBJECTIVES)
    _run(engine, "CREATE ROLE reader LOGIN", "GRANT pg_read_all_data TO reader")
    try:
        reader = make_url(url).set(username="reader").render_as_string(hide_password=False)
        with Store.open(reader, create=False) as store:
            assert store.study("phones") == study
            with pytest.raises(StoreError, match="its user may not do this"):
                store.create_study("boards", spec=SPEC, objectives=OBJECTIVES)
    finally:
        _run(engine, "DROP ROLE reader")


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_password_is_never_shown(server: Any, url: str, driver: str) -> None:
    there = make_url(url).set(drivername=driver, password="hush/hush")
    also = there.update_query_dict({"sslpassword": "hush"})
    for secret in (there, also):
        given = secret.render_as_string(hide_password=False)
        assert "hush" in given
        with Store.open(given, create=True) as store:
            assert "hush" not in store.location
            assert there.database in store.location
        assert "hush" not in _refused(given.replace(str(there.database), "nowhere"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=hush",
        "postgresql://me@127.0.0.1:1/db?sslpassword=hush&oauth_client_secret=hush",
        "postgresql://me:not@hush@127.0.0.1:1/db",
        "postgresql://me:hush@127.0.0.1:hush/db",
        "postgresql://me:hush@127.0.0.1:1/db?color=blue",
        "postgresql://me:hush@127.0.0.1:1/db?plugin=hash",
    ],
)
def test_password_is_not_in_the_error(url: str) -> None:
    pytest.importorskip("psycopg", reason="needs the `postgres` extra")
    assert "hush" not in _refused(url)


def test_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas\[postgres\]'"):
        Store.open("postgresql://me@there/db", create=True)

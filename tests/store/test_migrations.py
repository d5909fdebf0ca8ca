"""Migrations: they arrive at the tables of the code, whole, from every schema ever written."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from nas.store import EvaluationState, Store, migrations
from nas.store.accounts import accounts, save_account
from nas.store.database import open_database, writing
from nas.store.location import read_location
from nas.store.tables import REVISION, VERSION_TABLE, metadata
from tests.store.examples import OBJECTIVES, SPEC, evaluation
from tests.store.make_schema_file import ACCOUNTS, NAME, RECORDS, RECORDS_0001

DATA = Path(__file__).parent / "data"


def test_migrated_schema_is_the_one_of_the_code(tmp_path: Path) -> None:
    engine = open_database(read_location(str(tmp_path / "nas.db")), create=True)
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_heads() == migrations.revisions()[:1] == (REVISION,)
        # Databases are told newer from older by these as texts.
        assert sorted(migrations.revisions(), reverse=True) == list(migrations.revisions())
        assert all(re.fullmatch(r"\d{4}", revision) for revision in migrations.revisions())
    engine.dispose()


def test_metadata_alone_makes_the_same_sql_objects(tmp_path: Path) -> None:
    # compare_metadata does not look at primary keys, cascades or constraint names.
    migrated = open_database(read_location(str(tmp_path / "nas.db")), create=True)
    direct = open_database(read_location(str(tmp_path / "direct.db")), create=True)
    metadata.drop_all(direct)
    metadata.create_all(direct)
    for table in metadata.tables:
        left, right = inspect(migrated), inspect(direct)
        for look in ("pk_constraint", "foreign_keys", "unique_constraints", "indexes"):
            of_left, of_right = (getattr(side, f"get_{look}")(table) for side in (left, right))
            assert of_left == of_right, (table, look)
    migrated.dispose()
    direct.dispose()


def test_migration_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    engine = open_database(read_location(str(tmp_path / "nas.db")), create=True)
    metadata.drop_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
        connection.commit()
    with pytest.raises(KeyboardInterrupt), writing(engine).begin() as connection:
        migrations.upgrade(connection)
        raise KeyboardInterrupt
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("revision", migrations.revisions())
def test_every_schema_ever_written_still_opens(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "nas.db"
    shutil.copy(DATA / f"schema_{revision}.db", path)
    with Store.open(str(path), create=False) as store:
        [summary] = store.studies()
        study = store.study(NAME)
        assert summary.study == study
        assert (study.spec, study.objectives) == (SPEC, OBJECTIVES)
        assert study.finished_at is not None
        records = RECORDS if revision >= "0002" else RECORDS_0001
        found = store.evaluations(study.id)
        assert found == records
        assert all(record.finished_at is not None for record in found)
        assert accounts(store, study.id) == (ACCOUNTS if revision >= "0003" else [])
        assert (summary.complete, summary.over_limit, summary.failed) == (2, 1, 1)
        assert summary.stopped == len(records) - 4
        assert [member.number for member in store.front(study.id)] == [1, 0]
        assert {record.state for record in RECORDS} == set(EvaluationState)
        with store.hold(study.id) as lease:
            store.record(study.id, [evaluation(9, reports=((1.0, 70.0),))], lease=lease)
            save_account(store, study.id, replace(ACCOUNTS[1], number=2), lease=lease)
        assert accounts(store, study.id)[-1].spent == ACCOUNTS[1].spent
        assert store.evaluations(study.id)[-1].reports == ((1.0, 70.0),)

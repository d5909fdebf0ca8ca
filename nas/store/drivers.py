"""Who drives a study: leases in the table of drivers, on an open transaction.

The clock is the server's on PostgreSQL, so that hosts need not agree on the time. A SQLite file
has no other clock than that of the machine it is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from nas.errors import StoreError, StudyHeldError
from nas.store import tables
from nas.store.processes import is_dead, is_here, this_process
from nas.store.records import DriverRecord

_TABLE = tables.drivers


def take(
    connection: Connection, study_id: int, token: str, *, ttl_s: float, progress: Mapping[str, Any]
) -> None:
    """Make this process the driver, in place of one that is dead or whose lease expired.

    The transaction must have the study to itself.

    Raises:
        StudyHeldError: if a live process drives the study.
    """
    check_free(connection, study_id)
    at, process = _now(connection), asdict(this_process())
    connection.execute(delete(_TABLE).where(_TABLE.c.study_id == study_id))
    connection.execute(
        insert(_TABLE).values(
            study_id=study_id,
            token=token,
            process_start=process.pop("start"),
            since=at,
            expires_at=at + timedelta(seconds=ttl_s),
            progress=dict(progress),
            **process,
        )
    )


def renew(
    connection: Connection,
    study_id: int,
    token: str,
    *,
    ttl_s: float,
    progress: Mapping[str, Any],
) -> bool:
    """Let a lease run longer; False if it is another's by now."""
    until = _now(connection) + timedelta(seconds=ttl_s)
    renewed = connection.execute(
        update(_TABLE)
        .where(_TABLE.c.study_id == study_id, _TABLE.c.token == token)
        .values(expires_at=until, progress=dict(progress))
    )
    return renewed.rowcount == 1


def release(connection: Connection, study_id: int, token: str) -> None:
    """Let go of a lease, if it is still this one."""
    connection.execute(
        delete(_TABLE).where(_TABLE.c.study_id == study_id, _TABLE.c.token == token)
    )


def revoke(connection: Connection, study_id: int) -> None:
    """End the lease of a study, whoever has it."""
    connection.execute(delete(_TABLE).where(_TABLE.c.study_id == study_id))


def driver(connection: Connection, study_id: int) -> DriverRecord | None:
    """The driver of a study, also one that is dead and that nobody replaced."""
    row = _row(connection, study_id)
    return None if row is None else _record(row, _now(connection))


def drivers(connection: Connection) -> dict[int, DriverRecord]:
    """The drivers of all studies that have one."""
    found = connection.execute(select(_TABLE)).all()
    at = _now(connection)
    return {row.study_id: _record(row, at) for row in found}


def check_free(connection: Connection, study_id: int) -> None:
    """Refuse to change a study that a live process drives.

    Raises:
        StudyHeldError: naming that process.
    """
    found = driver(connection, study_id)
    if found is None or not found.live:
        return
    left_s = max((found.expires_at - _now(connection)).total_seconds(), 1)
    raise StudyHeldError(
        f"a study must have one driver at a time; got {_name(connection, study_id)!r}, which "
        f"{found} runs; wait for it or end it (one that died on another machine counts for "
        f"{left_s:.0f} s more)"
    )


def check_mine(connection: Connection, study_id: int, token: str) -> None:
    """Refuse to change a study under a lease that another process took over.

    Raises:
        StoreError: naming that process.
    """
    row = _row(connection, study_id)
    if row is not None and row.token == token:
        return
    taker = f"{_record(row, _now(connection))} runs it" if row is not None else "nobody runs it"
    raise StoreError(
        f"a driver must hold the lease of its study; that of {_name(connection, study_id)!r} was "
        f"taken over while this process did not renew it, and now {taker}; run it again to resume"
    )


def _row(connection: Connection, study_id: int) -> Row[Any] | None:
    return connection.execute(select(_TABLE).where(_TABLE.c.study_id == study_id)).one_or_none()


def _record(row: Row[Any], at: datetime) -> DriverRecord:
    live = at < row.expires_at and not is_dead(row.machine, row.pid, row.process_start)
    return DriverRecord(
        user=row.user,
        host=row.host,
        pid=row.pid,
        since=row.since,
        expires_at=row.expires_at,
        live=live,
        progress=row.progress,
        here=is_here(row.machine),
    )


def _name(connection: Connection, study_id: int) -> str:
    studies = tables.studies
    return str(connection.scalar(select(studies.c.name).where(studies.c.id == study_id)))


def _now(connection: Connection) -> datetime:
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    at: datetime = connection.scalars(select(func.clock_timestamp())).one()
    return at.astimezone(UTC)

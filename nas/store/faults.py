"""Errors of SQLAlchemy and the database drivers → StoreError with the reason and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from nas.errors import StoreError, StoreUnavailableError

# By the start of SQLite's own name for the error.
_SQLITE_FIXES = {
    "SQLITE_BUSY": "another process holds its lock; wait for that process or end it, then retry",
    "SQLITE_LOCKED": "another process holds its lock; wait for that process or end it, then retry",
    "SQLITE_NOTADB": "it is not a SQLite database; give another path or move that file away",
    "SQLITE_CANTOPEN": "it cannot be opened; check the permissions of the file and its folder",
    "SQLITE_READONLY": "it cannot be written; check the permissions of the file and its folder",
    "SQLITE_PERM": "it cannot be written; check the permissions of the file and its folder",
    "SQLITE_FULL": "the disk is full; free some space, then resume",
    "SQLITE_IOERR": "the disk failed or is full; check it, then resume",
    "SQLITE_CORRUPT": "it is damaged; restore it from a copy",
}

# By the start of the SQLSTATE of the error; a connection that cannot be made or broke has none.
_POSTGRESQL_FIXES = {
    "25006": "it is read-only; give the URL of the server that takes writes",
    "40P01": "other processes write to it too and were in the way; retry",
    "42501": "its user may not do this; grant that, or give a URL with another user",
    "53100": "the disk of the server is full; free some space, then resume",
    "57P": "the server ended the connection; see that it runs, then resume",
    "XX001": "it is damaged; restore it from a copy",
    "XX002": "it is damaged; restore it from a copy",
}
# Faults that pass: by the start of SQLite's name or of the SQLSTATE.
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "08", "40", "53300", "57P")
_UNREACHABLE = (
    "it cannot be reached; check that the server runs, that it has this database, and the host, "
    "port, user, password and options of the URL"
)


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn any database error inside into a StoreError about the store at `where`."""
    try:
        yield
    except SQLAlchemyError as error:
        kind = StoreUnavailableError if _passes(error) else StoreError
        raise kind(_message(error, where)) from None


def _passes(error: SQLAlchemyError) -> bool:
    cause = getattr(error, "orig", None)
    if not isinstance(error, OperationalError | InterfaceError):
        # SQLAlchemy itself gives up on a connection that broke under another statement.
        return isinstance(error, DBAPIError) and error.connection_invalidated
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if code is None:
        return hasattr(cause, "sqlstate")
    return str(code).startswith(_PASSING)


def _message(error: SQLAlchemyError, where: str) -> str:
    cause = getattr(error, "orig", None) or error
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    if isinstance(cause, StoreError):
        return said
    fix = _fix(cause)
    reason = f"{fix} ({said})" if fix else said
    return f"`store` must be a database that can be read and written; {where}: {reason}"


def _fix(cause: object) -> str | None:
    fixes, code = _SQLITE_FIXES, getattr(cause, "sqlite_errorname", "")
    if hasattr(cause, "sqlstate"):
        if cause.sqlstate is None:
            return _UNREACHABLE
        fixes, code = _POSTGRESQL_FIXES, cause.sqlstate
    return next((fix for start, fix in fixes.items() if code.startswith(start)), None)

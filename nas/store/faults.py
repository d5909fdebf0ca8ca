"""Errors of SQLAlchemy and the database drivers → StoreError with the reason and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from nas.errors import StoreError

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


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn any database error inside into a StoreError about the store at `where`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(_message(error, where)) from None


def _message(error: SQLAlchemyError, where: str) -> str:
    cause = getattr(error, "orig", None) or error
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        return f"what is stored must be plain JSON values; got some that are not ({said})"
    name = getattr(cause, "sqlite_errorname", "")
    fixes = [fix for start, fix in _SQLITE_FIXES.items() if name.startswith(start)]
    reason = f"{fixes[0]} ({said})" if fixes else said
    return f"`store` must be a database that can be read and written; {where}: {reason}"

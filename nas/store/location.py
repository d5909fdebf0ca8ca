"""A path or SQLAlchemy URL, as a person gives it → a URL that the store can open."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from nas.errors import StoreError, did_you_mean

_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
_LOCK_TIMEOUT_S = "30"
_EXAMPLES = "a path such as nas.db, or a URL such as postgresql://user@host/database"


def read_location(url_or_path: str) -> URL:
    """The URL of a store; a plain path is a SQLite file.

    A SQLite URL may state how long to wait for another writer: `sqlite:///nas.db?timeout=5`.

    Raises:
        StoreError: unless it names a SQLite file or a PostgreSQL database.
    """
    if "://" not in url_or_path:
        url = URL.create("sqlite", database=url_or_path)
    else:
        url = _read_url(url_or_path)
    if url.get_backend_name() != "sqlite":
        # By name, because the driver that SQLAlchemy takes without one depends on its version.
        return url.set(drivername="postgresql+psycopg")
    if url.database in (None, "", ":memory:") or "uri" in url.query or "mode" in url.query:
        raise StoreError(f"`store` must be a file that outlives the process; got {url_or_path!r}")
    path = Path(str(url.database)).expanduser()
    return url.set(database=str(path)).update_query_dict({"timeout": _lock_timeout_s(url)})


def _lock_timeout_s(url: URL) -> str:
    stated = url.query.get("timeout", _LOCK_TIMEOUT_S)
    if isinstance(stated, str) and re.fullmatch(r"\d+(\.\d+)?", stated):
        return stated
    raise StoreError(f"`timeout` of a SQLite store must be a number of seconds; got {stated!r}")


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(f"`store` must be {_EXAMPLES}; got a URL that does not parse") from None
    if url.drivername not in _DRIVERS:
        raise StoreError(
            f"`store` must be one of {', '.join(_DRIVERS)}; "
            f"got {url.drivername!r}{did_you_mean(url.drivername, _DRIVERS)}"
        )
    if url.get_backend_name() != "sqlite" and text.count("@") > 1:
        # Part of the password would be taken for the host, and shown.
        raise StoreError("`@` in a URL must only stand before the host; write any other as %40")
    return url


def display(url: URL) -> str:
    """The location as messages show it: the path of a file, else the URL without its secrets."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    secrets = [option for option in url.query if re.search("password|secret", option)]
    return url.difference_update_query(secrets).render_as_string(hide_password=True)


def check_file(path: Path, *, create: bool) -> None:
    """Refuse what cannot be a SQLite file before anything is created.

    Raises:
        StoreError: with the rule, what is there, and the fix.
    """
    try:
        is_folder, has_folder, exists = path.is_dir(), path.parent.is_dir(), path.exists()
    except OSError as error:
        raise StoreError(
            f"`store` must be a path that can be opened; {path}: {error.strerror}"
        ) from None
    if is_folder:
        raise StoreError(
            f"`store` must be a file; {path} is a folder; give a file in it, such as {path}/nas.db"
        )
    if not has_folder:
        raise StoreError(
            f"`store` must be in a folder that exists; got {path}; make {path.parent} first"
        )
    if not create and not exists:
        raise no_database(str(path))


def no_database(where: str) -> StoreError:
    """The error for a place that holds no studies yet."""
    return StoreError(
        f"`store` must be a database that exists; got {where}, where there is none; "
        "run `nas search` to make one, or give the place of yours"
    )

"""The revision of a database → the newest one, by the scripts in `versions`."""

from __future__ import annotations

import threading
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_ALEMBIC = threading.Lock()  # Alembic keeps its environment in module globals.


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "nas.store:migrations")
    return config


@cache
def revisions() -> tuple[str, ...]:
    """Every revision this version of the package knows, newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest revision, inside the transaction of the connection."""
    assert connection.in_transaction(), "a migration needs a transaction to be whole"
    with _ALEMBIC:
        command.upgrade(_config(connection), "head")

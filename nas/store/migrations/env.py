"""Alembic's entry: the connection it was given → that database at the revision asked for.

Runs inside the transaction of that connection, so a migration happens whole or not at all.
"""

from __future__ import annotations

from alembic import context

from nas.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()

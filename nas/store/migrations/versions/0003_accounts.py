"""Schema 0002 → accounts of what the processes that drove a study spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of accounts; of older studies nobody kept any."""
    op.create_table(
        "accounts",
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent", sa.JSON, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("study_id", "number", name="pk_accounts"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_accounts_study_id", ondelete="CASCADE"
        ),
    )

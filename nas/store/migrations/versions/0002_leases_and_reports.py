"""Schema 0001 → drivers that hold a study, reports on the way, and what evaluations took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of drivers and the new columns; old evaluations have neither."""
    op.add_column("evaluations", sa.Column("reports", sa.JSON))
    op.add_column("evaluations", sa.Column("spent", sa.JSON))
    op.create_table(
        "drivers",
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_start", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("study_id", name="pk_drivers"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_drivers_study_id", ondelete="CASCADE"
        ),
    )

"""An empty database → studies, objectives, architectures, evaluations and fronts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    _create_studies()
    _create_evaluations()


def _create_studies() -> None:
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_studies"),
        sa.UniqueConstraint("name", name="uq_studies_name"),
    )
    op.create_table(
        "objectives",
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sense", sa.String(16), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("study_id", "position", name="pk_objectives"),
        sa.UniqueConstraint("study_id", "name", name="uq_objectives_study_id_name"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_objectives_study_id", ondelete="CASCADE"
        ),
    )


def _create_evaluations() -> None:
    op.create_table(
        "architectures",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_architectures"),
    )
    op.create_table(
        "evaluations",
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("architecture_id", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("choices", sa.JSON, nullable=False),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("study_id", "number", name="pk_evaluations"),
        sa.UniqueConstraint(
            "architecture_id", "study_id", name="uq_evaluations_architecture_id_study_id"
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_evaluations_study_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["architecture_id"], ["architectures.id"], name="fk_evaluations_architecture_id"
        ),
    )
    op.create_index(
        "ix_evaluations_study_id_state_number", "evaluations", ["study_id", "state", "number"]
    )
    op.create_table(
        "front_members",
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("evaluation", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("study_id", "position", name="pk_front_members"),
        sa.UniqueConstraint("study_id", "evaluation", name="uq_front_members_study_id_evaluation"),
        sa.ForeignKeyConstraint(
            ["study_id", "evaluation"],
            ["evaluations.study_id", "evaluations.number"],
            name="fk_front_members_study_id_evaluation",
            ondelete="CASCADE",
        ),
    )

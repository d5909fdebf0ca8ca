"""The tables of the store, as SQLAlchemy metadata; `migrations` brings a database to them.

Why the keys are natural: a network is its id, an evaluation is its number in its study. The
pair (architecture, study) is unique, so no fault of the code above can store a network twice
in a study; architecture first, so that the same index finds a network across studies.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

VERSION_TABLE = "nas_schema_version"
"""Where Alembic notes the revision: not its default name, which Optuna and MLflow use too."""

REVISION = "0003"
"""The revision whose tables these are."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database, also on those that drop the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; store the rest as UTC."""
        if value is None:
            return None
        assert value.tzinfo is not None, "times in the store are aware"
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark as UTC what came back without a time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(naming_convention=NAMING)

studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("spec", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)

objectives = Table(
    "objectives",
    metadata,
    Column("study_id", ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("sense", String(16), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("provenance", JSON, nullable=False),
    UniqueConstraint("study_id", "name"),
)

architectures = Table(
    "architectures",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("text", Text, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("study_id", ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("architecture_id", ForeignKey("architectures.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("choices", JSON, nullable=False),
    Column("values", JSON, nullable=False),
    Column("reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("reports", JSON(none_as_null=True)),
    Column("spent", JSON(none_as_null=True)),
    UniqueConstraint("architecture_id", "study_id"),
    Index(None, "study_id", "state", "number"),
)

front_members = Table(
    "front_members",
    metadata,
    Column("study_id", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("evaluation", Integer, nullable=False),
    UniqueConstraint("study_id", "evaluation"),
    ForeignKeyConstraint(
        ["study_id", "evaluation"],
        ["evaluations.study_id", "evaluations.number"],
        ondelete="CASCADE",
    ),
)

drivers = Table(
    "drivers",
    metadata,
    Column("study_id", ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_start", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("progress", JSON, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("study_id", ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("purpose", String(32), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("spent", JSON, nullable=False),
    Column("about", JSON, nullable=False),
)

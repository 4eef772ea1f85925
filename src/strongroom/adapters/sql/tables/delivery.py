"""Environments, releases with their parts, what was placed where, and targets."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, UniqueConstraint, false
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, text, time_us, uid

_PRESENT = sql("removed_at IS NULL")

#: `after` is a JSON list of names, `freezes` one of [start, end, reason].
environment = Table(
    "environment",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("name", String(64), nullable=False),
    text("description", default=""),
    Column("position", Integer, nullable=False),
    json_text("after"),
    Column("restricted", Boolean, nullable=False, server_default=false()),
    Column("keep", Integer, nullable=False),
    json_text("freezes"),
    Column("etag", Integer, nullable=False),
    time_us("recorded_at"),
    time_us("removed_at", nullable=True),
    Index(
        "uq_environment_name",
        "workspace_id",
        "name",
        unique=True,
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    ),
)

delivery_release = Table(
    "delivery_release",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("line", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    text("note", default=""),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    UniqueConstraint("workspace_id", "line", "number"),
    Index("ix_delivery_release_digest", "workspace_id", "line", "digest"),
)

delivery_part = Table(
    "delivery_part",
    metadata,
    Column("release_id", Int64, primary_key=True, autoincrement=False),
    Column("role", String(64), primary_key=True),
    ref("version_id", "version", index=True),
    Column("tree", String(64), nullable=False),
    sqlite_with_rowid=False,
)

#: `guard` is a JSON object or null; `previous_id` the placement that a rollback goes back to; `ended_by` a principal.
delivery_placement = Table(
    "delivery_placement",
    metadata,
    key(),
    ref("environment_id", "environment"),
    Column("line", String(64), nullable=False),
    ref("release_id", "delivery_release", index=True),
    Column("mode", String(16), nullable=False),
    Column("share", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    text("note", default=""),
    json_text("cause"),
    Column("guard", String(500), nullable=True),
    Column("previous_id", Int64, nullable=True),
    ref("placed_by", "principal"),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    Column("ended_by", Int64, nullable=True),
    Column("ended_how", String(16), nullable=True),
    text("ended_note", default=""),
    json_text("ended_cause"),
    Index(
        "ix_delivery_placement_current",
        "environment_id",
        "line",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_delivery_placement_history", "environment_id", "line", "id"),
)

delivery_target = Table(
    "delivery_target",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("environment_id", "environment"),
    Column("line", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    text("description", default=""),
    ref("registered_by", "principal"),
    time_us("recorded_at"),
    time_us("removed_at", nullable=True),
    time_us("reported_at", nullable=True),
    Column("running", String(64), nullable=True),
    Column("health", String(16), nullable=False, server_default=""),
    json_text("numbers"),
    text("message", default=""),
    Column("breaches", Integer, nullable=False, server_default="0"),
    Column("status", String(16), nullable=False),
    Index(
        "uq_delivery_target_name",
        "environment_id",
        "line",
        "name",
        unique=True,
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    ),
    Index(
        "ix_delivery_target_reported",
        "reported_at",
        sqlite_where=sql("removed_at IS NULL AND status <> 'stale'"),
        postgresql_where=sql("removed_at IS NULL AND status <> 'stale'"),
    ),
)

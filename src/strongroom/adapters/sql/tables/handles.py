"""Handles: foreign ids and what they point at."""

from sqlalchemy import Column, Index, String, Table

from strongroom.adapters.sql.tables.base import Int64, metadata, ref, time_us

handle = Table(
    "handle",
    metadata,
    Column("workspace_id", Int64, primary_key=True, autoincrement=False),
    Column("dialect", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("foreign_id", String(512), primary_key=True),
    Column("object_kind", String(16), nullable=False),
    Column("object_id", Int64, nullable=False),
    ref("set_by", "principal"),
    time_us("recorded_at"),
    Index("ix_handle_object", "object_kind", "object_id", "dialect", "kind", "recorded_at"),
    sqlite_with_rowid=False,
)

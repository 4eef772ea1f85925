"""Annotations: what has no field of its own, as JSON, one document an object."""

from sqlalchemy import Column, String, Table

from strongroom.adapters.sql.tables.base import Int64, json_text, metadata, time_us

annotation = Table(
    "annotation",
    metadata,
    Column("object_kind", String(16), primary_key=True),
    Column("object_id", Int64, primary_key=True, autoincrement=False),
    json_text("body"),
    time_us("recorded_at"),
    sqlite_with_rowid=False,
)

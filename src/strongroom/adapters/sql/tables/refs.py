"""Branches and pins, publication rules, heads that wait to be published, and origins of copies."""

from sqlalchemy import Boolean, Column, Index, String, Table
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import ByteOrdered, Int64, metadata, ref, text, time_us

asset_ref = Table(
    "asset_ref",
    metadata,
    Column("asset_id", Int64, primary_key=True, autoincrement=False),
    Column("name", ByteOrdered, primary_key=True),
    Column("kind", String(16), nullable=False),
    ref("revision_id", "revision"),
    Column("etag", Int64, nullable=False),
    Column("protected", Boolean, nullable=False, server_default=sql("false")),
    ref("set_by", "principal"),
    time_us("recorded_at"),
    time_us("moved_at"),
)

publication_rule = Table(
    "publication_rule",
    metadata,
    Column("owner_kind", String(16), primary_key=True),
    Column("owner_id", Int64, primary_key=True, autoincrement=False),
    Column("rule", String(64), nullable=False),
)

#: The head of `main` of this asset is looked at when it is due: a durable timer, one row an asset.
publication_due = Table(
    "publication_due",
    metadata,
    Column("asset_id", Int64, primary_key=True, autoincrement=False),
    time_us("due_at"),
    Index("ix_publication_due_due", "due_at"),
)

version_origin = Table(
    "version_origin",
    metadata,
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    Column("workspace_uid", String(36), nullable=False),
    Column("workspace", String(96), nullable=False),
    Column("asset_uid", String(36), nullable=False),
    text("asset"),
    Column("version_uid", String(36), nullable=False, index=True),
    Column("number", Int64, nullable=False),
    Column("revision", String(64), nullable=True),
    Column("tree", String(64), nullable=False),
    time_us("recorded_at"),
)

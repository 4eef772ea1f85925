"""Lineage: vertices that are not ours, and typed edges between everything."""

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, time_us, uid

node = Table(
    "node",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("dialect", String(32), nullable=False),
    Column("foreign_id", String(512), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("type", String(255), nullable=False, server_default=""),
    Column("name", String(255), nullable=False),
    Column("uri", Text, nullable=True),
    Column("digest", String(255), nullable=True),
    json_text("properties"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    UniqueConstraint("workspace_id", "dialect", "kind", "foreign_id"),
    Index("ix_node_uri", "workspace_id", "uri"),
)

edge = Table(
    "edge",
    metadata,
    ref("workspace_id", "workspace"),
    Column("source_kind", String(16), primary_key=True),
    Column("source_id", Int64, primary_key=True, autoincrement=False),
    Column("type", String(32), primary_key=True),
    Column("target_kind", String(16), primary_key=True),
    Column("target_id", Int64, primary_key=True, autoincrement=False),
    json_text("properties"),
    time_us("recorded_at"),
    Index("ix_edge_target", "target_kind", "target_id", "type", "source_kind", "source_id"),
)

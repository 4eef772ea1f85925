"""Lineage: vertices that are not ours, typed edges between everything, flags, and who consumed which version."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import (
    Int64,
    index_of_present,
    json_text,
    key,
    metadata,
    ref,
    text,
    time_us,
    uid,
)

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
    Column("state", String(255), nullable=False, server_default=""),
    Column("etag", Integer, nullable=False, server_default="1"),
    time_us("deleted_at", nullable=True),
    text("deleted_reason", default=""),
    UniqueConstraint("workspace_id", "dialect", "kind", "foreign_id"),
    Index("ix_node_uri", "workspace_id", "uri"),
    Index("ix_node_name", "workspace_id", "name", "id"),
    Index("ix_node_digest", "workspace_id", "digest", "id"),
    Index("ix_node_recorded", "workspace_id", "recorded_at", "id"),
    # our own ids are made of names and are unique by kind; those of other systems are unique (domain.md N10)
    Index(
        "ix_node_foreign",
        "workspace_id",
        "dialect",
        "foreign_id",
        unique=True,
        sqlite_where=sql("dialect <> 'native'"),
        postgresql_where=sql("dialect <> 'native'"),
    ),
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
    # of a principal; no foreign key, which SQLite cannot add to a table that is there without copying it
    Column("asserted_by", Int64, nullable=True),
    Index("ix_edge_target", "target_kind", "target_id", "type", "source_kind", "source_id"),
)

#: Edges that were taken back, as they were, with who, when and why.
edge_removed = Table(
    "edge_removed",
    metadata,
    key(),
    ref("workspace_id", "workspace"),
    Column("source_kind", String(16), nullable=False),
    Column("source_id", Int64, nullable=False),
    Column("type", String(32), nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", Int64, nullable=False),
    json_text("properties"),
    time_us("recorded_at"),
    Column("asserted_by", Int64, nullable=True),
    time_us("removed_at"),
    ref("removed_by", "principal"),
    text("reason"),
    Index("ix_edge_removed_source", "source_kind", "source_id", "id"),
    Index("ix_edge_removed_target", "target_kind", "target_id", "id"),
)

flag = Table(
    "flag",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("vertex_kind", String(16), nullable=False),
    Column("vertex_id", Int64, nullable=False),
    Column("cause", String(32), nullable=False),
    text("reason"),
    ref("set_by", "principal"),
    time_us("recorded_at"),
    time_us("removed_at", nullable=True),
    ref("removed_by", "principal", nullable=True),
    text("removed_reason", default=""),
    # of a recall; no foreign key, which SQLite cannot add to a table that is there without copying it
    Column("recall_id", Int64, nullable=True),
    Index("ix_flag_workspace", "workspace_id", "id"),
    Index("ix_flag_vertex", "vertex_kind", "vertex_id", "id"),
    index_of_present("ix_flag_recall", "recall_id"),
)

#: Sums of `read_window`, kept when the windows have become audit records. Principal 0 is whoever has no token.
consumption = Table(
    "consumption",
    metadata,
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("first_hour", BigInteger, nullable=False),
    Column("last_hour", BigInteger, nullable=False),
    Column("reads", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index("ix_consumption_principal", "principal_id", "version_id"),
)

#: The same summed up an asset and day (since 1970, UTC), whoever read.
asset_reads = Table(
    "asset_reads",
    metadata,
    Column("asset_id", Int64, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("reads", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

"""Recalls, the vertices of lineage that they reach, what is still to be done about them, and exemptions."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, false
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, text, time_us, uid

_UNWALKED = sql("walked = false")

recall = Table(
    "recall",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("kind", String(16), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("digest", String(255), nullable=True),
    Column("downstream", Boolean, nullable=False, server_default=false()),
    text("reason"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("lifted_at", nullable=True),
    ref("lifted_by", "principal", nullable=True),
    text("lifted_reason", default=""),
    Index("ix_recall_workspace", "workspace_id", "id"),
)

#: `bars`: 0 nothing, 1 all of it, 2 the files that are in the recalled tree.
recall_reach = Table(
    "recall_reach",
    metadata,
    Column("recall_id", Int64, primary_key=True, autoincrement=False),
    Column("vertex_kind", String(16), primary_key=True),
    Column("vertex_id", Int64, primary_key=True, autoincrement=False),
    Column("distance", Integer, nullable=False),
    Column("bars", Integer, nullable=False),
    Column("walked", Boolean, nullable=False, server_default=false()),
    Index("ix_recall_reach_vertex", "vertex_kind", "vertex_id"),
    Index("ix_recall_reach_page", "recall_id", "distance", "vertex_kind", "vertex_id"),
    Index("ix_recall_reach_unwalked", "recall_id", sqlite_where=_UNWALKED, postgresql_where=_UNWALKED),
    sqlite_with_rowid=False,
)

#: A row while something is to be done: `phase` is seek, walk or free; `cursor` the last version looked at.
recall_work = Table(
    "recall_work",
    metadata,
    Column("recall_id", Int64, primary_key=True, autoincrement=False),
    Column("phase", String(16), nullable=False),
    Column("cursor", BigInteger, nullable=False, server_default="0"),
)

recall_exemption = Table(
    "recall_exemption",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("recall_id", "recall"),
    Column("for_kind", String(16), nullable=False),
    Column("for_uid", String(36), nullable=False),
    text("reason"),
    ref("asked_by", "principal"),
    time_us("asked_at"),
    time_us("until"),
    ref("given_by", "principal", nullable=True),
    time_us("given_at", nullable=True),
    ref("ended_by", "principal", nullable=True),
    time_us("ended_at", nullable=True),
    Index("ix_recall_exemption_recall", "recall_id", "id"),
)

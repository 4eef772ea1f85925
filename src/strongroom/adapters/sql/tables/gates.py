"""Policies with their versions, and what gates said."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy import text as sql_text

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, text, time_us, uid

policy = Table(
    "policy",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("name", String(96), nullable=False),
    Column("number", Integer, nullable=False),
    time_us("retired_at", nullable=True),
    UniqueConstraint("workspace_id", "name"),
)

policy_version = Table(
    "policy_version",
    metadata,
    Column("policy_id", Int64, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    text("document"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    sqlite_with_rowid=False,
)

#: What rules saw, in one spelling, under its SHA-256.
gate_evidence = Table(
    "gate_evidence",
    metadata,
    Column("digest", String(64), primary_key=True),
    text("document"),
    sqlite_with_rowid=False,
)

gate_decision = Table(
    "gate_decision",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("version_id", "version"),
    Column("kind", String(16), nullable=False),
    Column("target", String(255), nullable=False),
    Column("source", String(255), nullable=False, server_default=""),
    Column("passed", Boolean, nullable=False),
    Column("evidence", String(64), nullable=False),
    json_text("body"),
    ref("decided_by", "principal"),
    time_us("recorded_at"),
    Index("ix_gate_decision_version", "version_id", "id"),
)

#: What passed and stands there since. `mark` and `epoch` are of what the last look rested on.
gate_standing = Table(
    "gate_standing",
    metadata,
    Column("version_id", Int64, ForeignKey("version.id"), primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("target", String(255), primary_key=True),
    ref("workspace_id", "workspace"),
    ref("decision_id", "gate_decision"),
    Column("epoch", Integer, nullable=False, server_default="-1"),
    Column("mark", String(64), nullable=False, server_default=""),
    Column("checked_at", BigInteger, nullable=False, server_default=sql_text("0")),
    time_us("risk_since", nullable=True),
    Column("reasons", Text, nullable=False, server_default="[]"),
    Index("ix_gate_standing_workspace", "workspace_id", "checked_at"),
    sqlite_with_rowid=False,
)

"""The audit log (RFC 6962 leaves, tiles and checkpoints), the outbox and idempotency keys."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, time_us, uid

#: Append-only. `body` is the canonical record; the other columns repeat parts of it for queries.
audit = Table(
    "audit",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace", nullable=True),
    Column("actor", String(36), nullable=False),
    Column("action", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_uid", String(36), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    time_us("recorded_at"),
    Index("ix_audit_workspace", "workspace_id", "id"),
    Index("ix_audit_subject", "subject_uid", "id"),
    Index("ix_audit_actor", "actor", "id"),
)

#: Committed, not yet given a leaf: the sequencer takes these rows and never "ids above the last", because the gaps of
#: an identity column commit late (domain.md section 3).
audit_pending = Table("audit_pending", metadata, Column("audit_id", Int64, primary_key=True, autoincrement=False))

audit_leaf = Table(
    "audit_leaf",
    metadata,
    Column("leaf", Int64, primary_key=True, autoincrement=False),
    Column("audit_id", Int64, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

#: Hashes of complete subtrees of 256**level leaves, level >= 1.
audit_tile = Table(
    "audit_tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", Int64, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", Int64, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    time_us("recorded_at"),
)

#: One row: the size of the log, and the fence of the one sequencer that may extend it.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", Int64, nullable=False),
    Column("epoch", Int64, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    key(),
    Column("audit_id", Int64, nullable=False, index=True),
    Column("type", String(64), nullable=False),
    Column("asset_id", Int64, nullable=True),
    Column("asset_seq", Int64, nullable=True),
    Column("body", Text, nullable=False),
    time_us("recorded_at"),
    Index("ix_outbox_asset", "asset_id", "asset_seq"),
)

#: Reads of a version's bytes, counted per principal and hour; a closed hour becomes one audit record.
read_window = Table(
    "read_window",
    metadata,
    Column("principal_uid", String(36), primary_key=True),
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("reads", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index("ix_read_window_hour", "hour"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    time_us("recorded_at"),
    Index("ix_idempotency_recorded", "recorded_at"),
)

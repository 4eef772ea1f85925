"""Record sets: rows for evaluations, and the experiments that they are for."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, time_us, uid

record_set = Table(
    "record_set",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("namespace_id", "namespace", index=True),
    Column("name", String(500), nullable=False),
    json_text("schema"),
    Column("records", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("updated_at"),
    Index("ix_record_set_workspace", "workspace_id", "id"),
)

#: `key` is the SHA-256 of the inputs; the five JSON documents are kept as they were sent, keys sorted.
eval_record = Table(
    "eval_record",
    metadata,
    key(),
    uid(),
    Column("set_id", Int64, nullable=False),
    Column("key", String(64), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("outputs", Text, nullable=True),
    Column("expectations", Text, nullable=True),
    Column("tags", Text, nullable=False),
    Column("source", Text, nullable=True),
    Column("size", Integer, nullable=False),
    time_us("recorded_at"),
    time_us("updated_at"),
    Index("uq_eval_record_key", "set_id", "key", unique=True),
    Index("ix_eval_record_order", "set_id", "id"),
)

record_set_experiment = Table(
    "record_set_experiment",
    metadata,
    Column("set_id", Int64, primary_key=True, autoincrement=False),
    Column("experiment_id", Int64, primary_key=True, autoincrement=False),
    Index("ix_record_set_experiment_reversed", "experiment_id", "set_id"),
    sqlite_with_rowid=False,
)

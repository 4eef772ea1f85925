"""Logged models, their params and measurements."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, claimed_at, head, key, metadata, ref, time_us, uid

logged_model = Table(
    "logged_model",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("experiment_id", "experiment"),
    ref("run_id", "run", nullable=True, index=True),
    Column("name", String(255), nullable=False),
    Column("type", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("updated_at"),
    time_us("deleted_at", nullable=True),
    claimed_at(),
    Index("ix_logged_model_experiment", "experiment_id", "recorded_at", "id"),
    Index("ix_logged_model_workspace", "workspace_id", "recorded_at", "id"),
)

#: Set once each.
logged_model_param = Table(
    "logged_model_param",
    metadata,
    Column("model_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("number", Float(53), nullable=True),
    Column("experiment_id", Int64, nullable=False),
    Index("ix_logged_model_param_search", "experiment_id", "key_id", "number", "model_id"),
    sqlite_with_rowid=False,
)

Index(
    "ix_logged_model_param_text",
    logged_model_param.c.experiment_id,
    logged_model_param.c.key_id,
    head(logged_model_param.c.text),
    logged_model_param.c.model_id,
)

#: A row a point: models are measured a few times, not a few million. `dataset_id` is that of a node, 0 without one;
#: a value of NULL is NaN, which SQLite cannot store.
logged_model_point = Table(
    "logged_model_point",
    metadata,
    Column("model_id", Int64, primary_key=True, autoincrement=False),
    Column("position", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, nullable=False),
    Column("dataset_id", Int64, nullable=False),
    Column("run_id", Int64, nullable=True),
    Column("step", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Float(53), nullable=True),
    Index("ix_logged_model_point_key", "model_id", "key_id", "step", "time", "position"),
    sqlite_with_rowid=False,
)

#: The latest point of each key on each data set.
logged_model_value = Table(
    "logged_model_value",
    metadata,
    Column("model_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("dataset_id", Int64, primary_key=True, autoincrement=False),
    Column("experiment_id", Int64, nullable=False),
    Column("run_id", Int64, nullable=True),
    Column("last", Float(53), nullable=True),
    Column("last_step", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Index("ix_logged_model_value_search", "experiment_id", "key_id", "last", "model_id"),
    Index("ix_logged_model_value_dataset", "experiment_id", "key_id", "dataset_id", "last", "model_id"),
    Index("ix_logged_model_value_measured", "dataset_id", "model_id"),
    sqlite_with_rowid=False,
)

"""Experiments, runs and their values. Points are packed blocks per run, never a row a point."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import (
    Int64,
    changed_at,
    head,
    json_text,
    key,
    metadata,
    ref,
    text,
    time_us,
    uid,
)

experiment = Table(
    "experiment",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("namespace_id", "namespace"),
    Column("name", String(255), nullable=False),
    text("description", default=""),
    Column("etag", Integer, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    changed_at(),
    time_us("deleted_at", nullable=True),
    UniqueConstraint("namespace_id", "name"),  # a trashed experiment keeps its name (domain.md N3)
    Index("ix_experiment_workspace", "workspace_id", "recorded_at", "id"),
)

run = Table(
    "run",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("experiment_id", "experiment"),
    ref("parent_id", "run", nullable=True, index=True),
    Column("name", String(255), nullable=False, server_default=""),
    Column("kind", String(32), nullable=False, server_default="training"),
    Column("state", String(16), nullable=False),
    text("note", default=""),
    json_text("source"),
    text("environment", default=""),
    Column("environment_digest", String(64), nullable=True),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("started_at"),
    time_us("ended_at", nullable=True),
    time_us("recorded_at"),
    time_us("deleted_at", nullable=True),
    Index("ix_run_experiment", "experiment_id", "started_at", "id"),
    Index("ix_run_workspace", "workspace_id", "recorded_at", "id"),
    Index("ix_run_workspace_started", "workspace_id", "started_at", "id"),
)

run_param = Table(
    "run_param",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("number", Float(53), nullable=True),
    Column("once", Boolean, nullable=False),
    Column("experiment_id", Int64, nullable=False),
    Index("ix_run_param_search", "experiment_id", "key_id", "number", "run_id"),
    sqlite_with_rowid=False,
)

Index("ix_run_param_text", run_param.c.experiment_id, run_param.c.key_id, head(run_param.c.text), run_param.c.run_id)

#: Latest, least, greatest and number of the points of one key of one run. A row has at least one point, so NULL means
#: NaN, which SQLite cannot store; infinities are numbers on both databases.
run_value = Table(
    "run_value",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("experiment_id", Int64, nullable=False),
    Column("last", Float(53), nullable=True),
    Column("last_step", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("min", Float(53), nullable=True),
    Column("max", Float(53), nullable=True),
    Column("count", BigInteger, nullable=False),
    Index("ix_run_value_search", "experiment_id", "key_id", "last", "run_id"),
    sqlite_with_rowid=False,
)

#: One row a batch. `record` is all of the batch but its points, `body` its points packed: together they are the bytes
#: that the run's chain covers. Steps are the least and greatest of any key in it, so that a page of a series finds its
#: blocks; NULL when it has no points.
block = Table(
    "block",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("position", Int64, primary_key=True, autoincrement=False),
    Column("points", Integer, nullable=False),
    Column("least_step", BigInteger, nullable=True),
    Column("greatest_step", BigInteger, nullable=True),
    Column("record", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_block_step", "run_id", "least_step", "position", "greatest_step"),
)

#: The hash chain over everything recorded in a run (domain.md N15); its head is audited.
run_chain = Table(
    "run_chain",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("head", String(64), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("audited_count", BigInteger, nullable=False, server_default="0"),
    time_us("audited_at"),
    Index(
        "ix_run_chain_due",
        "audited_at",
        sqlite_where=sql("audited_count < count"),
        postgresql_where=sql("audited_count < count"),
    ),
)

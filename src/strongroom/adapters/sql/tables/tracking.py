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
    claimed_at,
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
    claimed_at(),
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

#: Batches of a run that follow one another from `position` on: one as it came, or many that were merged. `record` is
#: all of them but their points, `body` their points packed; from both the bytes that the run's chain covers are made.
#: Steps are the least and greatest of any key in it, so that a page of a series finds its blocks; NULL when it has no
#: points. `size` is that of record and body.
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
    Column("batches", Integer, nullable=False, server_default="1"),
    Column("size", Integer, nullable=False, server_default="0"),
    Index("ix_block_step", "run_id", "least_step", "position", "greatest_step"),
)

#: Rows `first` to `last`, each of them, stand in the run's batch of that position; no row stands in two.
run_row = Table(
    "run_row",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("last", Int64, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Series whose values are no numbers, in short; `last` is the beginning of the latest value.
run_series = Table(
    "run_series",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("last", Text, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: The streams of a run: the number after the greatest that was written, and how many rows of `line_block` hold them.
run_stream = Table(
    "run_stream",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("stream_id", Int64, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("blocks", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Lines `first` to `last` of a stream, packed. Of a number that stands in two rows the one of the greater `position`
#: holds: the place of its batch in the run's chain.
line_block = Table(
    "line_block",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("stream_id", Int64, primary_key=True, autoincrement=False),
    Column("first", Int64, primary_key=True, autoincrement=False),
    Column("position", Int64, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_line_block_last", "run_id", "stream_id", "last", "first"),
)

#: The hash chain over everything recorded in a run (domain.md N15); its head is audited. `loose` counts batches that
#: are still rows of their own; from 32 on the run is due for merging, and the end of a run adds 32.
run_chain = Table(
    "run_chain",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("head", String(64), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("audited_count", BigInteger, nullable=False, server_default="0"),
    time_us("audited_at"),
    Column("loose", BigInteger, nullable=False, server_default="0"),
    Index(
        "ix_run_chain_loose",
        "loose",
        sqlite_where=sql("loose >= 32"),
        postgresql_where=sql("loose >= 32"),
    ),
    Index(
        "ix_run_chain_due",
        "audited_at",
        sqlite_where=sql("audited_count < count"),
        postgresql_where=sql("audited_count < count"),
    ),
)

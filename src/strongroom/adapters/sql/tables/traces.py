"""Traces, their spans, what is said of them and what they are linked with."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from strongroom.adapters.sql.tables.base import Int64, head, json_text, key, metadata, ref, text, time_us, uid

#: `told` says whether a client described the whole; before, it shows what its spans show. `size` is bytes of spans.
trace = Table(
    "trace",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("experiment_id", "experiment"),
    Column("trace_id", String(32), nullable=False),
    ref("run_id", "run", nullable=True, index=True),
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("request_id", String(255), nullable=True),
    Column("session", String(255), nullable=True),
    time_us("started_at"),
    Column("duration_us", BigInteger, nullable=True),
    text("request", nullable=True),
    text("response", nullable=True),
    Column("told", Boolean, nullable=False),
    Column("spans", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("updated_at"),
    UniqueConstraint("workspace_id", "trace_id"),
    Index("ix_trace_experiment", "experiment_id", "started_at", "id"),
    Index("ix_trace_workspace_started", "workspace_id", "started_at", "id"),
    Index("ix_trace_session", "experiment_id", "session", "id"),
)

#: A row a span. What is searched stands in columns, the rest in `body`, a JSON text; `size` is its bytes.
span = Table(
    "span",
    metadata,
    Column("trace_id", Int64, primary_key=True, autoincrement=False),
    Column("span_id", String(16), primary_key=True),
    Column("experiment_id", Int64, nullable=False),
    Column("parent_id", String(16), nullable=True),
    Column("name", Text, nullable=False),
    Column("type", String(64), nullable=False),
    Column("status", String(8), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=True),
    Column("size", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

Index("ix_span_name", span.c.experiment_id, head(span.c.name), span.c.trace_id)

#: `text` and `number` are the value as search compares it.
assessment = Table(
    "assessment",
    metadata,
    key(),
    uid(),
    ref("trace_id", "trace", index=True),
    Column("experiment_id", Int64, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(250), nullable=False),
    text("value"),
    text("text", nullable=True),
    Column("number", Float(53), nullable=True),
    text("failure", nullable=True),
    Column("source", String(16), nullable=False),
    Column("source_id", String(255), nullable=False),
    text("rationale"),
    Column("span_id", String(16), nullable=True),
    json_text("metadata"),
    Column("valid", Boolean, nullable=False),
    Column("overrides", String(36), nullable=True),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("updated_at"),
    Index("ix_assessment_name", "experiment_id", "kind", "name", "trace_id"),
    Index("ix_assessment_number", "experiment_id", "kind", "name", "number", "trace_id"),
)

Index(
    "ix_assessment_text",
    assessment.c.experiment_id,
    assessment.c.kind,
    assessment.c.name,
    head(assessment.c.text),
    assessment.c.trace_id,
)

#: What a trace is linked with: kind run or version, and its id. Not edges of lineage: a prompt in use has millions.
trace_link = Table(
    "trace_link",
    metadata,
    Column("trace_id", Int64, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("target_id", Int64, primary_key=True, autoincrement=False),
    time_us("recorded_at"),
    Index("ix_trace_link_target", "kind", "target_id", "trace_id"),
    sqlite_with_rowid=False,
)

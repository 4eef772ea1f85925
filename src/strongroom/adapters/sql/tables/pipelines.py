"""Steps of pipelines, and the runs that are attempts at them."""

from sqlalchemy import Column, Index, Integer, String, Table

from strongroom.adapters.sql.tables.base import Int64, json_text, metadata, ref

#: `depends_on` is a JSON list of names; `run_id` the latest attempt, NULL before the first.
pipeline_step = Table(
    "pipeline_step",
    metadata,
    Column("pipeline_id", Int64, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False),
    json_text("depends_on"),
    ref("run_id", "run", nullable=True),
    Column("attempts", Integer, nullable=False),
    Index("uq_pipeline_step_name", "pipeline_id", "name", unique=True),
    sqlite_with_rowid=False,
)

#: `answered_by` is the finished run that a cached attempt rests on.
step_attempt = Table(
    "step_attempt",
    metadata,
    Column("run_id", Int64, primary_key=True, autoincrement=False),
    Column("pipeline_id", Int64, nullable=False),
    Column("step", String(255), nullable=False),
    Column("experiment_id", Int64, nullable=False),
    Column("cache_key", String(64), nullable=True),
    ref("answered_by", "run", nullable=True),
    Index("ix_step_attempt_cache", "experiment_id", "cache_key", "run_id"),
    sqlite_with_rowid=False,
)

"""Evaluations of versions, which versions share them, and what search sees of them."""

from sqlalchemy import Boolean, Column, Float, Index, String, Table

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, text, time_us, uid

#: What never changes is in `body`; without a digest it is unbound. `dataset_name` is what somebody called a data set
#: that is no version of ours. A chain of corrections is ordered by `root_id`, which is NULL for its first.
evaluation = Table(
    "evaluation",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("version_id", "version"),
    Column("name", String(255), nullable=False),
    json_text("body"),
    Column("dataset_digest", String(200), nullable=False, server_default=""),
    Column("dataset_name", String(255), nullable=False, server_default=""),
    Column("dataset_version_id", Int64, nullable=True),
    Column("rows_blob_id", Int64, nullable=True, index=True),
    Column("origin_uid", String(36), nullable=True),
    ref("recorded_by", "principal"),
    time_us("recorded_at"),
    time_us("evaluated_at", nullable=True),
    Column("root_id", Int64, nullable=True),
    Column("supersedes_id", Int64, nullable=True),
    Column("superseded_by_id", Int64, nullable=True),
    text("reason", default=""),
    time_us("retracted_at", nullable=True),
    Column("retracted_by", Int64, nullable=True),
    text("retracted_reason", default=""),
    Index("ix_evaluation_version", "version_id", "id"),
    Index("ix_evaluation_dataset", "dataset_version_id", "version_id"),
)

evaluation_metric = Table(
    "evaluation_metric",
    metadata,
    Column("evaluation_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("value", Float(53), nullable=False),
    sqlite_with_rowid=False,
)

#: The versions that an evaluation is of: the one that was evaluated, its links, and its copies in the workspace.
evaluation_holder = Table(
    "evaluation_holder",
    metadata,
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    Column("evaluation_id", Int64, primary_key=True, autoincrement=False),
    Index("ix_evaluation_holder_reversed", "evaluation_id", "version_id"),
    sqlite_with_rowid=False,
)

#: What search sees: of each version, metric and data set the newest value that stands, under each name that the data
#: set has. It is `newest` of its digest, and `dataset_asset_id` is 0 for a name that somebody only claims.
evaluation_value = Table(
    "evaluation_value",
    metadata,
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("dataset_digest", String(200), primary_key=True),
    Column("dataset_asset_id", Int64, primary_key=True, autoincrement=False),
    Column("dataset_name", String(255), primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("evaluation_id", Int64, nullable=False),
    Column("rank", Int64, nullable=False),
    Column("newest", Boolean, nullable=False),
    Index("ix_evaluation_value_search", "key_id", "value", "version_id"),
    sqlite_with_rowid=False,
)

#: A comparison of two evaluations on the same data; what was asked and what came of it never changes.
comparison = Table(
    "comparison",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("champion_id", Int64, nullable=False, index=True),
    Column("challenger_id", Int64, nullable=False),
    Column("metric", String(250), nullable=False),
    json_text("plan"),
    json_text("outcome"),
    ref("recorded_by", "principal"),
    time_us("recorded_at"),
    Index("ix_comparison_challenger", "challenger_id", "id"),
)

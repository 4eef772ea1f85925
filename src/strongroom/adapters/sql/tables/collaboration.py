"""Comments, discussions, watches and inboxes. What people wrote stands in `comment_text` and nowhere else."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, text, time_us, uid

#: `on_kind` and `on_id` say what it is on. Never removed: a deleted one has no texts any more.
comment = Table(
    "comment",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("on_kind", String(16), nullable=False),
    Column("on_id", Int64, nullable=False),
    ref("reply_to_id", "comment", nullable=True),
    ref("author_id", "principal"),
    Column("revision", Integer, nullable=False),
    Column("etag", Int64, nullable=False),
    time_us("recorded_at"),
    time_us("edited_at", nullable=True),
    time_us("deleted_at", nullable=True),
    ref("deleted_by", "principal", nullable=True),
    text("reason", default=""),
    Index("ix_comment_on", "on_kind", "on_id", "id"),
)

comment_text = Table(
    "comment_text",
    metadata,
    Column("comment_id", Int64, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    ref("author_id", "principal"),
    time_us("recorded_at"),
)

#: `revision` is the one that mentioned it first.
comment_mention = Table(
    "comment_mention",
    metadata,
    Column("comment_id", Int64, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("object_id", Int64, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)

discussion = Table(
    "discussion",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("asset_id", "asset"),
    Column("number", Int64, nullable=False),
    Column("title", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("branch", Text, nullable=True),
    ref("author_id", "principal"),
    Column("etag", Int64, nullable=False),
    time_us("recorded_at"),
    time_us("closed_at", nullable=True),
    Index("uq_discussion_number", "asset_id", "number", unique=True),
)

#: A row that is not `watching` says that nothing may watch the object for this principal by itself.
watch = Table(
    "watch",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("object_id", Int64, primary_key=True, autoincrement=False),
    ref("workspace_id", "workspace"),
    Column("watching", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("types", Text, nullable=False),
    Column("after", Int64, nullable=False),
    time_us("recorded_at"),
    Index("ix_watch_object", "kind", "object_id"),
)

#: One row for a principal and an event, whatever the number of reasons.
inbox_item = Table(
    "inbox_item",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("leaf", Int64, primary_key=True, autoincrement=False),
    Column("workspace_id", Int64, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("object_id", Int64, nullable=False),
    Column("state", String(16), nullable=False),
    time_us("recorded_at"),
    Index("ix_inbox_item_state", "principal_id", "workspace_id", "state", "leaf"),
    Index("ix_inbox_item_recorded", "recorded_at"),
)

inbox_setting = Table(
    "inbox_setting",
    metadata,
    Column("principal_id", Int64, primary_key=True, autoincrement=False),
    Column("automatic", Boolean, nullable=False),
)

feed_cursor = Table(
    "feed_cursor",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("after", Int64, nullable=False),
)

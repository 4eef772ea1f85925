"""Webhooks and the deliveries of events to them. The feed itself is `outbox` by `audit_leaf`."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, changed_at, key, metadata, ref, text, time_us, uid

#: `after` is the leaf of the last event looked at. Secrets are derived; `sealed` is one that the maker chose,
#: encrypted under a key that is not in the database (docs/events.md).
webhook = Table(
    "webhook",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("url", Text, nullable=False),
    text("description"),
    Column("types", Text, nullable=False),
    Column("namespace", Text, nullable=True),
    ref("asset_id", "asset", nullable=True),
    Column("state", String(16), nullable=False),
    Column("generation", Integer, nullable=False),
    time_us("rotated_at", nullable=True),
    Column("after", Int64, nullable=False),
    Column("etag", Int64, nullable=False),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    changed_at(),
    text("name", default=""),
    Column("spelling", String(32), nullable=True),
    text("words", default="[]"),
    Column("signing", String(16), nullable=False, server_default="derived"),
    Column("sealed", Text, nullable=True),
    Index("ix_webhook_workspace", "workspace_id", "id"),
    Index("ix_webhook_state", "state", "after"),
)

#: `next_at` of a delivery that a process works on is the end of its lease. `log` is JSON of the last tries.
delivery = Table(
    "delivery",
    metadata,
    Column("webhook_id", Int64, primary_key=True, autoincrement=False),
    Column("leaf", Int64, primary_key=True, autoincrement=False),
    Column("lane", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    time_us("next_at"),
    time_us("first_at", nullable=True),
    Column("last_status", Integer, nullable=True),
    Column("log", Text, nullable=False),
    time_us("recorded_at"),
    Index("ix_delivery_due", "webhook_id", "state", "next_at"),
    Index("ix_delivery_lane", "webhook_id", "lane", "state", "leaf"),
    Index("ix_delivery_recorded", "recorded_at"),
)

"""Automations, and what became of each event that they heard."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, text, time_us, uid

automation = Table(
    "automation",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("owner_id", "principal"),
    Column("name", String(255), nullable=False),
    Column("types", Text, nullable=False),
    Column("about", String(16), nullable=False),
    text("condition"),
    Column("namespace", Text, nullable=True),
    ref("asset_id", "asset", nullable=True),
    Column("action", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("disabled_because", String(64), nullable=False),
    Column("role_cap", String(16), nullable=True),
    Column("after", Int64, nullable=False),
    Column("etag", Int64, nullable=False),
    time_us("recorded_at"),
    Index("ix_automation_workspace", "workspace_id", "id"),
    Index("ix_automation_state", "state", "after"),
)

#: The key keeps an event from being worked on twice.
automation_run = Table(
    "automation_run",
    metadata,
    Column("automation_id", Int64, primary_key=True, autoincrement=False),
    Column("leaf", Int64, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("effect", String(36), nullable=True),
    Column("tries", Integer, nullable=False),
    time_us("next_at"),
    time_us("recorded_at"),
    time_us("ended_at", nullable=True),
    Index("ix_automation_run_due", "state", "next_at"),
    Index("ix_automation_run_recorded", "recorded_at"),
)

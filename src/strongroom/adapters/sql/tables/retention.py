"""Retention rules, and holds on versions."""

from sqlalchemy import Column, Index, String, Table

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, text, time_us, uid

#: The nearest one holds: of the asset, else of the namespace that it is in, or of one above.
retention_rule = Table(
    "retention_rule",
    metadata,
    Column("owner_kind", String(16), primary_key=True),
    Column("owner_id", Int64, primary_key=True, autoincrement=False),
    json_text("rule"),
)

version_hold = Table(
    "version_hold",
    metadata,
    key(),
    uid(),
    ref("asset_id", "asset"),
    ref("version_id", "version"),
    text("reason"),
    ref("placed_by", "principal"),
    time_us("placed_at"),
    Index("ix_version_hold_asset", "asset_id", "version_id"),
    Index("ix_version_hold_version", "version_id"),
)

"""What is known of assets by their cards, and who asked for access to gated ones."""

from sqlalchemy import Column, Index, String, Table, Text

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, time_us, uid

#: One row a principal and asset: the latest request. `grant_uid` is what its acceptance gave.
access_request = Table(
    "access_request",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("asset_id", "asset"),
    ref("principal_id", "principal"),
    Column("status", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("grant_uid", String(36), nullable=True),
    time_us("recorded_at"),
    time_us("decided_at", nullable=True),
    ref("decided_by", "principal", nullable=True),
    Index("uq_access_request_principal", "asset_id", "principal_id", unique=True),
)

#: The head of the README.md on `main`, as JSON, and the versions that it names as bases (uids, as JSON).
asset_card = Table(
    "asset_card",
    metadata,
    Column("asset_id", Int64, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("bases", Text, nullable=False),
)

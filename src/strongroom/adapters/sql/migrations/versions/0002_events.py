"""Webhooks and deliveries of events to them.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _webhook()
    _delivery()


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("webhook")


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("asset_id", INT64, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("after", INT64, nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_webhook_workspace_id")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_webhook_asset_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_webhook_created_by")),
        sa.UniqueConstraint("uid", name=op.f("uq_webhook_uid")),
    )
    op.create_index("ix_webhook_workspace", "webhook", ["workspace_id", "id"])
    op.create_index("ix_webhook_state", "webhook", ["state", "after"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("webhook_id", INT64, nullable=False, autoincrement=False),
        sa.Column("leaf", INT64, nullable=False, autoincrement=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "leaf", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_due", "delivery", ["webhook_id", "state", "next_at"])
    op.create_index("ix_delivery_lane", "delivery", ["webhook_id", "lane", "state", "leaf"])
    op.create_index("ix_delivery_recorded", "delivery", ["recorded_at"])

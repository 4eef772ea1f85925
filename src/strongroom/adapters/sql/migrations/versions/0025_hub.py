"""Gated assets, requests for access, and what cards say.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("asset", sa.Column("gated", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "access_request",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("grant_uid", sa.String(36), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", INT64, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
        sa.UniqueConstraint("uid", name=op.f("uq_access_request_uid")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_access_request_workspace_id")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_access_request_asset_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_access_request_principal_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["principal.id"], name=op.f("fk_access_request_decided_by")),
    )
    op.create_index("uq_access_request_principal", "access_request", ["asset_id", "principal_id"], unique=True)
    op.create_table(
        "asset_card",
        sa.Column("asset_id", INT64, nullable=False, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("bases", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset_card")),
    )


def downgrade() -> None:
    op.drop_table("asset_card")
    op.drop_table("access_request")
    op.drop_column("asset", "gated")

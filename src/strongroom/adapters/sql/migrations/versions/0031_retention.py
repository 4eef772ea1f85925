"""Retention rules, and holds on versions.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_id", INT64, nullable=False, autoincrement=False),
        sa.Column("rule", sa.Text(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("owner_kind", "owner_id", name=op.f("pk_retention_rule")),
    )
    op.create_table(
        "version_hold",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", INT64, nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_hold")),
        sa.UniqueConstraint("uid", name=op.f("uq_version_hold_uid")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_version_hold_asset_id")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_version_hold_version_id")),
        sa.ForeignKeyConstraint(["placed_by"], ["principal.id"], name=op.f("fk_version_hold_placed_by")),
    )
    op.create_index("ix_version_hold_asset", "version_hold", ["asset_id", "version_id"])
    op.create_index("ix_version_hold_version", "version_hold", ["version_id"])


def downgrade() -> None:
    op.drop_table("version_hold")
    op.drop_table("retention_rule")

"""Automations and their runs.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "automation",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("owner_id", INT64, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("asset_id", INT64, nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("disabled_because", sa.String(64), nullable=False),
        sa.Column("role_cap", sa.String(16), nullable=True),
        sa.Column("after", INT64, nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_automation_workspace_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["principal.id"], name=op.f("fk_automation_owner_id")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_automation_asset_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_automation_uid")),
    )
    op.create_index("ix_automation_workspace", "automation", ["workspace_id", "id"])
    op.create_index("ix_automation_state", "automation", ["state", "after"])
    op.create_table(
        "automation_run",
        sa.Column("automation_id", INT64, nullable=False, autoincrement=False),
        sa.Column("leaf", INT64, nullable=False, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("effect", sa.String(36), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("automation_id", "leaf", name=op.f("pk_automation_run")),
    )
    op.create_index("ix_automation_run_due", "automation_run", ["state", "next_at"])
    op.create_index("ix_automation_run_recorded", "automation_run", ["recorded_at"])


def downgrade() -> None:
    op.drop_table("automation_run")
    op.drop_table("automation")

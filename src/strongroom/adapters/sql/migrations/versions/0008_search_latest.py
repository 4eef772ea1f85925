"""Indexes that have the assets and versions of a workspace in the order in which they were made.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_asset_workspace", "asset", ["workspace_id", "id"])
    op.create_index("ix_version_workspace", "version", ["workspace_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_version_workspace", "version")
    op.drop_index("ix_asset_workspace", "asset")

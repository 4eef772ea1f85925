"""Links by what they show; an asset shows a version once.

Revision ID: 0024
Revises: 0023
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

LINKS: dict[str, Any] = {
    "sqlite_where": sa.text("source_id IS NOT NULL AND state <> 'purged'"),
    "postgresql_where": sa.text("source_id IS NOT NULL AND state <> 'purged'"),
}


def upgrade() -> None:
    op.create_index("uq_version_link", "version", ["source_id", "asset_id"], unique=True, **LINKS)


def downgrade() -> None:
    op.drop_index("uq_version_link", "version")

"""What is being published, so that no purge waits for it; which leaving blobs are orphans.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("possession_review", sa.Column("blobs", sa.LargeBinary(), nullable=True))
    op.add_column("blob_leaving", sa.Column("orphan", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    op.drop_column("blob_leaving", "orphan")
    op.drop_column("possession_review", "blobs")

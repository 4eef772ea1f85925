"""Blobs that cannot be erased: how often that was tried, and what is needed to make them rows of `blob` again.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("blob_leaving", sa.Column("blocks", sa.LargeBinary, nullable=True))
    op.add_column("blob_leaving", sa.Column("tries", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_index("ix_blob_ledger_until", "blob_ledger", ["until"])
    op.create_index("ix_xorb_ledger_until", "xorb_ledger", ["until"])


def downgrade() -> None:
    op.drop_index("ix_xorb_ledger_until", "xorb_ledger")
    op.drop_index("ix_blob_ledger_until", "blob_ledger")
    op.drop_column("blob_leaving", "tries")
    op.drop_column("blob_leaving", "blocks")

"""When experiments, assets and versions were last changed, and where a version's content came from.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = ("experiment", "asset", "version")


def upgrade() -> None:
    op.add_column("version", sa.Column("origin", sa.Text(), nullable=True))
    for table in TABLES:
        op.add_column(table, sa.Column("updated_at", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "updated_at")
    op.drop_column("version", "origin")

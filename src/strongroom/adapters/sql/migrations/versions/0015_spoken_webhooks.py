"""Webhooks that were made through a dialect: a name, that dialect's words for events, a secret that the maker chose.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for column in (
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("spelling", sa.String(32), nullable=True),
        sa.Column("words", sa.Text(), server_default="[]", nullable=False),
        sa.Column("signing", sa.String(16), server_default="derived", nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
    ):
        op.add_column("webhook", column)


def downgrade() -> None:
    for name in ("sealed", "signing", "words", "spelling", "name", "updated_at"):
        op.drop_column("webhook", name)

"""Blobs that were found damaged, and how far the scrub of the store has come.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0032"
down_revision = "0031"

_DAMAGED = sa.text("damaged_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("blob", sa.Column("damaged_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_blob_damaged", "blob", ["damaged_at"], sqlite_where=_DAMAGED, postgresql_where=_DAMAGED)
    op.create_table(
        "scrub",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("rounds", sa.BigInteger(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scrub")),
    )


def downgrade() -> None:
    op.drop_table("scrub")
    op.drop_index("ix_blob_damaged", table_name="blob")
    op.drop_column("blob", "damaged_at")

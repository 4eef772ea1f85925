"""Annotations of objects, and when what was imported was made elsewhere.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0021"
down_revision = "0020"

TABLES = ("experiment", "asset", "version", "logged_model")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("claimed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "annotation",
        sa.Column("object_kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text(), server_default="{}", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("object_kind", "object_id", name=op.f("pk_annotation")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("annotation")
    for table in reversed(TABLES):
        op.drop_column(table, "claimed_at")

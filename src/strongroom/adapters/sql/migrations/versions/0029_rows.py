"""Rows: which values of a run were logged together.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "run_row",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("last", INT64, nullable=False, autoincrement=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "last", name=op.f("pk_run_row")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("run_row")

"""Reads of an asset's versions, summed up a day.

Reads from before stand at the day of the last one: it is known how many they were, and not when each was.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0030"
down_revision = "0029"

_SUMS = """
INSERT INTO asset_reads (asset_id, day, reads)
SELECT version.asset_id, consumption.last_hour / 24, sum(consumption.reads)
FROM consumption JOIN version ON version.id = consumption.version_id
GROUP BY version.asset_id, consumption.last_hour / 24
HAVING sum(consumption.reads) > 0
"""


def upgrade() -> None:
    op.create_table(
        "asset_reads",
        sa.Column("asset_id", INT64, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "day", name=op.f("pk_asset_reads")),
        sqlite_with_rowid=False,
    )
    op.execute(_SUMS)


def downgrade() -> None:
    op.drop_table("asset_reads")

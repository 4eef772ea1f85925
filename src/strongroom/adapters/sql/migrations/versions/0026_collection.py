"""What the collector needs: when a row was condemned, what is leaving, and holders by what they hold.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0026"
down_revision = "0025"

_CONDEMNED = sa.text("condemned_at IS NOT NULL")
_FILES = sa.text("blob_id IS NOT NULL")


def upgrade() -> None:
    for table in ("blob", "xorb"):
        op.add_column(table, sa.Column("condemned_at", sa.BigInteger(), nullable=True))
        op.create_index(
            f"ix_{table}_condemned", table, ["condemned_at"], sqlite_where=_CONDEMNED, postgresql_where=_CONDEMNED
        )
    op.create_table(
        "blob_leaving",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("condemned_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob_leaving")),
    )
    op.create_table(
        "possession_review",
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_possession_review")),
    )
    op.create_index("ix_possession_review_asset", "possession_review", ["asset_id", "until"])
    op.create_index("ix_blob_leaving_sha256", "blob_leaving", ["sha256"])
    op.create_index("ix_blob_ledger_blob", "blob_ledger", ["blob_id"])
    op.create_index("ix_folder_entry_blob", "folder_entry", ["blob_id"], sqlite_where=_FILES, postgresql_where=_FILES)
    op.create_index("ix_xorb_answer_xorb", "xorb_answer", ["xorb_id"])
    op.create_index("ix_xorb_ledger_xorb", "xorb_ledger", ["xorb_id"])


def downgrade() -> None:
    for name, table in (
        ("ix_xorb_ledger_xorb", "xorb_ledger"),
        ("ix_xorb_answer_xorb", "xorb_answer"),
        ("ix_folder_entry_blob", "folder_entry"),
        ("ix_blob_ledger_blob", "blob_ledger"),
    ):
        op.drop_index(name, table_name=table)
    op.drop_table("possession_review")
    op.drop_table("blob_leaving")
    for table in ("xorb", "blob"):
        op.drop_index(f"ix_{table}_condemned", table_name=table)
        op.drop_column(table, "condemned_at")

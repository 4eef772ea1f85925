"""Xorbs and reconstructions: blobs as chunks.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "xorb",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("blob_id", INT64, nullable=False),
        sa.Column("chunks", sa.LargeBinary(), nullable=False),
        sa.Column("body_bytes", sa.BigInteger(), nullable=False),
        sa.Column("raw_bytes", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xorb")),
        sa.UniqueConstraint("hash", name=op.f("uq_xorb_hash")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_xorb_blob_id")),
    )
    op.create_index("ix_xorb_blob", "xorb", ["blob_id"])
    op.create_table(
        "xorb_answer",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("xorb_id", INT64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "xorb_id", name=op.f("pk_xorb_answer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "xorb_ledger",
        sa.Column("principal_id", INT64, autoincrement=False, nullable=False),
        sa.Column("xorb_id", INT64, autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "xorb_id", name=op.f("pk_xorb_ledger")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "xet_file",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("blob_id", INT64, nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xet_file")),
        sa.UniqueConstraint("hash", name=op.f("uq_xet_file_hash")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_xet_file_blob_id")),
    )
    op.create_index("ix_xet_file_blob", "xet_file", ["blob_id"])
    op.create_table(
        "xet_file_xorb",
        sa.Column("file_id", INT64, autoincrement=False, nullable=False),
        sa.Column("xorb_id", INT64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "xorb_id", name=op.f("pk_xet_file_xorb")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_xet_file_xorb_xorb", "xet_file_xorb", ["xorb_id", "file_id"])


def downgrade() -> None:
    for table in ("xet_file_xorb", "xet_file", "xorb_ledger", "xorb_answer", "xorb"):
        op.drop_table(table)

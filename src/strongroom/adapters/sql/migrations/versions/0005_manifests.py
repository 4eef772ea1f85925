"""Manifests and statistics of data sets, both by the tree that says them.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "manifest",
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_manifest")),
    )
    op.create_table(
        "dataset_statistics",
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("splits", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_dataset_statistics")),
    )
    op.create_index("ix_dataset_statistics_due", "dataset_statistics", ["state", "next_at"])


def downgrade() -> None:
    op.drop_table("dataset_statistics")
    op.drop_table("manifest")

"""How models are packaged, by the tree that says it.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "packaging",
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("flavor", sa.String(255), nullable=True),
        sa.Column("flavor_version", sa.String(255), nullable=True),
        sa.Column("python_version", sa.String(255), nullable=True),
        sa.Column("has_signature", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_packaging")),
    )
    for column in ("flavor", "python_version"):
        op.create_index(op.f(f"ix_packaging_{column}"), "packaging", [column])


def downgrade() -> None:
    op.drop_table("packaging")

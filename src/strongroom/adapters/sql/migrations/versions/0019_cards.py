"""Words of the cards that versions hold as files, by tree.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "card_words",
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_card_words")),
    )


def downgrade() -> None:
    op.drop_table("card_words")

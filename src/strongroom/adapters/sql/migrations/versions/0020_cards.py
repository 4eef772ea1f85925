"""Words of the cards that versions hold as files, by tree.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "card_words",
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tree", name=op.f("pk_card_words")),
    )


def downgrade() -> None:
    op.drop_table("card_words")

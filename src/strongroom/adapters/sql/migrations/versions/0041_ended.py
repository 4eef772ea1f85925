"""Who ended a placement, how and why. Of those that ended before it is not known, and not guessed.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0041"
down_revision = "0040"

_NEW = (
    ("ended_by", INT64, True, None),
    ("ended_how", sa.String(16), True, None),
    ("ended_note", sa.Text(), False, ""),
    ("ended_cause", sa.Text(), False, "{}"),
)


def upgrade() -> None:
    for name, of_type, nullable, default in _NEW:
        op.add_column("delivery_placement", sa.Column(name, of_type, nullable=nullable, server_default=default))


def downgrade() -> None:
    for name, *_ in reversed(_NEW):
        op.drop_column("delivery_placement", name)

"""The first schema: everything that release 0.1 stores, and the one row of the audit log.

Revision ID: 0001
Revises:
"""

from alembic import op

from strongroom.adapters.sql.migrations.schema_0001 import artifacts, audit, identity, marks, registry, tracking

revision = "0001"
down_revision = None

#: Every area comes after those that it refers to.
AREAS = (identity, registry, marks, artifacts, tracking, audit)


def upgrade() -> None:
    for area in AREAS:
        area.create()
    op.execute("INSERT INTO audit_log (id, size, epoch) VALUES (1, 0, 0)")


def downgrade() -> None:
    for area in reversed(AREAS):
        for table in reversed(area.TABLES):
            op.drop_table(table)

"""What passed a gate and stands there: asked again when something that it rests on changed.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "gate_standing",
        sa.Column("version_id", INT64, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("decision_id", INT64, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False, server_default="-1"),
        sa.Column("mark", sa.String(64), nullable=False, server_default=""),
        sa.Column("checked_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("risk_since", sa.BigInteger(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False, server_default="[]"),
        sa.PrimaryKeyConstraint("version_id", "kind", "target", name=op.f("pk_gate_standing")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_gate_standing_{column}"))
            for column, table in (
                ("version_id", "version"),
                ("workspace_id", "workspace"),
                ("decision_id", "gate_decision"),
            )
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gate_standing_workspace", "gate_standing", ["workspace_id", "checked_at"])
    # what passed before is asked again, too: the first look drops what has left its place since
    op.execute(
        "INSERT INTO gate_standing (version_id, kind, target, workspace_id, decision_id) "
        "SELECT version_id, kind, target, workspace_id, max(id) FROM gate_decision "
        "WHERE passed AND kind <> 'registration' GROUP BY version_id, kind, target, workspace_id"
    )


def downgrade() -> None:
    op.drop_table("gate_standing")

"""Policies with their versions, and what gates said.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "policy",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("name", sa.String(96), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("uid", name=op.f("uq_policy_uid")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_policy_workspace_id_name")),
        _fk("policy", "workspace_id", "workspace"),
    )
    op.create_table(
        "policy_version",
        sa.Column("policy_id", INT64, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "number", name=op.f("pk_policy_version")),
        _fk("policy_version", "created_by", "principal"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gate_evidence",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_gate_evidence")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gate_decision",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("source", sa.String(255), nullable=False, server_default=""),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("decided_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_decision")),
        sa.UniqueConstraint("uid", name=op.f("uq_gate_decision_uid")),
        _fk("gate_decision", "workspace_id", "workspace"),
        _fk("gate_decision", "version_id", "version"),
        _fk("gate_decision", "decided_by", "principal"),
    )
    op.create_index("ix_gate_decision_version", "gate_decision", ["version_id", "id"])


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def downgrade() -> None:
    for table in ("gate_decision", "gate_evidence", "policy_version", "policy"):
        op.drop_table(table)

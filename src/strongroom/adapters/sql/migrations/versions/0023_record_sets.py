"""Record sets with their records, and the experiments that they are for.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    _record_set()
    _record()
    op.create_table(
        "record_set_experiment",
        sa.Column("set_id", INT64, nullable=False, autoincrement=False),
        sa.Column("experiment_id", INT64, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("set_id", "experiment_id", name=op.f("pk_record_set_experiment")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_set_experiment_reversed", "record_set_experiment", ["experiment_id", "set_id"])


def downgrade() -> None:
    for table in ("record_set_experiment", "eval_record", "record_set"):
        op.drop_table(table)


def _record_set() -> None:
    op.create_table(
        "record_set",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("namespace_id", INT64, nullable=False),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("schema", sa.Text(), server_default="{}", nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_set")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_record_set_workspace_id")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_record_set_namespace_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_record_set_created_by")),
        sa.UniqueConstraint("uid", name=op.f("uq_record_set_uid")),
    )
    op.create_index("ix_record_set_namespace_id", "record_set", ["namespace_id"])
    op.create_index("ix_record_set_workspace", "record_set", ["workspace_id", "id"])


def _record() -> None:
    op.create_table(
        "eval_record",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("set_id", INT64, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=True),
        sa.Column("expectations", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eval_record")),
        sa.UniqueConstraint("uid", name=op.f("uq_eval_record_uid")),
    )
    op.create_index("uq_eval_record_key", "eval_record", ["set_id", "key"], unique=True)
    op.create_index("ix_eval_record_order", "eval_record", ["set_id", "id"])

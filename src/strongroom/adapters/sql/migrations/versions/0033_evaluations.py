"""Evaluations of versions, which versions share them, and what search sees of them.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    _evaluation()
    op.create_table(
        "evaluation_metric",
        sa.Column("evaluation_id", INT64, autoincrement=False, nullable=False),
        sa.Column("key_id", INT64, autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_id", "key_id", name=op.f("pk_evaluation_metric")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluation_holder",
        sa.Column("version_id", INT64, autoincrement=False, nullable=False),
        sa.Column("evaluation_id", INT64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "evaluation_id", name=op.f("pk_evaluation_holder")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evaluation_holder_reversed", "evaluation_holder", ["evaluation_id", "version_id"])
    _value()
    _comparison()


def downgrade() -> None:
    for table in ("comparison", "evaluation_value", "evaluation_holder", "evaluation_metric", "evaluation"):
        op.drop_table(table)


def _evaluation() -> None:
    op.create_table(
        "evaluation",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("body", sa.Text(), server_default="{}", nullable=False),
        sa.Column("dataset_digest", sa.String(200), server_default="", nullable=False),
        sa.Column("dataset_name", sa.String(255), server_default="", nullable=False),
        sa.Column("dataset_version_id", INT64, nullable=True),
        sa.Column("rows_blob_id", INT64, nullable=True),
        sa.Column("origin_uid", sa.String(36), nullable=True),
        sa.Column("recorded_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("evaluated_at", sa.BigInteger(), nullable=True),
        sa.Column("root_id", INT64, nullable=True),
        sa.Column("supersedes_id", INT64, nullable=True),
        sa.Column("superseded_by_id", INT64, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("retracted_at", sa.BigInteger(), nullable=True),
        sa.Column("retracted_by", INT64, nullable=True),
        sa.Column("retracted_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_evaluation_workspace_id")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_evaluation_version_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["principal.id"], name=op.f("fk_evaluation_recorded_by")),
        sa.UniqueConstraint("uid", name=op.f("uq_evaluation_uid")),
    )
    op.create_index("ix_evaluation_version", "evaluation", ["version_id", "id"])
    op.create_index("ix_evaluation_dataset", "evaluation", ["dataset_version_id", "version_id"])
    op.create_index("ix_evaluation_rows_blob_id", "evaluation", ["rows_blob_id"])


def _value() -> None:
    op.create_table(
        "evaluation_value",
        sa.Column("version_id", INT64, autoincrement=False, nullable=False),
        sa.Column("key_id", INT64, autoincrement=False, nullable=False),
        sa.Column("dataset_digest", sa.String(200), nullable=False),
        sa.Column("dataset_name", sa.String(255), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("evaluation_id", INT64, nullable=False),
        sa.Column("rank", INT64, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "key_id", "dataset_digest", name=op.f("pk_evaluation_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evaluation_value_search", "evaluation_value", ["key_id", "value", "version_id"])


def _comparison() -> None:
    op.create_table(
        "comparison",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("champion_id", INT64, nullable=False),
        sa.Column("challenger_id", INT64, nullable=False),
        sa.Column("metric", sa.String(250), nullable=False),
        sa.Column("plan", sa.Text(), server_default="{}", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="{}", nullable=False),
        sa.Column("recorded_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_comparison_workspace_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["principal.id"], name=op.f("fk_comparison_recorded_by")),
        sa.UniqueConstraint("uid", name=op.f("uq_comparison_uid")),
    )
    op.create_index("ix_comparison_champion_id", "comparison", ["champion_id"])
    op.create_index("ix_comparison_challenger", "comparison", ["challenger_id", "id"])

"""Steps of pipelines, and the runs that are attempts at them.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "pipeline_step",
        sa.Column("pipeline_id", INT64, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("depends_on", sa.Text(), server_default="{}", nullable=False),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id", "position", name=op.f("pk_pipeline_step")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_pipeline_step_run_id")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_pipeline_step_name", "pipeline_step", ["pipeline_id", "name"], unique=True)
    op.create_table(
        "step_attempt",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("pipeline_id", INT64, nullable=False),
        sa.Column("step", sa.String(255), nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("cache_key", sa.String(64), nullable=True),
        sa.Column("answered_by", INT64, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_step_attempt")),
        sa.ForeignKeyConstraint(["answered_by"], ["run.id"], name=op.f("fk_step_attempt_answered_by")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_step_attempt_cache", "step_attempt", ["experiment_id", "cache_key", "run_id"])


def downgrade() -> None:
    op.drop_table("step_attempt")
    op.drop_table("pipeline_step")

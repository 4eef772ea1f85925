"""Traces, their spans, what is said of them and what they are linked with.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    _trace()
    _span()
    _assessment()
    op.create_table(
        "trace_link",
        sa.Column("trace_id", INT64, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target_id", INT64, nullable=False, autoincrement=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "kind", "target_id", name=op.f("pk_trace_link")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trace_link_target", "trace_link", ["kind", "target_id", "trace_id"])


def _trace() -> None:
    op.create_table(
        "trace",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request_id", sa.String(255), nullable=True),
        sa.Column("session", sa.String(255), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("spans", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace")),
        sa.UniqueConstraint("uid", name=op.f("uq_trace_uid")),
        sa.UniqueConstraint("workspace_id", "trace_id", name=op.f("uq_trace_workspace_id_trace_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_trace_workspace_id")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_trace_experiment_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_trace_run_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_trace_created_by")),
    )
    op.create_index("ix_trace_experiment", "trace", ["experiment_id", "started_at", "id"])
    op.create_index("ix_trace_workspace_started", "trace", ["workspace_id", "started_at", "id"])
    op.create_index("ix_trace_session", "trace", ["experiment_id", "session", "id"])
    op.create_index(op.f("ix_trace_run_id"), "trace", ["run_id"])


def _span() -> None:
    op.create_table(
        "span",
        sa.Column("trace_id", INT64, nullable=False, autoincrement=False),
        sa.Column("span_id", sa.String(16), nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("parent_id", sa.String(16), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "span_id", name=op.f("pk_span")),
    )
    op.create_index("ix_span_name", "span", ["experiment_id", sa.text("substr(name, 1, 100)"), "trace_id"])


def _assessment() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("trace_id", INT64, nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("number", sa.Float(53), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(255), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("span_id", sa.String(16), nullable=True),
        sa.Column("metadata", sa.Text(), server_default="{}", nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("overrides", sa.String(36), nullable=True),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("uid", name=op.f("uq_assessment_uid")),
        sa.ForeignKeyConstraint(["trace_id"], ["trace.id"], name=op.f("fk_assessment_trace_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_assessment_created_by")),
    )
    op.create_index(op.f("ix_assessment_trace_id"), "assessment", ["trace_id"])
    op.create_index("ix_assessment_name", "assessment", ["experiment_id", "kind", "name", "trace_id"])


def downgrade() -> None:
    op.drop_table("trace_link")
    op.drop_table("assessment")
    op.drop_table("span")
    op.drop_table("trace")

"""Logged models with their params and measurements, and handles.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0004"
down_revision = "0003"

TABLES = ("logged_model", "logged_model_param", "logged_model_point", "logged_model_value", "handle")


def upgrade() -> None:
    _logged_model()
    _params()
    _points()
    _values()
    _handle()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _of_model(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, INT64, nullable=False, autoincrement=False) for name in ("model_id", *names)]


def _logged_model() -> None:
    op.create_table(
        "logged_model",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logged_model")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_logged_model_workspace_id")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_logged_model_experiment_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_logged_model_run_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_logged_model_created_by")),
        sa.UniqueConstraint("uid", name=op.f("uq_logged_model_uid")),
    )
    op.create_index("ix_logged_model_experiment", "logged_model", ["experiment_id", "recorded_at", "id"])
    op.create_index("ix_logged_model_workspace", "logged_model", ["workspace_id", "recorded_at", "id"])
    op.create_index(op.f("ix_logged_model_run_id"), "logged_model", ["run_id"])


def _params() -> None:
    op.create_table(
        "logged_model_param",
        *_of_model("key_id"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.Float(53), nullable=True),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.PrimaryKeyConstraint("model_id", "key_id", name=op.f("pk_logged_model_param")),
        sqlite_with_rowid=False,
    )
    by = ["experiment_id", "key_id"]
    op.create_index("ix_logged_model_param_search", "logged_model_param", [*by, "number", "model_id"])
    head = sa.text("substr(text, 1, 100)")
    op.create_index("ix_logged_model_param_text", "logged_model_param", [*by, head, "model_id"])


def _points() -> None:
    op.create_table(
        "logged_model_point",
        *_of_model("position", "key_id", "dataset_id"),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("model_id", "position", name=op.f("pk_logged_model_point")),
        sqlite_with_rowid=False,
    )
    columns = ["model_id", "key_id", "step", "time", "position"]
    op.create_index("ix_logged_model_point_key", "logged_model_point", columns)


def _values() -> None:
    op.create_table(
        "logged_model_value",
        *_of_model("key_id", "dataset_id"),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("last", sa.Float(53), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "key_id", "dataset_id", name=op.f("pk_logged_model_value")),
        sqlite_with_rowid=False,
    )
    columns = ["experiment_id", "key_id", "last", "model_id"]
    op.create_index("ix_logged_model_value_search", "logged_model_value", columns)


def _handle() -> None:
    op.create_table(
        "handle",
        sa.Column("workspace_id", INT64, nullable=False, autoincrement=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("foreign_id", sa.String(512), nullable=False),
        sa.Column("object_kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, nullable=False),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "dialect", "kind", "foreign_id", name=op.f("pk_handle")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_handle_set_by")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_handle_object", "handle", ["object_kind", "object_id", "dialect", "kind", "recorded_at"])

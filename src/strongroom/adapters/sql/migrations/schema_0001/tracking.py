"""Experiments, runs with their values, and lineage."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

#: Every table comes after those that it refers to.
TABLES = ("experiment", "run", "run_param", "run_value", "block", "run_chain", "node", "edge")


def create() -> None:
    """Make the tables of this area."""
    _experiment()
    _run()
    _run_param()
    _run_value()
    _block()
    _run_chain()
    _node()
    _edge()


def _experiment() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("namespace_id", INT64, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("etag", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_experiment_created_by")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_experiment_namespace_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_experiment_workspace_id")),
        sa.UniqueConstraint("namespace_id", "name", name=op.f("uq_experiment_namespace_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_experiment_uid")),
    )
    op.create_index("ix_experiment_workspace", "experiment", ["workspace_id", "recorded_at", "id"])


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("parent_id", INT64, nullable=True),
        sa.Column("name", sa.String(255), server_default="", nullable=False),
        sa.Column("kind", sa.String(32), server_default="training", nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="{}", nullable=False),
        sa.Column("environment", sa.Text(), server_default="", nullable=False),
        sa.Column("environment_digest", sa.String(64), nullable=True),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_run_created_by")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_run_experiment_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["run.id"], name=op.f("fk_run_parent_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_run_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_run_uid")),
    )
    op.create_index("ix_run_experiment", "run", ["experiment_id", "started_at", "id"])
    op.create_index("ix_run_parent_id", "run", ["parent_id"])
    op.create_index("ix_run_workspace", "run", ["workspace_id", "recorded_at", "id"])


def _run_param() -> None:
    op.create_table(
        "run_param",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("key_id", INT64, nullable=False, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.Float(53), nullable=True),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id", name=op.f("pk_run_param")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_param_search", "run_param", ["experiment_id", "key_id", "number", "run_id"])


def _run_value() -> None:
    op.create_table(
        "run_value",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("key_id", INT64, nullable=False, autoincrement=False),
        sa.Column("experiment_id", INT64, nullable=False),
        sa.Column("last", sa.Float(53), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False),
        sa.Column("min", sa.Float(53), nullable=True),
        sa.Column("max", sa.Float(53), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id", name=op.f("pk_run_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_value_search", "run_value", ["experiment_id", "key_id", "last", "run_id"])


def _block() -> None:
    op.create_table(
        "block",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("position", INT64, nullable=False, autoincrement=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("least_step", sa.BigInteger(), nullable=True),
        sa.Column("greatest_step", sa.BigInteger(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_block")),
    )
    op.create_index("ix_block_step", "block", ["run_id", "least_step", "position", "greatest_step"])


def _run_chain() -> None:
    op.create_table(
        "run_chain",
        sa.Column("run_id", INT64, nullable=False, autoincrement=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("audited_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("audited_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_chain")),
    )
    op.create_index(
        "ix_run_chain_due",
        "run_chain",
        ["audited_at"],
        sqlite_where=sa.text("audited_count < count"),
        postgresql_where=sa.text("audited_count < count"),
    )


def _node() -> None:
    op.create_table(
        "node",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("foreign_id", sa.String(512), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("type", sa.String(255), server_default="", nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(255), nullable=True),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_node_created_by")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_node_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_node_uid")),
        sa.UniqueConstraint(
            "workspace_id", "dialect", "kind", "foreign_id", name=op.f("uq_node_workspace_id_dialect_kind_foreign_id")
        ),
    )
    op.create_index("ix_node_uri", "node", ["workspace_id", "uri"])


def _edge() -> None:
    op.create_table(
        "edge",
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("source_kind", sa.String(16), nullable=False),
        sa.Column("source_id", INT64, nullable=False, autoincrement=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", INT64, nullable=False, autoincrement=False),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_kind", "source_id", "type", "target_kind", "target_id", name=op.f("pk_edge")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_edge_workspace_id")),
    )
    op.create_index("ix_edge_target", "edge", ["target_kind", "target_id", "type", "source_kind", "source_id"])

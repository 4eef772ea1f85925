"""Lineage at depth: who asserted an edge, edges taken back, flags, consumption, nodes of other systems.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0007"
down_revision = "0006"

FOREIGN: dict[str, Any] = {
    "sqlite_where": sa.text("dialect <> 'native'"),
    "postgresql_where": sa.text("dialect <> 'native'"),
}


def upgrade() -> None:
    op.add_column("node", sa.Column("state", sa.String(255), nullable=False, server_default=""))
    op.add_column("node", sa.Column("etag", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("node", sa.Column("deleted_at", sa.BigInteger(), nullable=True))
    op.add_column("node", sa.Column("deleted_reason", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_node_recorded", "node", ["workspace_id", "recorded_at", "id"])
    op.create_index("ix_node_foreign", "node", ["workspace_id", "dialect", "foreign_id"], unique=True, **FOREIGN)
    op.add_column("edge", sa.Column("asserted_by", INT64, nullable=True))
    _edge_removed()
    _flag()
    _consumption()


def downgrade() -> None:
    op.drop_table("consumption")
    op.drop_table("flag")
    op.drop_table("edge_removed")
    op.drop_column("edge", "asserted_by")
    op.drop_index("ix_node_foreign", "node")
    op.drop_index("ix_node_recorded", "node")
    for name in ("state", "etag", "deleted_at", "deleted_reason"):
        op.drop_column("node", name)


def _edge_removed() -> None:
    op.create_table(
        "edge_removed",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("source_kind", sa.String(16), nullable=False),
        sa.Column("source_id", INT64, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", INT64, nullable=False),
        sa.Column("properties", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("asserted_by", INT64, nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_by", INT64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["removed_by"], ["principal.id"], name=op.f("fk_edge_removed_removed_by")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_edge_removed_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edge_removed")),
    )
    op.create_index("ix_edge_removed_source", "edge_removed", ["source_kind", "source_id", "id"])
    op.create_index("ix_edge_removed_target", "edge_removed", ["target_kind", "target_id", "id"])


def _flag() -> None:
    op.create_table(
        "flag",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("vertex_kind", sa.String(16), nullable=False),
        sa.Column("vertex_id", INT64, nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", INT64, nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_flag_workspace_id")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_flag_set_by")),
        sa.ForeignKeyConstraint(["removed_by"], ["principal.id"], name=op.f("fk_flag_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
        sa.UniqueConstraint("uid", name=op.f("uq_flag_uid")),
    )
    op.create_index("ix_flag_workspace", "flag", ["workspace_id", "id"])
    op.create_index("ix_flag_vertex", "flag", ["vertex_kind", "vertex_id", "id"])


def _consumption() -> None:
    op.create_table(
        "consumption",
        sa.Column("version_id", INT64, nullable=False, autoincrement=False),
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("first_hour", sa.BigInteger(), nullable=False),
        sa.Column("last_hour", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "principal_id", name=op.f("pk_consumption")),
    )
    op.create_index("ix_consumption_principal", "consumption", ["principal_id", "version_id"])

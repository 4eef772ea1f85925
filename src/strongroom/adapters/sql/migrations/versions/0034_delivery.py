"""Environments, releases, placements, targets; grants on environments. Each workspace gets dev, staging and prod.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0034"
down_revision = "0033"

_PRESENT = sa.text("removed_at IS NULL")
_CURRENT = sa.text("valid_to IS NULL")
_HEARD = sa.text("removed_at IS NULL AND status <> 'stale'")


def upgrade() -> None:
    _environment()
    _release()
    _placement()
    _target()
    op.add_column("role_grant", sa.Column("environment_id", INT64, nullable=True))
    _furnish()


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _environment() -> None:
    op.create_table(
        "environment",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("restricted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("freezes", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("etag", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environment")),
        sa.UniqueConstraint("uid", name=op.f("uq_environment_uid")),
        _fk("environment", "workspace_id", "workspace"),
    )
    op.create_index(
        "uq_environment_name",
        "environment",
        ["workspace_id", "name"],
        unique=True,
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    )


def _release() -> None:
    op.create_table(
        "delivery_release",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_release")),
        sa.UniqueConstraint("uid", name=op.f("uq_delivery_release_uid")),
        sa.UniqueConstraint(
            "workspace_id", "line", "number", name=op.f("uq_delivery_release_workspace_id_line_number")
        ),
        _fk("delivery_release", "workspace_id", "workspace"),
        _fk("delivery_release", "created_by", "principal"),
    )
    op.create_index("ix_delivery_release_digest", "delivery_release", ["workspace_id", "line", "digest"])
    op.create_table(
        "delivery_part",
        sa.Column("release_id", INT64, nullable=False, autoincrement=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("release_id", "role", name=op.f("pk_delivery_part")),
        _fk("delivery_part", "version_id", "version"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_delivery_part_version_id"), "delivery_part", ["version_id"])


def _placement() -> None:
    op.create_table(
        "delivery_placement",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("environment_id", INT64, nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("release_id", INT64, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("cause", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("guard", sa.String(500), nullable=True),
        sa.Column("previous_id", INT64, nullable=True),
        sa.Column("placed_by", INT64, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_placement")),
        _fk("delivery_placement", "environment_id", "environment"),
        _fk("delivery_placement", "release_id", "delivery_release"),
        _fk("delivery_placement", "placed_by", "principal"),
    )
    op.create_index(op.f("ix_delivery_placement_release_id"), "delivery_placement", ["release_id"])
    op.create_index(
        "ix_delivery_placement_current",
        "delivery_placement",
        ["environment_id", "line"],
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.create_index("ix_delivery_placement_history", "delivery_placement", ["environment_id", "line", "id"])


def _target() -> None:
    op.create_table(
        "delivery_target",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("environment_id", INT64, nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        sa.Column("registered_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.Column("running", sa.String(64), nullable=True),
        sa.Column("health", sa.String(16), nullable=False, server_default=""),
        sa.Column("numbers", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("message", sa.Text(), nullable=False, server_default=""),
        sa.Column("breaches", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("status", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_target")),
        sa.UniqueConstraint("uid", name=op.f("uq_delivery_target_uid")),
        _fk("delivery_target", "workspace_id", "workspace"),
        _fk("delivery_target", "environment_id", "environment"),
        _fk("delivery_target", "registered_by", "principal"),
    )
    op.create_index(
        "uq_delivery_target_name",
        "delivery_target",
        ["environment_id", "line", "name"],
        unique=True,
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    )
    op.create_index(
        "ix_delivery_target_reported",
        "delivery_target",
        ["reported_at"],
        sqlite_where=_HEARD,
        postgresql_where=_HEARD,
    )


def _furnish() -> None:
    """Their uids are made of the workspace's, so that it need not be known what makes others."""
    places = ((0, "dev", "[]", "1" * 4), (1, "staging", '["dev"]', "2" * 4), (2, "prod", '["staging"]', "3" * 4))
    for position, name, after, mark in places:
        op.execute(
            sa.text(
                "INSERT INTO environment "
                "(uid, workspace_id, name, description, position, after, restricted, keep, freezes, etag, recorded_at) "
                "SELECT substr(uid, 1, 19) || :mark || substr(uid, 24), id, :name, '', :position, :after, "
                ":restricted, 5, '[]', 1, recorded_at FROM workspace WHERE deleted_at IS NULL"
            ).bindparams(mark=mark, name=name, position=position, after=after, restricted=name == "prod")
        )


def downgrade() -> None:
    op.execute("DELETE FROM role_grant WHERE environment_id IS NOT NULL")
    op.drop_column("role_grant", "environment_id")
    for name in ("delivery_target", "delivery_placement", "delivery_part", "delivery_release", "environment"):
        op.drop_table(name)

"""Workspaces, principals, teams, tokens and the server's settings."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

#: Every table comes after those that it refers to.
TABLES = ("workspace", "principal", "team", "team_member", "token", "setting")


def create() -> None:
    """Make the tables of this area."""
    _workspace()
    _principal()
    _team()
    _team_member()
    _token()
    _setting()


def _workspace() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("slug", sa.String(96), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.Text(), server_default="{}", nullable=False),
        sa.Column("etag", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
        sa.UniqueConstraint("uid", name=op.f("uq_workspace_uid")),
    )


def _principal() -> None:
    op.create_table(
        "principal",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", sa.String(255), nullable=False),
        sa.Column("display_name", sa.String(255), server_default="", nullable=False),
        sa.Column("home_workspace_id", INT64, nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal")),
        sa.ForeignKeyConstraint(["home_workspace_id"], ["workspace.id"], name=op.f("fk_principal_home_workspace_id")),
        sa.UniqueConstraint("name_key", name=op.f("uq_principal_name_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_principal_uid")),
    )


def _team() -> None:
    op.create_table(
        "team",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_team_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_team_uid")),
    )
    op.create_index(
        "uq_team_name",
        "team",
        ["workspace_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _team_member() -> None:
    op.create_table(
        "team_member",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("team_id", INT64, nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_team_member_principal_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
    )
    op.create_index(
        "ix_team_member_principal",
        "team_member",
        ["principal_id"],
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "uq_team_member_current",
        "team_member",
        ["team_id", "principal_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("description", sa.String(255), server_default="", nullable=False),
        sa.Column("role_cap", sa.String(16), nullable=True),
        sa.Column("workspace_id", INT64, nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_token_principal_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_token_workspace_id")),
    )
    op.create_index("ix_token_principal_id", "token", ["principal_id"])


def _setting() -> None:
    op.create_table(
        "setting",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )

"""Principals, teams, tokens and grants."""

from sqlalchemy import Column, Index, String, Table, Text
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import Int64, key, metadata, ref, text, time_us, uid

principal = Table(
    "principal",
    metadata,
    key(),
    uid(),
    Column("kind", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("name_key", String(255), nullable=False, unique=True),
    Column("display_name", String(255), nullable=False, server_default=""),
    ref("home_workspace_id", "workspace", nullable=True),
    Column("password_hash", Text, nullable=True),
    time_us("recorded_at"),
    time_us("disabled_at", nullable=True),
)

team = Table(
    "team",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("name", String(255), nullable=False),
    text("description", default=""),
    time_us("recorded_at"),
    time_us("deleted_at", nullable=True),
    Index(
        "uq_team_name",
        "workspace_id",
        "name",
        unique=True,
        sqlite_where=sql("deleted_at IS NULL"),
        postgresql_where=sql("deleted_at IS NULL"),
    ),
)

team_member = Table(
    "team_member",
    metadata,
    key(),
    ref("team_id", "team"),
    ref("principal_id", "principal"),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    Index(
        "uq_team_member_current",
        "team_id",
        "principal_id",
        unique=True,
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index(
        "ix_team_member_principal",
        "principal_id",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
)

token = Table(
    "token",
    metadata,
    Column("id", String(20), primary_key=True),
    ref("principal_id", "principal", index=True),
    Column("secret_hash", String(64), nullable=False),
    Column("description", String(255), nullable=False, server_default=""),
    Column("role_cap", String(16), nullable=True),
    ref("workspace_id", "workspace", nullable=True),
    time_us("recorded_at"),
    time_us("expires_at", nullable=True),
    time_us("revoked_at", nullable=True),
    time_us("last_used_at", nullable=True),
)

grant = Table(
    "role_grant",
    metadata,
    key(),
    uid(),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_uid", String(36), nullable=False),
    Column("scope_kind", String(16), nullable=False),
    ref("workspace_id", "workspace", nullable=True),
    ref("namespace_id", "namespace", nullable=True),
    ref("asset_id", "asset", nullable=True),
    Column("role", String(16), nullable=False),
    ref("granted_by", "principal"),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    #: of `environment`; without a foreign key, which SQLite adds only by writing the whole table anew
    Column("environment_id", Int64, nullable=True),
    Index(
        "ix_role_grant_subject",
        "subject_uid",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_role_grant_scope", "workspace_id", "valid_from"),
)

#: A few values of the whole server: the hash of the set-up code, the store's id, the log's origin.
setting = Table(
    "setting",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

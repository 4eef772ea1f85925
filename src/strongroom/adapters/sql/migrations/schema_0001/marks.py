"""What is said of assets and versions, and who may do what with them."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

#: Every table comes after those that it refers to.
TABLES = ("alias", "stage", "name_dict", "tag", "object_property", "role_grant")


def create() -> None:
    """Make the tables of this area."""
    _alias()
    _stage()
    _name_dict()
    _tag()
    _object_property()
    _role_grant()


def _alias() -> None:
    op.create_table(
        "alias",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("from_seq", INT64, nullable=False),
        sa.Column("to_seq", INT64, nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_alias_asset_id")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_alias_set_by")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_alias_version_id")),
    )
    op.create_index("ix_alias_history", "alias", ["asset_id", "name", "valid_from"])
    op.create_index("ix_alias_version_id", "alias", ["version_id"])
    op.create_index(
        "uq_alias_current",
        "alias",
        ["asset_id", "name"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _stage() -> None:
    op.create_table(
        "stage",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("from_seq", INT64, nullable=False),
        sa.Column("to_seq", INT64, nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_stage_asset_id")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_stage_set_by")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_stage_version_id")),
    )
    op.create_index(
        "ix_stage_asset",
        "stage",
        ["asset_id", "name"],
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index("ix_stage_history", "stage", ["version_id", "valid_from"])
    op.create_index(
        "uq_stage_current",
        "stage",
        ["version_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _name_dict() -> None:
    op.create_table(
        "name_dict",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("text", sa.String(250), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_dict")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_name_dict_workspace_id")),
        sa.UniqueConstraint("workspace_id", "text", name=op.f("uq_name_dict_workspace_id_text")),
    )


def _tag() -> None:
    op.create_table(
        "tag",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_id", INT64, nullable=False),
        sa.Column("key_id", INT64, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.ForeignKeyConstraint(["key_id"], ["name_dict.id"], name=op.f("fk_tag_key_id")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_tag_set_by")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_tag_workspace_id")),
    )
    op.create_index(
        "ix_tag_search",
        "tag",
        ["workspace_id", "owner_kind", "key_id", "owner_id"],
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "uq_tag_current",
        "tag",
        ["owner_kind", "owner_id", "key_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _object_property() -> None:
    op.create_table(
        "object_property",
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_id", INT64, nullable=False, autoincrement=False),
        sa.Column("key_id", INT64, nullable=False, autoincrement=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("number", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("owner_kind", "owner_id", "key_id", name=op.f("pk_object_property")),
    )
    op.create_index("ix_object_property_number", "object_property", ["owner_kind", "key_id", "number", "owner_id"])


def _role_grant() -> None:
    op.create_table(
        "role_grant",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_uid", sa.String(36), nullable=False),
        sa.Column("scope_kind", sa.String(16), nullable=False),
        sa.Column("workspace_id", INT64, nullable=True),
        sa.Column("namespace_id", INT64, nullable=True),
        sa.Column("asset_id", INT64, nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("granted_by", INT64, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_role_grant_asset_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["principal.id"], name=op.f("fk_role_grant_granted_by")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_role_grant_namespace_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_role_grant_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_role_grant_uid")),
    )
    op.create_index("ix_role_grant_scope", "role_grant", ["workspace_id", "valid_from"])
    op.create_index(
        "ix_role_grant_subject",
        "role_grant",
        ["subject_uid"],
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )

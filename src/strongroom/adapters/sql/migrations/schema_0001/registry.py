"""Namespaces, assets, revisions and versions."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64, PATH

#: Every table comes after those that it refers to.
TABLES = ("namespace", "asset", "asset_name", "revision", "revision_parent", "version")


def create() -> None:
    """Make the tables of this area."""
    _namespace()
    _asset()
    _asset_name()
    _revision()
    _revision_parent()
    _version()


def _namespace() -> None:
    op.create_table(
        "namespace",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("slug_path", PATH, nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.Text(), server_default="{}", nullable=False),
        sa.Column("etag", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_namespace")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_namespace_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_namespace_uid")),
    )
    op.create_index(
        "uq_namespace_path",
        "namespace",
        ["workspace_id", "path"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_namespace_slug_path",
        "namespace",
        ["workspace_id", "slug_path"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _asset() -> None:
    op.create_table(
        "asset",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("namespace_id", INT64, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("type", sa.String(255), server_default="", nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("slug", sa.String(96), nullable=False),
        sa.Column("display_name", sa.String(255), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("card", sa.Text(), server_default="", nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("next_number", INT64, server_default="1", nullable=False),
        sa.Column("latest_version_id", INT64, nullable=True),
        sa.Column("event_seq", INT64, server_default="0", nullable=False),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_asset_created_by")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_asset_namespace_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_asset_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_asset_uid")),
    )
    op.create_index("ix_asset_namespace_name", "asset", ["namespace_id", "name", "id"])
    op.create_index("ix_asset_workspace_recorded", "asset", ["workspace_id", "recorded_at", "id"])


def _asset_name() -> None:
    op.create_table(
        "asset_name",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("namespace_id", INT64, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name_key", sa.String(255), nullable=False),
        sa.Column("slug_key", sa.String(96), nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("redirect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_name")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_asset_name_asset_id")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_asset_name_namespace_id")),
        sa.UniqueConstraint("namespace_id", "kind", "name_key", name=op.f("uq_asset_name_namespace_id_kind_name_key")),
        sa.UniqueConstraint("namespace_id", "kind", "slug_key", name=op.f("uq_asset_name_namespace_id_kind_slug_key")),
    )
    op.create_index("ix_asset_name_asset_id", "asset_name", ["asset_id"])


def _revision() -> None:
    op.create_table(
        "revision",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("author", sa.String(36), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_revision_asset_id")),
        sa.UniqueConstraint("digest", name=op.f("uq_revision_digest")),
    )
    op.create_index("ix_revision_asset_id", "revision", ["asset_id"])


def _revision_parent() -> None:
    op.create_table(
        "revision_parent",
        sa.Column("revision_id", INT64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_revision_parent")),
    )


def _version() -> None:
    op.create_table(
        "version",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("namespace_id", INT64, nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("number", INT64, nullable=True),
        sa.Column("label", sa.String(255), nullable=True),
        sa.Column("revision_id", INT64, nullable=True),
        sa.Column("tree", sa.String(64), nullable=True),
        sa.Column("files", INT64, server_default="0", nullable=False),
        sa.Column("bytes", INT64, server_default="0", nullable=False),
        sa.Column("unpinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source_id", INT64, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_id", INT64, nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("signature", sa.Text(), server_default="{}", nullable=False),
        sa.Column("stage", sa.String(64), nullable=True),
        sa.Column("locked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("evidence_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("etag", INT64, server_default="1", nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_version_asset_id")),
        sa.ForeignKeyConstraint(["created_by"], ["principal.id"], name=op.f("fk_version_created_by")),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespace.id"], name=op.f("fk_version_namespace_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_version_revision_id")),
        sa.ForeignKeyConstraint(["source_id"], ["version.id"], name=op.f("fk_version_source_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_version_workspace_id")),
        sa.UniqueConstraint("asset_id", "label", name=op.f("uq_version_asset_id_label")),
        sa.UniqueConstraint("asset_id", "number", name=op.f("uq_version_asset_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_version_uid")),
    )
    op.create_index("ix_version_asset_state", "version", ["asset_id", "state", "number"])
    op.create_index(
        "ix_version_expires",
        "version",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index("ix_version_run_id", "version", ["run_id"])
    op.create_index("ix_version_tree", "version", ["tree"])
    op.create_index("ix_version_workspace_recorded", "version", ["workspace_id", "recorded_at", "id"])

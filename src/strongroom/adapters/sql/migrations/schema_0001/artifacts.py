"""Blobs, who possesses them, trees, folders, drafts and uploads."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64, PATH

#: Every table comes after those that it refers to.
TABLES = (
    "blob",
    "blob_digest",
    "asset_blob",
    "blob_ledger",
    "tree",
    "tree_page",
    "folder",
    "folder_entry",
    "draft",
    "upload",
    "upload_part",
)


def create() -> None:
    """Make the tables of this area."""
    _blob()
    _blob_digest()
    _asset_blob()
    _blob_ledger()
    _tree()
    _tree_page()
    _folder()
    _folder_entry()
    _draft()
    _upload()
    _upload_part()


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("blocks", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
        sa.UniqueConstraint("sha256", name=op.f("uq_blob_sha256")),
    )


def _blob_digest() -> None:
    op.create_table(
        "blob_digest",
        sa.Column("blob_id", INT64, nullable=False, autoincrement=False),
        sa.Column("algo", sa.String(16), nullable=False),
        sa.Column("value", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "algo", name=op.f("pk_blob_digest")),
    )
    op.create_index("ix_blob_digest_value", "blob_digest", ["algo", "value"])


def _asset_blob() -> None:
    op.create_table(
        "asset_blob",
        sa.Column("asset_id", INT64, nullable=False, autoincrement=False),
        sa.Column("blob_id", INT64, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("asset_id", "blob_id", name=op.f("pk_asset_blob")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_asset_blob_blob", "asset_blob", ["blob_id", "asset_id"])


def _blob_ledger() -> None:
    op.create_table(
        "blob_ledger",
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("blob_id", INT64, nullable=False, autoincrement=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "blob_id", name=op.f("pk_blob_ledger")),
        sqlite_with_rowid=False,
    )


def _tree() -> None:
    op.create_table(
        "tree",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("unpinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tree")),
    )


def _tree_page() -> None:
    op.create_table(
        "tree_page",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tree_page")),
    )


def _folder() -> None:
    op.create_table(
        "folder",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_id", INT64, nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_folder_workspace_id")),
    )
    op.create_index("uq_folder_owner", "folder", ["owner_kind", "owner_id"], unique=True)


def _folder_entry() -> None:
    op.create_table(
        "folder_entry",
        sa.Column("folder_id", INT64, nullable=False, autoincrement=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("blob_id", INT64, nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("pin", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.String(255), nullable=True),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("folder_id", "path", name=op.f("pk_folder_entry")),
        sqlite_with_rowid=False,
    )


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("version_id", INT64, nullable=False, autoincrement=False),
        sa.Column("folder_id", INT64, nullable=False),
        sa.Column("base_tree", sa.String(64), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_draft")),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_draft_folder_id")),
    )
    op.create_index("ix_draft_expires", "draft", ["state", "expires_at"])


def _upload() -> None:
    op.create_table(
        "upload",
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("part_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_upload")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_upload_principal_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_upload_workspace_id")),
    )
    op.create_index("ix_upload_expires", "upload", ["state", "expires_at"])
    op.create_index("ix_upload_resume", "upload", ["principal_id", "sha256", "state"])


def _upload_part() -> None:
    op.create_table(
        "upload_part",
        sa.Column("upload_uid", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("upload_uid", "number", name=op.f("pk_upload_part")),
    )

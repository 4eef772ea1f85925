"""Branches and pins, publication rules and their timer, origins of copies; versions found by their revision.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    _asset_ref()
    _publication()
    _origin()
    op.create_index("ix_version_revision_id", "version", ["revision_id"])


def downgrade() -> None:
    op.drop_index("ix_version_revision_id", "version")
    for table in ("version_origin", "publication_due", "publication_rule", "asset_ref"):
        op.drop_table(table)


def _asset_ref() -> None:
    op.create_table(
        "asset_ref",
        sa.Column("asset_id", INT64, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("revision_id", INT64, nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("set_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "name", name=op.f("pk_asset_ref")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_asset_ref_revision_id")),
        sa.ForeignKeyConstraint(["set_by"], ["principal.id"], name=op.f("fk_asset_ref_set_by")),
    )


def _publication() -> None:
    op.create_table(
        "publication_rule",
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_id", INT64, nullable=False, autoincrement=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("owner_kind", "owner_id", name=op.f("pk_publication_rule")),
    )
    op.create_table(
        "publication_due",
        sa.Column("asset_id", INT64, nullable=False, autoincrement=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_publication_due")),
    )
    op.create_index("ix_publication_due_due", "publication_due", ["due_at"])


def _origin() -> None:
    op.create_table(
        "version_origin",
        sa.Column("version_id", INT64, nullable=False, autoincrement=False),
        sa.Column("workspace_uid", sa.String(36), nullable=False),
        sa.Column("workspace", sa.String(96), nullable=False),
        sa.Column("asset_uid", sa.String(36), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("version_uid", sa.String(36), nullable=False),
        sa.Column("number", INT64, nullable=False),
        sa.Column("revision", sa.String(64), nullable=True),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_origin")),
    )
    op.create_index(op.f("ix_version_origin_version_uid"), "version_origin", ["version_uid"])

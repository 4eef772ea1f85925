"""Comments, discussions, watches and inboxes.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _comment()
    _discussion()
    _watch()
    _inbox()
    # inboxes begin with what happens from now on
    op.execute("INSERT INTO feed_cursor (name, after) SELECT 'inbox', size - 1 FROM audit_log")


def downgrade() -> None:
    for table in ("feed_cursor", "inbox_setting", "inbox_item", "watch", "discussion"):
        op.drop_table(table)
    for table in ("comment_mention", "comment_text", "comment"):
        op.drop_table(table)


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _comment() -> None:
    op.create_table(
        "comment",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("on_kind", sa.String(16), nullable=False),
        sa.Column("on_id", INT64, nullable=False),
        sa.Column("reply_to_id", INT64, nullable=True),
        sa.Column("author_id", INT64, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_by", INT64, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        _fk("comment", "workspace_id", "workspace"),
        _fk("comment", "reply_to_id", "comment"),
        _fk("comment", "author_id", "principal"),
        _fk("comment", "deleted_by", "principal"),
        sa.UniqueConstraint("uid", name=op.f("uq_comment_uid")),
    )
    op.create_index("ix_comment_on", "comment", ["on_kind", "on_id", "id"])
    op.create_table(
        "comment_text",
        sa.Column("comment_id", INT64, nullable=False, autoincrement=False),
        sa.Column("revision", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "revision", name=op.f("pk_comment_text")),
        _fk("comment_text", "author_id", "principal"),
    )
    op.create_table(
        "comment_mention",
        sa.Column("comment_id", INT64, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, nullable=False, autoincrement=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "kind", "object_id", name=op.f("pk_comment_mention")),
    )


def _discussion() -> None:
    op.create_table(
        "discussion",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("number", INT64, nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("author_id", INT64, nullable=False),
        sa.Column("etag", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion")),
        _fk("discussion", "workspace_id", "workspace"),
        _fk("discussion", "asset_id", "asset"),
        _fk("discussion", "author_id", "principal"),
        sa.UniqueConstraint("uid", name=op.f("uq_discussion_uid")),
    )
    op.create_index("uq_discussion_number", "discussion", ["asset_id", "number"], unique=True)


def _watch() -> None:
    op.create_table(
        "watch",
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, nullable=False, autoincrement=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("watching", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("after", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "kind", "object_id", name=op.f("pk_watch")),
        _fk("watch", "workspace_id", "workspace"),
    )
    op.create_index("ix_watch_object", "watch", ["kind", "object_id"])


def _inbox() -> None:
    op.create_table(
        "inbox_item",
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("leaf", INT64, nullable=False, autoincrement=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "leaf", name=op.f("pk_inbox_item")),
    )
    op.create_index("ix_inbox_item_state", "inbox_item", ["principal_id", "workspace_id", "state", "leaf"])
    op.create_index("ix_inbox_item_recorded", "inbox_item", ["recorded_at"])
    op.create_table(
        "inbox_setting",
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", name=op.f("pk_inbox_setting")),
    )
    op.create_table(
        "feed_cursor",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("after", INT64, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_cursor")),
    )

"""The audit log, the outbox and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

#: Every table comes after those that it refers to.
TABLES = (
    "audit",
    "audit_pending",
    "audit_leaf",
    "audit_tile",
    "audit_checkpoint",
    "audit_log",
    "outbox",
    "read_window",
    "idempotency",
)


def create() -> None:
    """Make the tables of this area."""
    _audit()
    _audit_pending()
    _audit_leaf()
    _audit_tile()
    _audit_checkpoint()
    _audit_log()
    _outbox()
    _read_window()
    _idempotency()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=True),
        sa.Column("actor", sa.String(36), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_uid", sa.String(36), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_audit_workspace_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_audit_uid")),
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "id"])
    op.create_index("ix_audit_subject", "audit", ["subject_uid", "id"])
    op.create_index("ix_audit_workspace", "audit", ["workspace_id", "id"])


def _audit_pending() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("audit_id", INT64, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_pending")),
    )


def _audit_leaf() -> None:
    op.create_table(
        "audit_leaf",
        sa.Column("leaf", INT64, nullable=False, autoincrement=False),
        sa.Column("audit_id", INT64, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf", name=op.f("pk_audit_leaf")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_leaf_audit_id")),
    )


def _audit_tile() -> None:
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", INT64, nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_audit_tile")),
    )


def _audit_checkpoint() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", INT64, nullable=False, autoincrement=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("size", INT64, nullable=False),
        sa.Column("epoch", INT64, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("audit_id", INT64, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("asset_id", INT64, nullable=True),
        sa.Column("asset_seq", INT64, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_asset", "outbox", ["asset_id", "asset_seq"])
    op.create_index("ix_outbox_audit_id", "outbox", ["audit_id"])


def _read_window() -> None:
    op.create_table(
        "read_window",
        sa.Column("principal_uid", sa.String(36), nullable=False),
        sa.Column("version_id", INT64, nullable=False, autoincrement=False),
        sa.Column("hour", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_uid", "version_id", "hour", name=op.f("pk_read_window")),
    )
    op.create_index("ix_read_window_hour", "read_window", ["hour"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("principal_id", INT64, nullable=False, autoincrement=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_recorded", "idempotency", ["recorded_at"])

"""Requests for approval with the verdicts on them, and waivers of rules.

Revision ID: 0037
Revises: 0036
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    _request()
    op.create_table(
        "approval_asked",
        sa.Column("owner_uid", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_id", INT64, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("owner_uid", "kind", "object_id", name=op.f("pk_approval_asked")),
        sqlite_with_rowid=False,
    )
    _verdict()
    _waiver()


def downgrade() -> None:
    for table in ("waiver", "verdict", "approval_asked", "approval_request"):
        op.drop_table(table)


def _refs(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def _request() -> None:
    of = {"workspace_id": "workspace", "asset_id": "asset", "version_id": "version", "requested_by": "principal"}
    op.create_table(
        "approval_request",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("strict", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", INT64, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("etag", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
        *_refs("approval_request", **of),
        sa.UniqueConstraint("uid", name=op.f("uq_approval_request_uid")),
    )
    is_open = sa.text("state = 'open'")
    where: dict[str, Any] = {"sqlite_where": is_open, "postgresql_where": is_open}
    op.create_index("ix_approval_request_version", "approval_request", ["version_id", "id"])
    op.create_index("ix_approval_request_open", "approval_request", ["workspace_id", "id"], **where)
    way = ["version_id", "kind", "target"]
    op.create_index("uq_approval_request_way", "approval_request", way, unique=True, **where)


def _verdict() -> None:
    of = {"request_id": "approval_request", "version_id": "version", "principal_id": "principal"}
    op.create_table(
        "verdict",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("request_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("said", sa.String(16), nullable=False),
        sa.Column("tree", sa.String(64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("teams", sa.Text(), server_default="{}", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        *_refs("verdict", **of),
        sa.UniqueConstraint("uid", name=op.f("uq_verdict_uid")),
    )
    op.create_index("ix_verdict_request_id", "verdict", ["request_id"])
    op.create_index("ix_verdict_version", "verdict", ["version_id", "id"])


def _waiver() -> None:
    of = {"workspace_id": "workspace", "asset_id": "asset", "version_id": "version"}
    of |= dict.fromkeys(("asked_by", "decided_by", "revoked_by"), "principal")
    op.create_table(
        "waiver",
        sa.Column("id", INT64, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("asset_id", INT64, nullable=False),
        sa.Column("version_id", INT64, nullable=True),
        sa.Column("tree", sa.String(64), server_default="", nullable=False),
        sa.Column("policy_uid", sa.String(36), nullable=False),
        sa.Column("policy_name", sa.String(255), server_default="", nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("rule_digest", sa.String(64), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", INT64, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("etag", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", INT64, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision_note", sa.Text(), server_default="", nullable=False),
        sa.Column("revoked_by", INT64, nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver")),
        *_refs("waiver", **of),
        sa.UniqueConstraint("uid", name=op.f("uq_waiver_uid")),
    )
    op.create_index("ix_waiver_asset", "waiver", ["asset_id", "id"])
    op.create_index("ix_waiver_workspace", "waiver", ["workspace_id", "id"])

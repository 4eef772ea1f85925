"""Requests for approval with the verdicts on them, and waivers of rules."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, false
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import Int64, json_text, key, metadata, ref, text, time_us, uid

_OPEN = sql("state = 'open'")

approval_request = Table(
    "approval_request",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("asset_id", "asset"),
    ref("version_id", "version"),
    Column("kind", String(16), nullable=False),
    Column("target", String(255), nullable=False),
    Column("tree", String(64), nullable=False),
    Column("strict", Boolean, nullable=False, server_default=false()),
    text("note", default=""),
    ref("requested_by", "principal"),
    Column("state", String(16), nullable=False),
    Column("etag", Integer, nullable=False, server_default="1"),
    time_us("recorded_at"),
    time_us("expires_at"),
    time_us("ended_at", nullable=True),
    Index("ix_approval_request_version", "version_id", "id"),
    Index("ix_approval_request_open", "workspace_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(
        "uq_approval_request_way",
        "version_id",
        "kind",
        "target",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
)

#: Who is told of a request for approval, or of one for a waiver: `owner_uid` is either's, `kind` principal or team.
approval_asked = Table(
    "approval_asked",
    metadata,
    Column("owner_uid", String(36), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("object_id", Int64, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

#: `teams` is a JSON list of [uid, name] as they were; `epoch` moves along with later verdicts (decision 37).
verdict = Table(
    "verdict",
    metadata,
    key(),
    uid(),
    ref("request_id", "approval_request", index=True),
    ref("version_id", "version"),
    ref("principal_id", "principal"),
    Column("said", String(16), nullable=False),
    Column("tree", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    json_text("teams"),
    text("note", default=""),
    time_us("recorded_at"),
    time_us("expires_at"),
    time_us("withdrawn_at", nullable=True),
    Index("ix_verdict_version", "version_id", "id"),
)

#: Without a version it is for all of the asset. `rule_digest` is of the rule's text as it was when it was asked for.
waiver = Table(
    "waiver",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("asset_id", "asset"),
    ref("version_id", "version", nullable=True),
    Column("tree", String(64), nullable=False, server_default=""),
    Column("policy_uid", String(36), nullable=False),
    Column("policy_name", String(255), nullable=False, server_default=""),
    Column("rule", String(64), nullable=False),
    Column("rule_digest", String(64), nullable=False, server_default=""),
    text("reason"),
    ref("asked_by", "principal"),
    Column("state", String(16), nullable=False),
    Column("etag", Integer, nullable=False, server_default="1"),
    time_us("recorded_at"),
    time_us("ends_at"),
    ref("decided_by", "principal", nullable=True),
    time_us("decided_at", nullable=True),
    text("decision_note", default=""),
    ref("revoked_by", "principal", nullable=True),
    time_us("revoked_at", nullable=True),
    text("revoked_reason", default=""),
    Index("ix_waiver_asset", "asset_id", "id"),
    Index("ix_waiver_workspace", "workspace_id", "id"),
)

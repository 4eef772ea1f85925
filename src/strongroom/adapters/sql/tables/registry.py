"""Workspaces, namespaces, assets, versions and what is said of them."""

from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy import text as sql

from strongroom.adapters.sql.tables.base import (
    ByteOrdered,
    Int64,
    changed_at,
    claimed_at,
    head,
    json_text,
    key,
    metadata,
    ref,
    text,
    time_us,
    uid,
)

#: Of an index of what held once: searches of past times look there, beside what holds still.
PAST: dict[str, Any] = {
    "sqlite_where": sql("valid_to IS NOT NULL"),
    "postgresql_where": sql("valid_to IS NOT NULL"),
}

#: The slug of a deleted one has `~` and its id behind it, so that the name is free and no address leads there.
workspace = Table(
    "workspace",
    metadata,
    key(),
    uid(),
    Column("slug", String(96), nullable=False, unique=True),
    text("description", default=""),
    json_text("settings"),
    Column("etag", Integer, nullable=False, server_default="1"),
    time_us("recorded_at"),
    time_us("deleted_at", nullable=True),
)

namespace = Table(
    "namespace",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    Column("path", ByteOrdered, nullable=False),
    Column("slug_path", ByteOrdered, nullable=False),
    text("description", default=""),
    json_text("settings"),
    Column("etag", Integer, nullable=False, server_default="1"),
    time_us("recorded_at"),
    time_us("deleted_at", nullable=True),
    # a subtree is a range scan on slug_path
    Index(
        "uq_namespace_path",
        "workspace_id",
        "path",
        unique=True,
        sqlite_where=sql("deleted_at IS NULL"),
        postgresql_where=sql("deleted_at IS NULL"),
    ),
    Index(
        "uq_namespace_slug_path",
        "workspace_id",
        "slug_path",
        unique=True,
        sqlite_where=sql("deleted_at IS NULL"),
        postgresql_where=sql("deleted_at IS NULL"),
    ),
)

asset = Table(
    "asset",
    metadata,
    key(),
    uid(),
    ref("workspace_id", "workspace"),
    ref("namespace_id", "namespace"),
    Column("kind", String(32), nullable=False),
    Column("type", String(255), nullable=False, server_default=""),
    Column("name", String(255), nullable=False),
    Column("slug", String(96), nullable=False),
    Column("display_name", String(255), nullable=False, server_default=""),
    text("description", default=""),
    text("card", default=""),
    Column("visibility", String(16), nullable=False),
    Column("gated", String(16), nullable=False, server_default=""),
    Column("next_number", Int64, nullable=False, server_default="1"),
    Column("latest_version_id", Int64, nullable=True),
    Column("event_seq", Int64, nullable=False, server_default="0"),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("archived_at", nullable=True),
    time_us("deleted_at", nullable=True),
    time_us("purged_at", nullable=True),
    changed_at(),
    claimed_at(),
    Index("ix_asset_workspace_recorded", "workspace_id", "recorded_at", "id"),
    Index("ix_asset_namespace_name", "namespace_id", "name", "id"),
    Index("ix_asset_workspace_name", "workspace_id", "name"),
    Index("ix_asset_workspace", "workspace_id", "id"),
)

#: Names apart from assets: a rename leaves a redirect row until the old name is taken again (domain.md N2).
asset_name = Table(
    "asset_name",
    metadata,
    key(),
    ref("namespace_id", "namespace"),
    Column("kind", String(32), nullable=False),
    Column("name_key", String(255), nullable=False),
    Column("slug_key", String(96), nullable=False),
    ref("asset_id", "asset", index=True),
    Column("redirect", Boolean, nullable=False, server_default=sql("false")),
    UniqueConstraint("namespace_id", "kind", "name_key"),
    UniqueConstraint("namespace_id", "kind", "slug_key"),
)

revision = Table(
    "revision",
    metadata,
    key(),
    Column("digest", String(64), nullable=False, unique=True),
    ref("asset_id", "asset", index=True),
    Column("tree", String(64), nullable=False),
    Column("author", String(36), nullable=False),
    text("message", default=""),
    time_us("claimed_at", nullable=True),
    time_us("recorded_at"),
)

revision_parent = Table(
    "revision_parent",
    metadata,
    Column("revision_id", Int64, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("parent", String(64), nullable=False),
)

version = Table(
    "version",
    metadata,
    key(),
    uid(),
    ref("asset_id", "asset"),
    ref("namespace_id", "namespace"),
    ref("workspace_id", "workspace"),
    Column("number", Int64, nullable=True),
    Column("label", String(255), nullable=True),
    ref("revision_id", "revision", nullable=True, index=True),
    Column("tree", String(64), nullable=True, index=True),
    Column("files", Int64, nullable=False, server_default="0"),
    Column("bytes", Int64, nullable=False, server_default="0"),
    Column("unpinned", Boolean, nullable=False, server_default=sql("false")),
    ref("source_id", "version", nullable=True),
    Column("state", String(16), nullable=False),
    Column("run_id", Int64, nullable=True, index=True),
    text("description", default=""),
    json_text("signature"),
    Column("stage", String(64), nullable=True),
    Column("locked", Boolean, nullable=False, server_default=sql("false")),
    Column("evidence_epoch", Integer, nullable=False, server_default="0"),
    Column("etag", Int64, nullable=False, server_default="1"),
    ref("created_by", "principal"),
    time_us("recorded_at"),
    time_us("archived_at", nullable=True),
    time_us("expires_at", nullable=True),
    time_us("deleted_at", nullable=True),
    Column("origin", Text, nullable=True),
    changed_at(),
    claimed_at(),
    # NULLs are distinct on both databases: drafts have no number yet; purged rows keep number and label for ever
    UniqueConstraint("asset_id", "number"),
    UniqueConstraint("asset_id", "label"),
    Index(
        "uq_version_link",
        "source_id",
        "asset_id",
        unique=True,
        sqlite_where=sql("source_id IS NOT NULL AND state <> 'purged'"),
        postgresql_where=sql("source_id IS NOT NULL AND state <> 'purged'"),
    ),
    Index("ix_version_asset_state", "asset_id", "state", "number"),
    Index("ix_version_workspace_recorded", "workspace_id", "recorded_at", "id"),
    Index("ix_version_workspace", "workspace_id", "id"),
    Index("ix_version_updated", "workspace_id", "updated_at", "id"),
    Index(
        "ix_version_expires",
        "expires_at",
        sqlite_where=sql("expires_at IS NOT NULL"),
        postgresql_where=sql("expires_at IS NOT NULL"),
    ),
)

#: A version in the making (domain.md N4). The version row exists with state "draft"; sealing fills the rest.
draft = Table(
    "draft",
    metadata,
    Column("version_id", Int64, primary_key=True, autoincrement=False),
    ref("folder_id", "folder"),
    Column("base_tree", String(64), nullable=True),
    Column("state", String(16), nullable=False),
    time_us("expires_at"),
    Index("ix_draft_expires", "state", "expires_at"),
)

alias = Table(
    "alias",
    metadata,
    key(),
    ref("asset_id", "asset"),
    Column("name", String(255), nullable=False),
    ref("version_id", "version", index=True),
    Column("etag", Int64, nullable=False),
    Column("protected", Boolean, nullable=False, server_default=sql("false")),
    ref("set_by", "principal"),
    Column("from_seq", Int64, nullable=False),
    Column("to_seq", Int64, nullable=True),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    Index(
        "uq_alias_current",
        "asset_id",
        "name",
        unique=True,
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_alias_history", "asset_id", "name", "valid_from"),
    Index(
        "ix_alias_name",
        "name",
        "version_id",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_alias_name_past", "name", "valid_to", "version_id", **PAST),
)

stage = Table(
    "stage",
    metadata,
    key(),
    ref("asset_id", "asset"),
    ref("version_id", "version"),
    Column("name", String(64), nullable=False),
    text("note", default=""),
    ref("set_by", "principal"),
    Column("from_seq", Int64, nullable=False),
    Column("to_seq", Int64, nullable=True),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    Index(
        "uq_stage_current",
        "version_id",
        unique=True,
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_stage_history", "version_id", "valid_from"),
    Index(
        "ix_stage_name",
        "name",
        "version_id",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index("ix_stage_name_past", "name", "valid_to", "version_id", **PAST),
    Index(
        "ix_stage_asset",
        "asset_id",
        "name",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
)

#: Every text that repeats (tag keys, param and metric keys) is stored once a workspace.
name_dict = Table(
    "name_dict",
    metadata,
    key(),
    ref("workspace_id", "workspace"),
    Column("text", String(250), nullable=False),
    UniqueConstraint("workspace_id", "text"),
)

tag = Table(
    "tag",
    metadata,
    key(),
    ref("workspace_id", "workspace"),
    Column("owner_kind", String(16), nullable=False),
    Column("owner_id", Int64, nullable=False),
    ref("key_id", "name_dict"),
    Column("value", Text, nullable=True),
    ref("set_by", "principal"),
    time_us("valid_from"),
    time_us("valid_to", nullable=True),
    Index(
        "uq_tag_current",
        "owner_kind",
        "owner_id",
        "key_id",
        unique=True,
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
    Index(
        "ix_tag_search",
        "workspace_id",
        "owner_kind",
        "key_id",
        "owner_id",
        sqlite_where=sql("valid_to IS NULL"),
        postgresql_where=sql("valid_to IS NULL"),
    ),
)

Index(
    "ix_tag_value",
    tag.c.workspace_id,
    tag.c.owner_kind,
    tag.c.key_id,
    head(tag.c.value),
    tag.c.owner_id,
    sqlite_where=sql("valid_to IS NULL"),
    postgresql_where=sql("valid_to IS NULL"),
)
Index(
    "ix_tag_value_past",
    tag.c.workspace_id,
    tag.c.owner_kind,
    tag.c.key_id,
    head(tag.c.value),
    tag.c.valid_to,
    tag.c.owner_id,
    **PAST,
)
Index("ix_tag_history", tag.c.owner_kind, tag.c.owner_id, tag.c.key_id, tag.c.valid_from)

#: Typed properties: one row a key; exactly one of text and number is set (a boolean is a number with type "bool").
object_property = Table(
    "object_property",
    metadata,
    Column("owner_kind", String(16), primary_key=True),
    Column("owner_id", Int64, primary_key=True, autoincrement=False),
    Column("key_id", Int64, primary_key=True, autoincrement=False),
    Column("type", String(8), nullable=False),
    Column("text", Text, nullable=True),
    Column("number", Float(53), nullable=True),
    Index("ix_object_property_number", "owner_kind", "key_id", "number", "owner_id"),
)

Index(
    "ix_object_property_text",
    object_property.c.owner_kind,
    object_property.c.key_id,
    head(object_property.c.text),
    object_property.c.owner_id,
)

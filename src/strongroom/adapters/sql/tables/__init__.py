"""The relational schema (SQLAlchemy Core), one module an area; the same tables on SQLite and PostgreSQL.

Conventions: `id` is a 64-bit surrogate that never leaves the server, `uid` a UUIDv7 that does; times are microseconds
since 1970 in UTC, taken by the server; a row with `valid_to IS NULL` is the present one of a temporal table, and
`valid_from <= T < coalesce(valid_to, infinity)` is what was true at T.
"""

from strongroom.adapters.sql.tables.access_mark import access_mark
from strongroom.adapters.sql.tables.annotations import annotation
from strongroom.adapters.sql.tables.artifacts import (
    asset_blob,
    blob,
    blob_digest,
    blob_leaving,
    blob_ledger,
    file_upload,
    folder,
    folder_entry,
    possession_review,
    tree,
    tree_page,
    upload,
    upload_part,
)
from strongroom.adapters.sql.tables.audit import (
    audit,
    audit_checkpoint,
    audit_leaf,
    audit_log,
    audit_pending,
    audit_tile,
    idempotency,
    outbox,
    read_window,
)
from strongroom.adapters.sql.tables.automations import automation, automation_run
from strongroom.adapters.sql.tables.base import metadata
from strongroom.adapters.sql.tables.collaboration import (
    comment,
    comment_mention,
    comment_text,
    discussion,
    feed_cursor,
    inbox_item,
    inbox_setting,
    watch,
)
from strongroom.adapters.sql.tables.events import delivery, webhook
from strongroom.adapters.sql.tables.handles import handle
from strongroom.adapters.sql.tables.hub import access_request, asset_card
from strongroom.adapters.sql.tables.identity import grant, principal, setting, team, team_member, token
from strongroom.adapters.sql.tables.lineage import consumption, edge, edge_removed, flag, node
from strongroom.adapters.sql.tables.logged_models import (
    logged_model,
    logged_model_param,
    logged_model_point,
    logged_model_value,
)
from strongroom.adapters.sql.tables.manifests import card_words, manifest, packaging, statistics
from strongroom.adapters.sql.tables.pipelines import pipeline_step, step_attempt
from strongroom.adapters.sql.tables.record_sets import eval_record, record_set, record_set_experiment
from strongroom.adapters.sql.tables.refs import asset_ref, publication_due, publication_rule, version_origin
from strongroom.adapters.sql.tables.registry import (
    alias,
    asset,
    asset_name,
    draft,
    name_dict,
    namespace,
    object_property,
    revision,
    revision_parent,
    stage,
    tag,
    version,
    workspace,
)
from strongroom.adapters.sql.tables.search import document
from strongroom.adapters.sql.tables.traces import assessment, span, trace, trace_link
from strongroom.adapters.sql.tables.tracking import (
    block,
    experiment,
    line_block,
    run,
    run_chain,
    run_param,
    run_series,
    run_stream,
    run_value,
)
from strongroom.adapters.sql.tables.xet import xet_file, xet_file_xorb, xorb, xorb_answer, xorb_ledger

__all__ = [
    "access_mark",
    "access_request",
    "alias",
    "annotation",
    "assessment",
    "asset",
    "asset_blob",
    "asset_card",
    "asset_name",
    "asset_ref",
    "audit",
    "audit_checkpoint",
    "audit_leaf",
    "audit_log",
    "audit_pending",
    "audit_tile",
    "automation",
    "automation_run",
    "blob",
    "blob_digest",
    "blob_leaving",
    "blob_ledger",
    "block",
    "card_words",
    "comment",
    "comment_mention",
    "comment_text",
    "consumption",
    "delivery",
    "discussion",
    "document",
    "draft",
    "edge",
    "edge_removed",
    "eval_record",
    "experiment",
    "feed_cursor",
    "file_upload",
    "flag",
    "folder",
    "folder_entry",
    "grant",
    "handle",
    "idempotency",
    "inbox_item",
    "inbox_setting",
    "line_block",
    "logged_model",
    "logged_model_param",
    "logged_model_point",
    "logged_model_value",
    "manifest",
    "metadata",
    "name_dict",
    "namespace",
    "node",
    "object_property",
    "outbox",
    "packaging",
    "pipeline_step",
    "possession_review",
    "principal",
    "publication_due",
    "publication_rule",
    "read_window",
    "record_set",
    "record_set_experiment",
    "revision",
    "revision_parent",
    "run",
    "run_chain",
    "run_param",
    "run_series",
    "run_stream",
    "run_value",
    "setting",
    "span",
    "stage",
    "statistics",
    "step_attempt",
    "tag",
    "team",
    "team_member",
    "token",
    "trace",
    "trace_link",
    "tree",
    "tree_page",
    "upload",
    "upload_part",
    "version",
    "version_origin",
    "watch",
    "webhook",
    "workspace",
    "xet_file",
    "xet_file_xorb",
    "xorb",
    "xorb_answer",
    "xorb_ledger",
]

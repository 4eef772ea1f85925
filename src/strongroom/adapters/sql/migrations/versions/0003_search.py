"""Indexes for search: texts of tags, properties and params by their heads, aliases and assets by name, runs by start.

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

PRESENT: dict[str, Any] = {"sqlite_where": sa.text("valid_to IS NULL"), "postgresql_where": sa.text("valid_to IS NULL")}


def upgrade() -> None:
    head = "substr({}, 1, 100)".format
    op.create_index(
        "ix_tag_value", "tag", ["workspace_id", "owner_kind", "key_id", sa.text(head("value")), "owner_id"], **PRESENT
    )
    op.create_index("ix_tag_history", "tag", ["owner_kind", "owner_id", "key_id", "valid_from"])
    op.create_index(
        "ix_object_property_text", "object_property", ["owner_kind", "key_id", sa.text(head("text")), "owner_id"]
    )
    op.create_index("ix_run_param_text", "run_param", ["experiment_id", "key_id", sa.text(head("text")), "run_id"])
    op.create_index("ix_alias_name", "alias", ["name", "version_id"], **PRESENT)
    op.create_index("ix_asset_workspace_name", "asset", ["workspace_id", "name"])
    op.create_index("ix_run_workspace_started", "run", ["workspace_id", "started_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_run_workspace_started", "run")
    op.drop_index("ix_asset_workspace_name", "asset")
    op.drop_index("ix_alias_name", "alias")
    op.drop_index("ix_run_param_text", "run_param")
    op.drop_index("ix_object_property_text", "object_property")
    op.drop_index("ix_tag_history", "tag")
    op.drop_index("ix_tag_value", "tag")

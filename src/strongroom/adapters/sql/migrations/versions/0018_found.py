"""Indexes for search: data sets, measurements by data set, what held in past times, versions by stage.

Revision ID: 0018
Revises: 0017
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

PRESENT: dict[str, Any] = {"sqlite_where": sa.text("valid_to IS NULL"), "postgresql_where": sa.text("valid_to IS NULL")}
PAST: dict[str, Any] = {
    "sqlite_where": sa.text("valid_to IS NOT NULL"),
    "postgresql_where": sa.text("valid_to IS NOT NULL"),
}


def upgrade() -> None:
    op.create_index("ix_node_name", "node", ["workspace_id", "name", "id"])
    op.create_index("ix_node_digest", "node", ["workspace_id", "digest", "id"])
    op.create_index("ix_alias_name_past", "alias", ["name", "valid_to", "version_id"], **PAST)
    op.create_index("ix_stage_name", "stage", ["name", "version_id"], **PRESENT)
    op.create_index("ix_stage_name_past", "stage", ["name", "valid_to", "version_id"], **PAST)
    columns: list[Any] = ["experiment_id", "key_id", "dataset_id", "last", "model_id"]
    op.create_index("ix_logged_model_value_dataset", "logged_model_value", columns)
    head = sa.text("substr(value, 1, 100)")
    columns = ["workspace_id", "owner_kind", "key_id", head, "valid_to", "owner_id"]
    op.create_index("ix_tag_value_past", "tag", columns, **PAST)


def downgrade() -> None:
    op.drop_index("ix_tag_value_past", "tag")
    op.drop_index("ix_logged_model_value_dataset", "logged_model_value")
    op.drop_index("ix_stage_name_past", "stage")
    op.drop_index("ix_stage_name", "stage")
    op.drop_index("ix_alias_name_past", "alias")
    op.drop_index("ix_node_digest", "node")
    op.drop_index("ix_node_name", "node")

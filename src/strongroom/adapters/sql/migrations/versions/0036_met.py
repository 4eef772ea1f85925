"""Indexes of searches: what assessments say, models measured on a data set, versions by their last change.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    of = ["experiment_id", "kind", "name"]
    op.create_index("ix_assessment_number", "assessment", [*of, "number", "trace_id"])
    op.create_index("ix_assessment_text", "assessment", [*of, sa.text("substr(text, 1, 100)"), "trace_id"])
    op.create_index("ix_version_updated", "version", ["workspace_id", "updated_at", "id"])
    op.create_index("ix_logged_model_value_measured", "logged_model_value", ["dataset_id", "model_id"])


def downgrade() -> None:
    op.drop_index("ix_logged_model_value_measured", "logged_model_value")
    op.drop_index("ix_version_updated", "version")
    op.drop_index("ix_assessment_text", "assessment")
    op.drop_index("ix_assessment_number", "assessment")

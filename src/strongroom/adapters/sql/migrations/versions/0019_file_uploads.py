"""Files on their way into folders in parts of any size.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "file_upload",
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("principal_id", INT64, nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("owner_kind", sa.String(16), nullable=False),
        sa.Column("owner_uid", sa.String(36), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_file_upload")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_file_upload_principal_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_file_upload_workspace_id")),
    )
    op.create_index("ix_file_upload_mine", "file_upload", ["principal_id", "state"])
    op.create_index("ix_file_upload_expires", "file_upload", ["state", "expires_at"])


def downgrade() -> None:
    op.drop_table("file_upload")

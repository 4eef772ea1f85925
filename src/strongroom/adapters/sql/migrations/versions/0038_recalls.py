"""Recalls, their reach and exemptions; flags that a recall set.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0038"
down_revision = "0037"

_UNWALKED = sa.text("walked = false")
_SET = sa.text("recall_id IS NOT NULL")
_EVENTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    _recall()
    _reach()
    _exemption()
    op.add_column("flag", sa.Column("recall_id", INT64, nullable=True))
    op.create_index("ix_flag_recall", "flag", ["recall_id"], sqlite_where=_SET, postgresql_where=_SET)
    _watch()


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _recall() -> None:
    op.create_table(
        "recall",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(255), nullable=True),
        sa.Column("downstream", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", INT64, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", INT64, nullable=True),
        sa.Column("lifted_reason", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("uid", name=op.f("uq_recall_uid")),
        _fk("recall", "workspace_id", "workspace"),
        _fk("recall", "created_by", "principal"),
        _fk("recall", "lifted_by", "principal"),
    )
    op.create_index("ix_recall_workspace", "recall", ["workspace_id", "id"])


def _reach() -> None:
    op.create_table(
        "recall_reach",
        sa.Column("recall_id", INT64, nullable=False, autoincrement=False),
        sa.Column("vertex_kind", sa.String(16), nullable=False),
        sa.Column("vertex_id", INT64, nullable=False, autoincrement=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("bars", sa.Integer(), nullable=False),
        sa.Column("walked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("recall_id", "vertex_kind", "vertex_id", name=op.f("pk_recall_reach")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_recall_reach_vertex", "recall_reach", ["vertex_kind", "vertex_id"])
    page = ["recall_id", "distance", "vertex_kind", "vertex_id"]
    op.create_index("ix_recall_reach_page", "recall_reach", page)
    op.create_index(
        "ix_recall_reach_unwalked", "recall_reach", ["recall_id"], sqlite_where=_UNWALKED, postgresql_where=_UNWALKED
    )
    op.create_table(
        "recall_work",
        sa.Column("recall_id", INT64, nullable=False, autoincrement=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("recall_id", name=op.f("pk_recall_work")),
    )


def _exemption() -> None:
    op.create_table(
        "recall_exemption",
        sa.Column("id", INT64, nullable=False, autoincrement=True),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("workspace_id", INT64, nullable=False),
        sa.Column("recall_id", INT64, nullable=False),
        sa.Column("for_kind", sa.String(16), nullable=False),
        sa.Column("for_uid", sa.String(36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", INT64, nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("given_by", INT64, nullable=True),
        sa.Column("given_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", INT64, nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_exemption")),
        sa.UniqueConstraint("uid", name=op.f("uq_recall_exemption_uid")),
        _fk("recall_exemption", "workspace_id", "workspace"),
        _fk("recall_exemption", "recall_id", "recall"),
        _fk("recall_exemption", "asked_by", "principal"),
        _fk("recall_exemption", "given_by", "principal"),
        _fk("recall_exemption", "ended_by", "principal"),
    )
    op.create_index("ix_recall_exemption_recall", "recall_exemption", ["recall_id", "id"])


def _watch() -> None:
    """What stands is remembered under the mark of decision 25, so a change of it replaces the mark."""
    if op.get_bind().dialect.name == "sqlite":
        for event in _EVENTS:
            op.execute(
                f"CREATE TRIGGER access_mark_recall_{event} AFTER {event} ON recall BEGIN "  # noqa: S608 - names of ours
                "UPDATE access_mark SET mark = lower(hex(randomblob(16))) WHERE id = 1; END"
            )
    else:
        op.execute(
            "CREATE CONSTRAINT TRIGGER access_mark_recall AFTER INSERT OR UPDATE OR DELETE ON recall "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_mark_replace()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in _EVENTS:
            op.execute(f"DROP TRIGGER access_mark_recall_{event}")
    else:
        op.execute("DROP TRIGGER access_mark_recall ON recall")
    op.drop_index("ix_flag_recall", "flag")
    op.drop_column("flag", "recall_id")
    op.drop_table("recall_exemption")
    op.drop_table("recall_work")
    op.drop_table("recall_reach")
    op.drop_table("recall")

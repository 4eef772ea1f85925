"""Series: blocks of many batches, series of other kinds than numbers, streams of lines.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

DUE = sa.text("loose >= 32")


def upgrade() -> None:
    op.add_column("block", sa.Column("batches", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("block", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run_chain", sa.Column("loose", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_run_chain_loose", "run_chain", ["loose"], sqlite_where=DUE, postgresql_where=DUE)
    _run_series()
    _streams()
    if op.get_bind().dialect.name == "postgresql":  # packed already: trying again costs time and saves nothing
        op.execute("ALTER TABLE block ALTER COLUMN body SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE line_block ALTER COLUMN body SET STORAGE EXTERNAL")


def _run_series() -> None:
    op.create_table(
        "run_series",
        _int64("run_id"),
        _int64("key_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id", name="pk_run_series"),
        sqlite_with_rowid=False,
    )


def _streams() -> None:
    op.create_table(
        "run_stream",
        _int64("run_id"),
        _int64("stream_id"),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stream_id", name="pk_run_stream"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "line_block",
        *map(_int64, ("run_id", "stream_id", "first", "position")),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stream_id", "first", "position", name="pk_line_block"),
    )
    op.create_index("ix_line_block_last", "line_block", ["run_id", "stream_id", "last", "first"])


def _int64(name: str) -> sa.Column[int]:
    type_: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, type_, autoincrement=False, nullable=False)


def downgrade() -> None:
    """Only while nothing was merged: the release before cannot read blocks of many batches.

    :raises RuntimeError: blocks in the new form are there.
    """
    newer = op.get_bind().execute(sa.text("SELECT count(*) FROM block WHERE size > 0")).scalar()
    if newer:
        raise RuntimeError(f"{newer} blocks of points are in a form that the release before cannot read")
    op.drop_table("line_block")
    op.drop_table("run_stream")
    op.drop_table("run_series")
    op.drop_index("ix_run_chain_loose", "run_chain")
    op.drop_column("run_chain", "loose")
    op.drop_column("block", "size")
    op.drop_column("block", "batches")

"""What search sees of evaluations tells data sets of ours from names that somebody claims.

The table is made of others, so it is made anew. A data set of ours is called what the registry calls it. What a purge
left no version of says nothing any more.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

from strongroom.adapters.sql.migrations.schema_0001.types import INT64

revision = "0039"
down_revision = "0038"

_OF_DIGEST = "h.version_id, m.key_id, e.dataset_digest"
_ASSET = "COALESCE(v.asset_id, 0)"
_NAME = "CASE WHEN v.id IS NULL THEN e.dataset_name ELSE '' END"
_FIRST = "ORDER BY COALESCE(e.root_id, e.id) DESC"
_STANDING = """
    FROM evaluation_holder h JOIN evaluation e ON e.id = h.evaluation_id
    JOIN evaluation_metric m ON m.evaluation_id = e.id LEFT JOIN version v ON v.id = e.dataset_version_id
    WHERE e.superseded_by_id IS NULL AND e.retracted_at IS NULL AND e.dataset_digest <> ''
"""
_GONE = "NOT EXISTS (SELECT 1 FROM evaluation_holder h WHERE h.evaluation_id = {})"
_BLANK = '{"code":{},"judge":null,"measures":[],"note":"","properties":{},"rows":null,"slices":[]}'


def upgrade() -> None:
    _forget()
    op.drop_table("evaluation_value")
    _create(
        sa.Column("dataset_asset_id", INT64, autoincrement=False, nullable=False),
        sa.Column("dataset_name", sa.String(255), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        keys=("dataset_asset_id", "dataset_name"),
    )
    columns = "version_id, key_id, dataset_digest, dataset_asset_id, dataset_name, value, evaluation_id, rank, newest"
    op.execute(f"""
        INSERT INTO evaluation_value ({columns}) SELECT {columns} FROM (
            SELECT {_OF_DIGEST}, {_ASSET} AS dataset_asset_id, {_NAME} AS dataset_name, m.value, e.id AS evaluation_id,
                COALESCE(e.root_id, e.id) AS rank, ROW_NUMBER() OVER (PARTITION BY {_OF_DIGEST} {_FIRST}) = 1 AS newest,
                ROW_NUMBER() OVER (PARTITION BY {_OF_DIGEST}, {_ASSET}, {_NAME} {_FIRST}) AS place {_STANDING}
        ) AS known WHERE place = 1
    """)  # noqa: S608 - words of ours


def downgrade() -> None:
    op.drop_table("evaluation_value")
    _create(sa.Column("dataset_name", sa.String(255), nullable=False))
    columns = "version_id, key_id, dataset_digest, dataset_name, value, evaluation_id, rank"
    op.execute(f"""
        INSERT INTO evaluation_value ({columns}) SELECT {columns} FROM (
            SELECT {_OF_DIGEST}, e.dataset_name, m.value, e.id AS evaluation_id, COALESCE(e.root_id, e.id) AS rank,
                ROW_NUMBER() OVER (PARTITION BY {_OF_DIGEST} {_FIRST}) AS place {_STANDING}
        ) AS known WHERE place = 1
    """)  # noqa: S608 - words of ours


def _forget() -> None:
    """What a purge leaves no version for."""
    op.execute(f"DELETE FROM evaluation_metric WHERE {_GONE.format('evaluation_metric.evaluation_id')}")  # noqa: S608 - words of ours
    either = f"{_GONE.format('comparison.champion_id')} OR {_GONE.format('comparison.challenger_id')}"
    op.execute(f"DELETE FROM comparison WHERE {either}")  # noqa: S608 - words of ours
    op.execute(
        "DELETE FROM edge WHERE type = 'evaluation' AND target_kind = 'version' AND NOT EXISTS ("
        "SELECT 1 FROM evaluation e JOIN evaluation_holder h ON h.evaluation_id = e.id "
        "WHERE e.version_id = edge.target_id AND e.dataset_version_id = edge.source_id) AND EXISTS ("
        "SELECT 1 FROM evaluation e WHERE e.version_id = edge.target_id AND e.dataset_version_id = edge.source_id)"
    )
    blank = sa.text(
        "UPDATE evaluation SET body = :body, name = '', dataset_name = '', reason = '', retracted_reason = '', "  # noqa: S608 - words of ours
        f"rows_blob_id = NULL WHERE {_GONE.format('evaluation.id')}"
    )
    op.get_bind().execute(blank, {"body": _BLANK})


def _create(*more: "sa.Column[object]", keys: tuple[str, ...] = ()) -> None:
    op.create_table(
        "evaluation_value",
        sa.Column("version_id", INT64, autoincrement=False, nullable=False),
        sa.Column("key_id", INT64, autoincrement=False, nullable=False),
        sa.Column("dataset_digest", sa.String(200), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("evaluation_id", INT64, nullable=False),
        sa.Column("rank", INT64, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("version_id", "key_id", "dataset_digest", *keys, name=op.f("pk_evaluation_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evaluation_value_search", "evaluation_value", ["key_id", "value", "version_id"])

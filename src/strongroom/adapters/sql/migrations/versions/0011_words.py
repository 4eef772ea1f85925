"""The words of names, descriptions and cards, for full text search; those of what is there already are taken down.

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from strongroom.domain.search.words import words

revision = "0011"
down_revision = "0010"

BATCH = 1_000
TEXTS = {
    "asset": ("name", "display_name", "description", "card"),
    "version": ("label", "description"),
    "experiment": ("name", "description"),
    "run": ("name", "note"),
}
INDEX = """
CREATE VIRTUAL TABLE document_index USING fts5(
    words, content='document', content_rowid='id', tokenize='ascii', detail='none', columnsize=0, prefix='2 3'
)
"""


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    document = op.create_table(
        "document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    )
    for place, (kind, names) in enumerate(TEXTS.items()):
        last = 0
        while rows := _after(connection, kind, names, last):
            last = rows[-1][0]
            known = [
                (row[0] * 8 + place, [f"\ue000{kind}{row[1]}", *found])
                for row in rows
                if (found := words(text for text in row[2:] if text))
            ]
            if not known:
                continue
            if sqlite:
                connection.execute(sa.insert(document), [{"id": id_, "words": " ".join(found)} for id_, found in known])
                continue
            add = sa.text("INSERT INTO document (id, words) VALUES (:id, array_to_tsvector(:words))")
            add = add.bindparams(sa.bindparam("words", type_=ARRAY(sa.Text())))
            connection.execute(add, [{"id": id_, "words": found} for id_, found in known])
    if sqlite:
        op.execute(INDEX)
        op.execute("INSERT INTO document_index (document_index) VALUES ('rebuild')")
    else:
        op.create_index(
            "ix_document_words", "document", ["words"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        )


def _after(connection: sa.Connection, kind: str, names: tuple[str, ...], last: int) -> Sequence[Sequence[Any]]:
    table = sa.table(kind, *(sa.column(name) for name in ("id", "workspace_id", *names)))
    query = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
    return connection.execute(query).all()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE document_index")
    op.drop_table("document")

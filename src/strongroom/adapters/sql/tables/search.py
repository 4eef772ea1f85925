"""The words that full text search knows of each asset, version, experiment and run."""

from sqlalchemy import DDL, BigInteger, Column, Index, Table, Text, column, event, table
from sqlalchemy.dialects.postgresql import TSVECTOR

from strongroom.adapters.sql.tables.base import Int64, metadata

EACH = 8
PLACES = {"asset": 0, "version": 1, "experiment": 2, "run": 3}

#: `id` is the id of what it is about, times `EACH`, plus `PLACES` of its kind. `words` are lexemes on PostgreSQL; on
#: SQLite they stand in a text, which `document_index` (FTS5) indexes.
document = Table(
    "document",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    # no list of what is still to be sorted in: every search would read it
    Index("ix_document_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}).ddl_if(
        dialect="postgresql"
    ),
)

#: Not among the tables: SQLite alone has it.
document_index = table("document_index", column("rowid", BigInteger()), column("words", Text()))

#: Words come folded and apart; `ascii` splits at what is none of ours and takes every other character as it is.
INDEX = """
CREATE VIRTUAL TABLE document_index USING fts5(
    words, content='document', content_rowid='id', tokenize='ascii', detail='none', columnsize=0, prefix='2 3'
)
"""
event.listen(document, "after_create", DDL(INDEX).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]

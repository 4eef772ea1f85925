"""Full text in SQL: FTS5 on SQLite, tsvector on PostgreSQL, over the same words."""

from typing import Any

from sqlalchemy import Select, cast, exists, literal, literal_column, select
from sqlalchemy.dialects.postgresql import TSQUERY

from strongroom.adapters.sql.repositories.documents import place
from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.adapters.sql.tables import document
from strongroom.adapters.sql.tables.search import EACH, PLACES, document_index


def found(scope: Scope, asked: str) -> Select[Any]:
    """The ids of the rows that have all words."""
    return select((_id(scope) // EACH).label("id")).where(_fits(scope, asked))


def contains(scope: Scope, asked: str) -> Sql:
    """Whether a row has all words; never unknown."""
    if scope.sqlite:  # found once: FTS5 would put the words together again for each row
        return scope.id.in_(found(scope, asked))
    mine = document.c.id == scope.id * EACH + PLACES[scope.entity]
    leading = [] if scope.leader is None else [scope.leader.table]
    query = select(literal(1)).select_from(document).where(mine, _fits(scope, asked))
    return exists(query.correlate(TABLES[scope.entity], *leading))


def _id(scope: Scope) -> Sql:
    return document_index.c.rowid if scope.sqlite else document.c.id


def _fits(scope: Scope, asked: str) -> Sql:
    every = [place(scope.entity, scope.workspace_id), *asked.split()]
    if scope.sqlite:
        query = " ".join(f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"' for word in every)
        return literal_column("document_index").bool_op("MATCH")(literal(query))
    query = " & ".join(f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'" for word in every)
    return document.c.words.bool_op("@@")(cast(literal(query), TSQUERY()))

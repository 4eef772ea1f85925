"""Regular expressions: checked, row by row, on what the rest of the filter leaves, and on a bounded number of rows.

The database is asked a weaker filter that every fitting row passes. Of the rows that it gives, in order, it then says
the truth of everything else in the parts that have an expression, and the texts that the expressions are for.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import re2  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Connection, Row, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from strongroom.adapters.sql.search import of_traces
from strongroom.adapters.sql.search.conditions import condition, holds
from strongroom.adapters.sql.search.deadline import Deadline
from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.adapters.sql.search.values import value
from strongroom.application.paging import Key
from strongroom.application.ports.search import Query
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import (
    SAID,
    And,
    Expr,
    Field,
    Group,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    Some,
    atoms,
)
from strongroom.domain.search.evaluate import every
from strongroom.domain.search.schema import MATCHED_LONGEST, Type

READ_MOST = 10_000
"""Rows that the expressions of one page are checked on."""
CHUNK = 1_000
SEVERAL_MOST = 20_000
"""Spans, or assessments, of a chunk of traces that the expressions are checked on."""
ANY = Not(IsNull(Field(Group.ATTRIBUTE, "uid")))
"""What every row fits."""
MEMORY = 1 << 20
"""Bytes that a compiled expression may take."""

Rows = Sequence[Row[Any]]


def has_expression(expr: Expr | None) -> bool:
    """Whether a filter, or a part of one, has a regular expression."""
    return expr is not None and any(isinstance(atom, Matches) for atom in atoms(expr))


def compiled(pattern: str) -> Callable[[str], object]:
    """What finds an expression in a text. :raises Invalid: it is none of RE2."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        found: Callable[[str], object] = re2.compile(pattern, options).search
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise Invalid(f"{pattern[:100]!r} is no RE2 expression: {said}.") from error
    return found


def weaker(expr: Expr) -> Expr:
    """A filter without expressions that is true wherever this one is."""
    if not has_expression(expr):
        return expr
    match expr:
        case Not(term):
            return _weaker_not(term)
        case Matches(field):
            return Not(IsNull(field))
        case And(terms):
            return And(tuple(weaker(term) for term in terms))
        case Or(terms):
            return Or(tuple(weaker(term) for term in terms))
        case Some(terms):
            return Some(tuple(Like(term.field, "%") if isinstance(term, Matches) else term for term in terms))
        case _:
            return expr


def _weaker_not(expr: Expr) -> Expr:
    """The same for what must not hold; of several spans, or things said, nothing follows from that."""
    match expr:
        case Matches(field) if field.group not in SAID:
            return Not(IsNull(field))
        case And(terms):
            return Or(tuple(weaker(Not(term)) for term in terms))
        case Or(terms):
            return And(tuple(weaker(Not(term)) for term in terms))
        case Not(term):
            return weaker(term)
        case _:
            return ANY


def checked(
    connection: Connection,
    scope: Scope,
    deadline: Deadline,
    query: Query,
    place: Key | None,
    limit: int,
    rows: Callable[[Query, Key | None, int], Rows],
) -> list[Row[Any]]:
    """The rows of a page of a filter with expressions. `rows` answers filters without.

    :raises Invalid: more rows than `READ_MOST` would have to be read, or it takes too long; or an expression is none.
    """
    where = query.where
    assert where is not None  # noqa: S101 - it has an expression
    check = _Check(scope, And(tuple(part for part in _parts(where) if has_expression(part))))
    weak = replace(query, where=weaker(where))
    found: list[Row[Any]] = []
    for read in range(0, READ_MOST, CHUNK):
        deadline.check()  # expressions take time too, of which no database knows
        chunk = rows(weak, place, min(CHUNK, READ_MOST - read))
        fitting = check.fitting(connection, [row[0] for row in chunk])
        found += [row for row in chunk if row[0] in fitting]
        if len(found) >= limit or len(chunk) < min(CHUNK, READ_MOST - read):
            return found[:limit]
        place = (*chunk[-1][1:], chunk[-1][0])
    raise Invalid(
        f"A regular expression is checked on at most {READ_MOST:,} rows for a page; narrow the rest of the filter.",
        limit=READ_MOST,
    )


def _parts(where: Expr) -> tuple[Expr, ...]:
    return where.terms if isinstance(where, And) else (where,)


class _Check:
    """A filter over what the database says of each row: a column for each expression, and for each part without one."""

    def __init__(self, scope: Scope, expr: Expr) -> None:
        self._scope, self._expr = scope, expr
        self._leaves = list(dict.fromkeys(_leaves(expr)))
        self._place = {leaf: n for n, leaf in enumerate(self._leaves, start=1)}
        self._search = {atom.pattern: compiled(atom.pattern) for atom in atoms(expr) if isinstance(atom, Matches)}

    def fitting(self, connection: Connection, ids: Sequence[int]) -> set[int]:
        """Those that fit."""
        if not ids:
            return set()
        several = {leaf: self._having(connection, leaf, ids) for leaf in self._leaves if _has_several(leaf)}
        columns = [self._column(leaf) for leaf in self._leaves]
        statement = select(self._scope.id, *columns).where(is_one_of(self._scope, ids))
        statement = statement.select_from(TABLES[self._scope.entity])
        return {row[0] for row in connection.execute(statement) if self._truth(self._expr, row, several) is True}

    def _having(self, connection: Connection, leaf: Expr, ids: Sequence[int]) -> set[int]:
        """Those of the traces of which some span, or what is said, fits. :raises Invalid: they have too many."""
        terms = [atom for atom in atoms(leaf) if isinstance(atom, Matches)]
        rest = [atom for atom in atoms(leaf) if not isinstance(atom, Matches)]
        texts = of_traces.texts(self._scope, terms, rest, holds, MATCHED_LONGEST)
        rows = connection.execute(texts.where(is_one_of(self._scope, ids)).limit(SEVERAL_MOST + 1)).all()
        if len(rows) > SEVERAL_MOST:
            raise Invalid(
                f"A regular expression is checked on at most {SEVERAL_MOST:,} spans or assessments at a time; "
                "narrow the rest of the filter.",
                limit=SEVERAL_MOST,
            )
        return {
            row[0] for row in rows if all(self._matches(term, said) for term, said in zip(terms, row[1:], strict=True))
        }

    def _matches(self, term: Matches, said: str | None) -> bool:
        return said is not None and self._search[term.pattern](said) is not None

    def _column(self, leaf: Expr) -> Sql:
        if _has_several(leaf):
            return literal(1)
        if isinstance(leaf, Matches):
            return func.substr(value(self._scope, leaf.field, Type.TEXT), 1, MATCHED_LONGEST)
        return condition(self._scope, leaf)

    def _truth(self, expr: Expr, row: Sequence[Any], several: Mapping[Expr, set[int]]) -> bool | None:
        if expr in several:
            return row[0] in several[expr]
        if expr in self._place:
            said = row[self._place[expr]]
            if isinstance(expr, Matches):
                return None if said is None else self._matches(expr, said)
            return None if said is None else bool(said)
        match expr:
            case And(terms):
                return every(self._truth(term, row, several) for term in terms)
            case Or(terms):
                return _not(every(_not(self._truth(term, row, several)) for term in terms))
            case Not(term):
                return _not(self._truth(term, row, several))
        raise AssertionError("every leaf has a column")


def _leaves(expr: Expr) -> Iterator[Expr]:
    """The expressions, and the greatest parts that have none."""
    if isinstance(expr, Matches | Some) or not has_expression(expr):
        yield expr
        return
    match expr:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _leaves(term)
        case Not(term):
            yield from _leaves(term)


def _has_several(leaf: Expr) -> bool:
    """Whether an expression is for what a trace has several of."""
    return has_expression(leaf) and (isinstance(leaf, Some) or (isinstance(leaf, Matches) and leaf.field.group in SAID))


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - a truth value
    return None if value is None else not value


def is_one_of(scope: Scope, ids: Sequence[int]) -> Sql:
    """One variable however many ids, so that the statement stays the same."""
    if scope.sqlite:
        return scope.id.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
    return scope.id == any_(literal(list(ids), ARRAY(BigInteger())))

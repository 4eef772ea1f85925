"""The order of a search and what comes after a place in it: NULLs last, ties by id, the same by every way."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, false, or_, select, tuple_, union_all

from strongroom.adapters.sql.search.conditions import bound, by_code_point
from strongroom.adapters.sql.search.values import Scope, Sql, sort_values
from strongroom.application.paging import Key
from strongroom.domain.errors import BadPageToken
from strongroom.domain.search.ast import OrderTerm


@dataclass(frozen=True, slots=True)
class SortKey:
    """One expression that rows are ordered by."""

    expression: Sql
    descending: bool
    nullable: bool
    text: bool = False

    def clauses(self) -> list[Sql]:
        """For ORDER BY."""
        direction = self.expression.desc() if self.descending else self.expression.asc()
        return [self.expression.is_(None), direction] if self.nullable else [direction]

    def beyond(self, found: float | str | None) -> Sql:
        """Strictly after a value."""
        if found is None:
            return false()
        later = self.expression < bound(found) if self.descending else self.expression > bound(found)
        return or_(later, self.expression.is_(None)) if self.nullable else later

    def same(self, found: float | str | None) -> Sql:
        """At a value."""
        return self.expression.is_(None) if found is None else self.expression == bound(found)


def sort_keys(scope: Scope, terms: tuple[OrderTerm, ...]) -> list[SortKey]:
    """The keys of an order, without the id that ends it."""
    keys = []
    for term in terms:
        for expression, nullable in sort_values(scope, term.field):
            text = getattr(expression, "name", "") == "substr"
            led = by_code_point(scope, expression) if text else expression
            keys.append(SortKey(led, term.descending, nullable, text))
    return keys


def with_id(keys: list[SortKey], id_: Sql, *, descending: bool) -> list[SortKey]:
    """The keys with the id, which ends every tie."""
    return [*keys, SortKey(id_, descending, nullable=False)]


def selected(keys: list[SortKey], where: list[Sql], limit: int) -> Select[Any]:
    """Id and keys of rows, the id first; `keys` ends with the id."""
    *sorts, id_ = keys
    columns = [id_.expression.label("id"), *(key.expression.label(f"k{n}") for n, key in enumerate(sorts))]
    clauses = [clause for key in keys for clause in key.clauses()]
    return select(*columns).where(*where).order_by(*clauses).limit(limit)


def merged(scope: Scope, terms: tuple[OrderTerm, ...], parts: list[Select[Any]], limit: int) -> Select[Any]:
    """The first rows of several pages in one order."""
    if len(parts) == 1:
        return parts[0]
    rows = union_all(*(select(part.subquery()) for part in parts)).subquery()
    keys = []
    for n, key in enumerate(sort_keys(scope, terms)):
        column: Sql = rows.c[f"k{n}"]
        keys.append(replace(key, expression=by_code_point(scope, column) if key.text else column))
    return selected(with_id(keys, rows.c.id, descending=terms[0].descending), [], limit)


def after(keys: list[SortKey], place: Key) -> Sql:
    """Rows strictly after a place.

    :raises BadPageToken: the place is of another order.
    """
    if len(keys) != len(place):
        raise BadPageToken("The page token was not issued for this listing; start again without it.")
    if not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        here, there = tuple_(*(key.expression for key in keys)), tuple_(*(bound(found) for found in place))  # type: ignore[arg-type]
        return here < there if keys[0].descending else here > there
    ways = []
    for index, key in enumerate(keys):
        same = [earlier.same(found) for earlier, found in zip(keys[:index], place[:index], strict=True)]
        ways.append(and_(*same, key.beyond(place[index])))
    return or_(*ways)

"""The order of a search and what comes after a place in it: NULLs last, ties by id, the same by every way."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, false, or_, select, tuple_, union_all

from strongroom.adapters.sql.search.conditions import bound, by_code_point
from strongroom.adapters.sql.search.scope import Scope, Sql
from strongroom.adapters.sql.search.values import sort_values
from strongroom.application.paging import Key
from strongroom.domain.errors import BadPageToken
from strongroom.domain.search.ast import OrderTerm


@dataclass(frozen=True, slots=True)
class SortKey:
    """One expression that rows are ordered by; a constant keeps its place in the key and orders nothing."""

    expression: Sql
    descending: bool
    nullable: bool
    text: bool = False
    constant: bool = False

    def clauses(self) -> list[Sql]:
        """For ORDER BY."""
        if self.constant:
            return []
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


def with_id(keys: list[SortKey], id_: Sql) -> list[SortKey]:
    """The keys with the id, which ends every tie in the direction of the first; alone the latest comes first."""
    return [*keys, SortKey(id_, keys[0].descending if keys else True, nullable=False)]


def selected(keys: list[SortKey], where: list[Sql], limit: int) -> Select[Any]:
    """Id and keys of rows, the id first; `keys` ends with the id."""
    *sorts, id_ = keys
    columns = [id_.expression.label("id"), *(key.expression.label(f"k{n}") for n, key in enumerate(sorts))]
    clauses = [clause for key in keys for clause in key.clauses()]
    return select(*columns).where(*where).order_by(*clauses).limit(limit)


def merged(scope: Scope, keys: list[SortKey], parts: list[Select[Any]], limit: int) -> Any:  # noqa: ANN401 - a Select, or several as one
    """The first rows of several pages in one order, taken from each only as far as they are needed.

    :param keys: those of each part; `parts` are `selected` by keys like them.
    """
    if len(parts) == 1:
        return parts[0]
    if scope.sqlite and not any(key.nullable or key.text for key in keys):
        # SQLite merges what an index orders, but no queries that have an order or limit of their own
        rows: Any = union_all(*(part.order_by(None).limit(None) for part in parts))
    else:
        rows = union_all(*(select(part.subquery()) for part in parts)).subquery().select()
    *sorts, id_ = keys
    columns = [rows.selected_columns[f"k{n}"] for n in range(len(sorts))]
    led = [by_code_point(scope, column) if key.text else column for key, column in zip(sorts, columns, strict=True)]
    over = [replace(key, expression=column) for key, column in zip(sorts, led, strict=True)]
    over.append(replace(id_, expression=rows.selected_columns["id"]))
    return rows.order_by(*(clause for key in over for clause in key.clauses())).limit(limit)


def bound_at(key: SortKey, place: Key) -> list[Sql]:
    """Where an index of the first key goes on, apart from what decides between equal values."""
    if key.nullable or key.constant:
        return []
    return [~replace(key, descending=not key.descending).beyond(place[0])]


def after(keys: list[SortKey], place: Key) -> Sql:
    """Rows strictly after a place.

    :raises BadPageToken: the place is of another order.
    """
    if len(keys) != len(place):
        raise BadPageToken("The page token was not issued for this listing; start again without it.")
    places = [found for key, found in zip(keys, place, strict=True) if not key.constant]
    keys = [key for key in keys if not key.constant]
    if not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        here, there = tuple_(*(key.expression for key in keys)), tuple_(*(bound(found) for found in places))  # type: ignore[arg-type]
        return here < there if keys[0].descending else here > there
    ways = []
    for index, key in enumerate(keys):
        same = [earlier.same(found) for earlier, found in zip(keys[:index], places[:index], strict=True)]
        ways.append(and_(*same, key.beyond(places[index])))
    return or_(*ways)

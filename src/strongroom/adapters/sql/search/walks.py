"""Walks along an index of values: the runs of an experiment by a metric or param, assets and versions by a property."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from sqlalchemy import Select

from strongroom.adapters.sql.search.conditions import condition, holds
from strongroom.adapters.sql.search.order import SortKey, after, selected, sort_keys, with_id
from strongroom.adapters.sql.search.values import TABLES, Scope, Sql
from strongroom.adapters.sql.tables import object_property, run_param, run_value
from strongroom.application.paging import Key
from strongroom.application.ports.search import Query
from strongroom.domain.search.ast import And, Between, Compare, Expr, Field, Group, IsNull, Not, Op, Or, Part, values_of
from strongroom.domain.search.schema import Type, kind_of


@dataclass(frozen=True, slots=True)
class Driver:
    """A table of values whose index leads: the value, whose it is, and which rows of it are meant."""

    table: Any
    value: Sql
    owner: Sql
    where: Sequence[Sql]


def has_index(first: Field, experiments: tuple[int, ...] | None) -> bool:
    """Whether an index gives rows in the order of a field."""
    if first.group is Group.METRIC and first.part is not Part.LAST:
        return False
    return first.group is Group.PROPERTY or (first.group in {Group.PARAM, Group.METRIC} and experiments is not None)


def drivers(scope: Scope, first: Field, experiments: tuple[int, ...] | None) -> list[Driver]:
    """The indexes to walk along, of runs one an experiment."""
    if first.group is Group.PROPERTY:
        table = object_property.alias("driver")
        mine = (table.c.owner_kind == scope.entity.value, table.c.key_id == scope.key(first))
        return [Driver(table, table.c.number, table.c.owner_id, mine)]
    of = run_value if first.group is Group.METRIC else run_param
    found = []
    for one in experiments or ():
        table = of.alias("driver")
        number = table.c.last if first.group is Group.METRIC else table.c.number
        mine = (table.c.experiment_id == one, table.c.key_id == scope.key(first))
        found.append(Driver(table, number, table.c.run_id, mine))
    return found


def along(scope: Scope, query: Query, driver: Driver, within: list[Sql], place: Key | None, limit: int) -> Select[Any]:
    """A page of the rows that have the value, in its order."""
    first = query.order[0].field
    led = replace(scope, driven={(first, Type.INTEGER): driver.value})
    number, *others = sort_keys(led, query.order)
    keys = with_id([replace(number, nullable=False), *others], driver.owner, descending=query.order[0].descending)
    where = [*driver.where, driver.value.is_not(None), *within]
    if query.where is not None:
        where += [condition(led, term) for term in _terms(query.where)]
        # true of every row that the filter lets through, and what the index can start from
        where += [holds(led, driver.value, term) for term in _terms(query.where) if _bounds(term, first)]
    if place is not None:
        where += [_bound(keys[0], place), after(keys, place)]
    table = TABLES[scope.entity]
    return selected(keys, where, limit).select_from(driver.table.join(table, table.c.id == driver.owner))


def _bound(key: SortKey, place: Key) -> Sql:
    """What the index starts from, apart from what decides between equal values."""
    return ~replace(key, descending=not key.descending).beyond(place[0])


def _terms(where: Expr) -> tuple[Expr, ...]:
    return where.terms if isinstance(where, And) else (where,)


def _bounds(term: Expr, first: Field) -> TypeGuard[Compare | Between]:
    fits = term.op is not Op.NE if isinstance(term, Compare) else isinstance(term, Between)
    return fits and not isinstance(term, And | Or | Not) and _needs(term, first)


def needs(where: Expr | None, first: Field) -> bool:
    """Whether only rows with a number of this field can fit, so that none without it need be looked for."""
    return where is not None and any(_needs(term, first) for term in _terms(where))


def _needs(term: Expr, first: Field) -> bool:
    match term:
        case Not(inner):
            if isinstance(inner, IsNull):
                return inner.field == first and first.group is Group.METRIC
            return not isinstance(inner, And | Or | Not) and _needs(inner, first)
        case And() | Or() | IsNull():
            return False
    return term.field == first and kind_of(values_of(term)[0]) is Type.INTEGER

"""Walks along an index of values: the runs of an experiment by a metric or param, assets and versions by a property."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeGuard

from sqlalchemy import Select, Text, cast, null

from strongroom.adapters.sql.search import several
from strongroom.adapters.sql.search.asked import Asked
from strongroom.adapters.sql.search.candidates import Probe
from strongroom.adapters.sql.search.conditions import condition, holds
from strongroom.adapters.sql.search.order import SortKey, after, bound_at, selected, sort_keys, with_id
from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.adapters.sql.search.values import METRICS, PARAMS
from strongroom.adapters.sql.tables import evaluation_value, object_property
from strongroom.domain.search.ast import (
    MEASURED,
    And,
    Between,
    Compare,
    Expr,
    Field,
    Group,
    IsNull,
    Not,
    Op,
    Or,
    OrderTerm,
    Part,
    Some,
    values_of,
)
from strongroom.domain.search.schema import Entity, Type, is_set, kind_of

_OWN = {
    Entity.RUN: {"started_at"},
    Entity.TRACE: {"started_at"},
    Entity.LOGGED_MODEL: {"created_at"},
    Entity.VERSION: {"created_at", "updated_at"},
}
MERGED_MOST = 100
"""Stretches of an index that are merged."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A table of values whose index leads: the value, whose it is, and which rows of it are meant."""

    table: Any
    value: Sql
    owner: Sql
    where: Sequence[Sql]


@dataclass(frozen=True, slots=True)
class Walk:
    """A page along an index, and by what it is ordered."""

    keys: list[SortKey]
    page: Select[Any]


def has_index(scope: Scope, first: Field, experiments: tuple[int, ...] | None) -> bool:
    """Whether an index gives rows in the order of a field."""
    if experiments is not None and first.on is not None and len(_places(scope, first)) * len(experiments) > MERGED_MOST:
        return False
    if first.group is Group.METRIC and first.part is not Part.LAST:
        return False
    if first.group in {Group.PROPERTY, Group.EVALUATION}:
        return True
    return first.group in {Group.PARAM, Group.METRIC} and experiments is not None


def is_own(entity: Entity, order: Sequence[OrderTerm]) -> bool:
    """Whether an index of the entity's own table has the order, within an experiment where there are such."""
    if not order:
        return True
    first = order[0].field
    return first.group is Group.ATTRIBUTE and first.name in _OWN.get(entity, ())


def drivers(scope: Scope, first: Field, experiments: tuple[int, ...] | None) -> list[Driver]:
    """The indexes to walk along, of runs one an experiment."""
    if first.group is Group.PROPERTY:
        table = object_property.alias("driver")
        mine = [table.c.owner_kind == scope.entity.value, table.c.key_id == scope.key(first)]
        return [Driver(table, table.c.number, table.c.owner_id, mine)]
    if first.group is Group.EVALUATION:
        table = evaluation_value.alias("driver")
        mine = [*several.evaluated(scope, table, first), several.is_newest(scope, table, first)]
        return [Driver(table, table.c.value, table.c.version_id, mine)]
    of, owner = (METRICS if first.group is Group.METRIC else PARAMS)[scope.entity]
    found = []
    for one, place in product(experiments or (), _places(scope, first)):
        table = of.alias("driver")
        number = table.c.last if first.group is Group.METRIC else table.c.number
        mine = [table.c.experiment_id == one, table.c.key_id == scope.key(first)]
        if is_set(scope.entity, first):
            mine += [] if place is None else [table.c.dataset_id == place]
            mine.append(several.is_latest(scope, table, first))
        found.append(Driver(table, number, table.c[owner.name], mine))
    return found


def _places(scope: Scope, first: Field) -> Sequence[int | None]:
    """The nodes of the data set that a field is narrowed to, each with a stretch of the index; None for any."""
    if first.on is None:
        return (None,)
    return scope.datasets.get(first.on) or range(MERGED_MOST + 1)


def along(asked: Asked, driver: Driver) -> Walk:
    """A page of the rows that have the value, in its order."""
    query, first = asked.query, asked.query.order[0].field
    leads = replace(asked.scope, leader=driver.owner)
    led = replace(leads, driven={(first, Type.INTEGER): driver.value})
    number, *others = sort_keys(led, query.order)
    if first.group not in MEASURED:  # what has a number is not ordered by a text too
        others[0] = replace(others[0], expression=cast(null(), Text()), nullable=False, text=False, constant=True)
    keys = with_id([replace(number, nullable=False), *others], driver.owner)
    where = [*driver.where, driver.value.is_not(None)]
    # true of every row that the filter lets through, and what the index can start from
    one = not is_set(query.entity, first)
    where += [holds(led, driver.value, part) for part in asked.parts if one and _bounds(part, first)]
    where += [condition(led if one else leads, part) for part in asked.parts]
    if asked.place is not None:
        where += [*bound_at(keys[0], asked.place), after(keys, asked.place)]
    table = TABLES[query.entity]
    page = selected(keys, [*where, *asked.within], asked.limit)
    # the sum keeps a planner from beginning with the table
    return Walk(keys, page.select_from(driver.table.join(table, table.c.id == driver.owner + 0)))


def by_id(asked: Asked, probe: Probe) -> Select[Any]:
    """A page of the latest of the rows that an index finds; it has them in order and ends at the page."""
    assert probe.led is not None  # noqa: S101 - chosen by it
    found = probe.led.subquery("led")
    keys = with_id([], found.c.id)
    led = replace(asked.scope, leader=found.c.id)
    where = [condition(led, part) for part in asked.parts if part not in probe.known] + asked.within
    if asked.place is not None:
        where.insert(0, after(keys, asked.place))
    table = TABLES[asked.query.entity]
    # the sum keeps a planner from beginning with the table
    return selected(keys, where, asked.limit).select_from(found.join(table, table.c.id == found.c.id + 0))


def _bounds(term: Expr, first: Field) -> TypeGuard[Compare | Between]:
    fits = term.op is not Op.NE if isinstance(term, Compare) else isinstance(term, Between)
    return fits and not isinstance(term, And | Or | Not | Some) and _needs(term, first)


def bounds(asked: Asked, part: Expr) -> bool:
    """Whether a part says where a walk along the order's index begins or ends."""
    first = asked.query.order[0].field
    return not is_set(asked.query.entity, first) and _bounds(part, first)


def needs(scope: Scope, parts: Sequence[Expr], first: Field) -> bool:
    """Whether only rows with a number of this field can fit, so that none without it need be looked for.

    Of several values one may fit though the latest is NaN.
    """
    return not is_set(scope.entity, first) and any(_needs(part, first) for part in parts)


def _needs(term: Expr, first: Field) -> bool:
    match term:
        case Not(inner):
            if isinstance(inner, IsNull):
                return inner.field == first and first.group is Group.METRIC
            return not isinstance(inner, And | Or | Not | Some) and _needs(inner, first)
        case And() | Or() | IsNull() | Some():
            return False
    return term.field == first and kind_of(values_of(term)[0]) is Type.INTEGER

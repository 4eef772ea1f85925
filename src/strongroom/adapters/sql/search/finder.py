"""Searches in SQL: by candidates where an index finds few, else along the order; see the package."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Row, Select, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.search import walks, within
from strongroom.adapters.sql.search.candidates import probes
from strongroom.adapters.sql.search.conditions import condition
from strongroom.adapters.sql.search.deadline import bounded
from strongroom.adapters.sql.search.order import after, merged, selected, sort_keys, with_id
from strongroom.adapters.sql.search.values import Scope, Sql
from strongroom.adapters.sql.tables import run
from strongroom.application.paging import Key
from strongroom.application.ports.search import Hit, Query
from strongroom.domain.search.ast import And, Expr, Group, atoms
from strongroom.domain.search.schema import Entity

CANDIDATES_MOST = 5_000
"""More rows than this are not fetched to be sorted: then they are common enough to be met along the order."""
PROBES_MOST = 4
MERGED_MOST = 50
"""Experiments whose runs are merged from an index each."""


class SqlSearch(Repository):
    """See :class:`strongroom.application.ports.search.Search`."""

    def find(self, query: Query, after: Key | None, limit: int) -> Sequence[Hit]:
        with bounded(self._connection):
            return [Hit(row[0], (*row[1:], row[0])) for row in self._rows(query, after, limit)]

    def _rows(self, query: Query, place: Key | None, limit: int) -> Sequence[Row[Any]]:
        scope = self._scope(query)
        experiments = self._experiments(query)
        if experiments == ():
            return []
        found = self._candidates(scope, query, experiments)
        if found is not None:
            conditions = [self._among(scope.id, found), *self._within(query, experiments)]
            return self._run(self._page(scope, query, conditions, place, limit)) if found else []
        return self._walk(scope, query, experiments, place, limit)

    # -- what it is about ----------------------------------------------------------------------------------------

    def _scope(self, query: Query) -> Scope:
        fields = [atom.field for atom in atoms(query.where)] if query.where else []
        fields += [term.field for term in query.order]
        names = {field.name for field in fields if field.group not in {Group.ATTRIBUTE, Group.ALIAS}}
        keys = self._context.name_ids(query.workspace_id, sorted(names), create=False) if names else {}
        sqlite = self._connection.dialect.name == "sqlite"
        return Scope(query.entity, query.workspace_id, keys, sqlite, query.at)

    def _experiments(self, query: Query) -> tuple[int, ...] | Select[Any] | None:
        """The experiments of runs: their ids, or a query for them where there are many."""
        if query.entity is not Entity.RUN:
            return None
        if query.experiment_ids is not None:
            return query.experiment_ids
        every = within.visible_experiments(query)
        few = self._connection.execute(every.limit(MERGED_MOST + 1)).scalars().all()
        return every if len(few) > MERGED_MOST else tuple(few)

    def _within(self, query: Query, experiments: tuple[int, ...] | Select[Any] | None) -> list[Sql]:
        mine = within.conditions(query)
        return mine if experiments is None else [*mine, run.c.experiment_id.in_(experiments)]

    # -- by candidates -------------------------------------------------------------------------------------------

    def _candidates(
        self, scope: Scope, query: Query, experiments: tuple[int, ...] | Select[Any] | None
    ) -> Sequence[int] | None:
        """The ids among which every row is that fits, if an index finds few."""
        if query.where is None:
            return None
        for _, ids in zip(range(PROBES_MOST), probes(scope, query.where, experiments), strict=False):
            found = self._connection.execute(ids.limit(CANDIDATES_MOST + 1)).scalars().all()
            if len(found) <= CANDIDATES_MOST:
                return found
        return None

    def _among(self, column: Sql, ids: Sequence[int]) -> Sql:
        """One variable however many ids, so that the statement stays the same."""
        if self._connection.dialect.name == "sqlite":
            return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
        return column == any_(literal(list(ids), ARRAY(BigInteger())))

    def _page(self, scope: Scope, query: Query, conditions: list[Sql], place: Key | None, limit: int) -> Select[Any]:
        """One page of the rows of the entity's own table under conditions."""
        keys = with_id(sort_keys(scope, query.order), scope.id, descending=query.order[0].descending)
        where = [*conditions, *filtered(scope, query.where)]
        if place is not None:
            where.append(after(keys, place))
        return selected(keys, where, limit)

    # -- along the order -----------------------------------------------------------------------------------------

    def _walk(
        self,
        scope: Scope,
        query: Query,
        experiments: tuple[int, ...] | Select[Any] | None,
        place: Key | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """First the rows that have what is ordered by, along its index; then those that have not."""
        first = query.order[0].field
        each = experiments if isinstance(experiments, tuple) else None
        if not walks.has_index(first, each):
            return self._run(self._merged(scope, query, experiments, place, limit))
        found: list[Row[Any]] = []
        if place is None or place[0] is not None:
            parts = [
                walks.along(scope, query, driver, self._within(query, experiments), place, limit)
                for driver in walks.drivers(scope, first, each)
            ]
            found += self._run(merged(scope, query.order, parts, limit))
            place = None
        if len(found) == limit or walks.needs(query.where, first):
            return found
        key = sort_keys(scope, query.order[:1])[0]
        rest = [key.expression.is_(None)]
        return found + list(self._run(self._merged(scope, query, experiments, place, limit - len(found), rest)))

    def _merged(
        self,
        scope: Scope,
        query: Query,
        experiments: tuple[int, ...] | Select[Any] | None,
        place: Key | None,
        limit: int,
        more: Sequence[Sql] = (),
    ) -> Select[Any]:
        """A page along an index of the entity's table; runs have one an experiment."""
        mine = [*within.conditions(query), *more]
        if isinstance(experiments, tuple):
            parts = [self._page(scope, query, [run.c.experiment_id == one, *mine], place, limit) for one in experiments]
            return merged(scope, query.order, parts, limit)
        if experiments is not None:
            mine += [run.c.workspace_id == query.workspace_id, run.c.experiment_id.in_(experiments)]
        return self._page(scope, query, mine, place, limit)

    def _run(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self._connection.execute(statement).all()


def filtered(scope: Scope, where: Expr | None) -> list[Sql]:
    """The filter's conditions."""
    if where is None:
        return []
    return [condition(scope, term) for term in (where.terms if isinstance(where, And) else (where,))]

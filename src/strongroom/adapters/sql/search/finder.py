"""Searches in SQL: by candidates where an index finds few, else along an index; see the package."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

from sqlalchemy import Executable, Row, Select, any_, func, select

from strongroom.adapters.sql.repositories import data_sets
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.search import figures, meeting, residual, several, walks, within
from strongroom.adapters.sql.search.asked import Asked, Experiments
from strongroom.adapters.sql.search.candidates import Probe, breadth, probes
from strongroom.adapters.sql.search.deadline import bounded
from strongroom.adapters.sql.search.order import merged
from strongroom.adapters.sql.search.scope import NO_KEY, TABLES, Scope, Sql
from strongroom.application.paging import Key
from strongroom.application.ports.search import Hit, Query
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import MEASURED, And, Expr, Group, On, atoms
from strongroom.domain.search.schema import Entity
from strongroom.domain.tracking.figures import FigureRow, Figures, Member

CANDIDATES_MOST = 5_000
"""Rows that an index finds are fetched and sorted up to here; more are common enough to be met along an order."""
CHECKED_MOST = 20_000
"""Up to here the rows that fit a part are counted, where there are several parts."""
PROBES_MOST = 4
MERGED_MOST = 50
"""Experiments whose runs or logged models are merged from an index each."""
DAY_US = 24 * 3600 * 1_000_000
NODES_MOST = 100
"""Digests of a data set that are looked up beforehand."""
OF_EXPERIMENTS = frozenset({Entity.RUN, Entity.LOGGED_MODEL, Entity.TRACE})
_KEYED = frozenset({Group.TAG, Group.PROPERTY, Group.PARAM, *MEASURED})


class SqlSearch(Repository):
    """See :class:`strongroom.application.ports.search.Search`."""

    def find(self, query: Query, after: Key | None, limit: int) -> Sequence[Hit]:
        with bounded(self._connection) as deadline:
            if residual.has_expression(query.where):
                scope = self._scope(query)
                check = partial(residual.checked, self._connection, scope, deadline)
                rows: Sequence[Row[Any]] = check(query, after, limit, self._answer)
            else:
                rows = self._answer(query, after, limit)
        return [Hit(row[0], (*row[1:], row[0])) for row in rows]

    def count(self, query: Query) -> int:
        if residual.has_expression(query.where):
            raise Invalid("Regular expressions cannot be used here.")
        asked = Asked(self._scope(query), query, self._experiments(query), None, 1)
        if asked.experiments == ():
            return 0
        table = TABLES[query.entity]
        with bounded(self._connection):
            counted = select(func.count()).select_from(table).where(*asked.fits(), *asked.within)
            found: int = self._connection.execute(counted).scalar_one()
        return found

    def figures(self, query: Query, of: Figures, limit: int) -> Sequence[FigureRow]:
        if residual.has_expression(query.where):
            raise Invalid("Regular expressions cannot be used here.")
        scope = self._scope(query, [of.value.key] if isinstance(of.value, Member) else [])
        asked = Asked(scope, query, self._experiments(query), None, limit)
        if asked.experiments == ():
            return []
        with bounded(self._connection):
            rows = self._run(figures.grouped(asked, of, limit))
        first, by = int(of.step_s is not None), len(of.by)
        return [
            FigureRow(
                int(row[0]) if first else None, tuple(row[first : first + by]), figures.numbers(row[first + by :])
            )
            for row in rows
        ]

    def matches(self, pattern: str, text: str) -> bool:
        return residual.compiled(pattern)(text) is not None

    def _answer(self, query: Query, place: Key | None, limit: int) -> Sequence[Row[Any]]:
        """Rows for a filter without regular expressions: the id, then the keys of the order."""
        asked = Asked(self._scope(query), query, self._experiments(query), place, limit)
        return [] if asked.experiments == () else self._rows(asked)

    def _scope(self, query: Query, more: Sequence[str] = ()) -> Scope:
        fields = [atom.field for atom in atoms(query.where)] if query.where else []
        fields += [term.field for term in query.order]
        names = {field.name for field in fields if field.group in _KEYED} | set(more)
        keys = self._context.name_ids(query.workspace_id, sorted(names), create=False) if names else {}
        sqlite = self._connection.dialect.name == "sqlite"
        asked = {field.on for field in fields if field.on and field.group is not Group.EVALUATION}
        few = {on: ids for on in asked if (ids := self._nodes(query.workspace_id, on))}
        named = [field.on for field in fields if field.group is Group.EVALUATION and field.on]
        return Scope(
            query.entity,
            query.workspace_id,
            keys,
            sqlite,
            query.at,
            self._context.now() // DAY_US,
            visible=query.visible,
            datasets=few,
            ours={on.name: self._ours(query, on) for on in named},
        )

    def _nodes(self, workspace_id: int, on: On) -> tuple[int, ...]:
        """The nodes of a data set, where they are few. There is always one: an id that no node has."""
        found = self._connection.execute(several.nodes_of(workspace_id, on, NODES_MOST + 1)).scalars().all()
        return () if len(found) > NODES_MOST else tuple(found) or (NO_KEY,)

    def _ours(self, query: Query, on: On) -> tuple[int, ...]:
        """The assets of a data set of ours, one a kind."""
        found = data_sets.called(query.workspace_id, on.name, query.visible)
        return tuple(self._connection.execute(found).scalars())

    def _experiments(self, query: Query) -> Experiments:
        if query.entity not in OF_EXPERIMENTS:
            return None
        if query.experiment_ids is not None:
            return query.experiment_ids
        every = within.visible_experiments(query)
        few = self._connection.execute(every.limit(MERGED_MOST + 1)).scalars().all()
        return every if len(few) > MERGED_MOST else tuple(few)

    # -- which way -----------------------------------------------------------------------------------------------

    def _rows(self, asked: Asked) -> Sequence[Row[Any]]:
        found = probes(asked.scope, asked.parts, asked.experiments)[:PROBES_MOST]
        if not found:
            return self._walk(asked)
        counts = self._counts(found, CHECKED_MOST if len(asked.parts) > 1 else CANDIDATES_MOST)
        best = min(found, key=lambda probe: counts[probe.part])
        if counts[best.part] <= CANDIDATES_MOST:
            return self._run(among(asked, best.ids, asked.page(*asked.fits(*best.known), *asked.within)))
        return self._common(_sorted(asked, counts), found, counts)

    def _common(self, asked: Asked, found: list[Probe], counts: Mapping[Expr, int]) -> Sequence[Row[Any]]:
        """No part fits few rows by itself: rows are met along an index, unless that would take long."""
        leading = [probe for probe in found if probe.led is not None and not asked.query.order]
        led = min(leading, key=lambda probe: counts[probe.part]) if leading else None
        shared = self._shared(asked, found, counts, led)
        if shared is not None:
            return self._run(among(asked, shared.ids, asked.page(*asked.fits(*shared.known), *asked.within)))
        return self._run(walks.by_id(asked, led)) if led else self._walk(asked)

    def _shared(
        self, asked: Asked, found: list[Probe], counts: Mapping[Expr, int], led: Probe | None
    ) -> meeting.Shared | None:
        """What indexes find, where a walk would have to go farther for a page than that takes."""
        bounds = meeting.bounding(asked) if led is None else [led.part]
        head = self._head(asked, bounds, led)
        if head.far <= meeting.WALKED_MOST:
            return None
        rows = self._connection.execute(select(func.max(TABLES[asked.scope.entity].c.id))).scalar() or 0
        sizes = {part: max(head.shares.get(part, 0) * rows, min(count, CHECKED_MOST)) for part, count in counts.items()}
        # what the head tells nothing of is counted, as far as it could be worth while: rows that all or none of it fit
        most = int(min(head.far * (meeting.PER_ROW if len(found) > 1 else 1), rows))
        untold = [probe for probe in found if probe.part in bounds or not head.shares.get(probe.part)]
        again = [probe for probe in untold if counts[probe.part] > min(CHECKED_MOST, CANDIDATES_MOST)]
        sizes |= self._counts(again, most) if again else {}
        shared = meeting.shared(found, sizes, rows)
        return shared if shared.weight < head.far else None

    def _head(self, asked: Asked, bounds: list[Expr], led: Probe | None) -> meeting.Head:
        first = meeting.only(asked, bounds)
        if led is not None:
            head = self._run(walks.by_id(first, led))
        elif self._has_index(asked) or walks.is_own(asked.query.entity, asked.query.order):
            head = self._walk(first)
        else:
            return meeting.Head(inf, {})  # whatever fits is to be found first
        return meeting.look(self._connection, asked, [row[0] for row in head])

    def _counts(self, found: list[Probe], most: int) -> Mapping[Expr, int]:
        """How many rows each index finds, counted so far."""
        columns = [
            select(func.count()).select_from(query.limit(most + 1).subquery()).scalar_subquery()
            for probe in found
            for query in probe.queries
        ]
        numbers = iter(self._connection.execute(select(*columns)).one())
        return {probe.part: sum(next(numbers) for _ in probe.queries) for probe in found}

    # -- along the order -----------------------------------------------------------------------------------------

    def _walk(self, asked: Asked) -> Sequence[Row[Any]]:
        """First the rows that have what is ordered by, along its index; then those that have not."""
        if not asked.query.order:
            return self._run(self._merged(asked))
        if not self._has_index(asked):
            return self._run(self._merged(asked))
        first = asked.query.order[0].field
        each = asked.experiments if isinstance(asked.experiments, tuple) else None
        found: list[Row[Any]] = []
        if asked.place is None or asked.place[0] is not None:
            ways = [walks.along(asked, driver) for driver in walks.drivers(asked.scope, first, each)]
            found += self._run(merged(asked.scope, ways[0].keys, [way.page for way in ways], asked.limit))
            asked = replace(asked, place=None)
        if len(found) == asked.limit or walks.needs(asked.scope, asked.parts, first):
            return found
        missing = asked.keys()[0].expression.is_(None)
        return found + list(self._run(self._merged(replace(asked, limit=asked.limit - len(found)), missing)))

    def _has_index(self, asked: Asked) -> bool:
        each = asked.experiments if isinstance(asked.experiments, tuple) else None
        first = asked.query.order[0].field if asked.query.order else None
        return first is not None and walks.has_index(asked.scope, first, each)

    def _merged(self, asked: Asked, *more: Sql) -> Any:  # noqa: ANN401 - a Select, or several as one
        """A page along an index of the entity's table; runs, logged models and traces have one an experiment."""
        table = TABLES[asked.query.entity]
        mine = [*more, *asked.fits(), *within.conditions(asked.query)]
        if isinstance(asked.experiments, tuple):
            pages = [asked.page(table.c.experiment_id == one, *mine) for one in asked.experiments]
            return merged(asked.scope, asked.keys(), pages, asked.limit)
        if asked.experiments is not None:
            mine += [table.c.workspace_id == asked.query.workspace_id, table.c.experiment_id.in_(asked.experiments)]
        return asked.page(*mine)

    def _run(self, statement: Executable) -> Sequence[Row[Any]]:
        return self._connection.execute(statement).all()


def _sorted(asked: Asked, counts: Mapping[Expr, int]) -> Asked:
    """The same with what fits fewest rows first: so most rows need one look."""
    if len(asked.parts) == 1:
        return asked
    order = sorted(asked.parts, key=lambda part: (counts.get(part, CHECKED_MOST + 1), breadth(part)))
    return replace(asked, query=replace(asked.query, where=And(tuple(order))))


def among(asked: Asked, ids: Any, rows: Select[Any]) -> Select[Any]:  # noqa: ANN401 - a Select, or several as one
    """Rows of the entity's table that indexes find, written so that no planner begins with another index."""
    if not asked.scope.sqlite:
        return rows.where(asked.scope.id == any_(func.array(ids.scalar_subquery())))
    found = select(ids.subquery().c.id).distinct().subquery("found")
    table = TABLES[asked.scope.entity]
    return rows.select_from(found.join(table, table.c.id == found.c.id + 0))

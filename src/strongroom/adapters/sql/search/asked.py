"""One question with all that its statements are built of."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from strongroom.adapters.sql.search import within
from strongroom.adapters.sql.search.conditions import condition
from strongroom.adapters.sql.search.order import SortKey, after, bound_at, selected, sort_keys, with_id
from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.application.paging import Key
from strongroom.application.ports.search import Query
from strongroom.domain.search.ast import And, Expr

Experiments = tuple[int, ...] | Select[Any] | None
"""Where runs, logged models and traces are looked for: ids, or a query for many; None for what is in no experiment."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the place after which it goes on, and how many rows are wanted."""

    scope: Scope
    query: Query
    experiments: Experiments
    place: Key | None
    limit: int

    @property
    def within(self) -> list[Sql]:
        """What every row that may be shown fits."""
        mine = within.conditions(self.query)
        if self.experiments is None:
            return mine
        return [*mine, TABLES[self.query.entity].c.experiment_id.in_(self.experiments)]

    @property
    def parts(self) -> tuple[Expr, ...]:
        """What has to hold, each by itself."""
        return parts(self.query.where)

    def fits(self, *but: Expr) -> list[Sql]:
        """The conditions of the filter, but of the parts that are known to hold."""
        return [condition(self.scope, part) for part in self.parts if part not in but]

    def keys(self) -> list[SortKey]:
        """The order, over the entity's own table."""
        return with_id(sort_keys(self.scope, self.query.order), self.scope.id)

    def page(self, *conditions: Sql) -> Select[Any]:
        """A page of the rows of the entity's own table under conditions."""
        keys = self.keys()
        place = [] if self.place is None else [*bound_at(keys[0], self.place), after(keys, self.place)]
        return selected(keys, [*conditions, *place], self.limit)


def parts(where: Expr | None) -> tuple[Expr, ...]:
    """The terms of a filter's AND, or the filter."""
    if where is None:
        return ()
    return where.terms if isinstance(where, And) else (where,)

"""What the expressions of a search depend on besides their fields, and how they reach what is said of a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Float, Select

from strongroom.adapters.sql.tables import asset, experiment, logged_model, run, trace, version
from strongroom.domain.identity.access import NOTHING_VISIBLE, Visible
from strongroom.domain.search.ast import Field, On
from strongroom.domain.search.schema import Entity, Type

Sql = ColumnElement[Any]
TABLES = {
    Entity.ASSET: asset,
    Entity.VERSION: version,
    Entity.EXPERIMENT: experiment,
    Entity.RUN: run,
    Entity.LOGGED_MODEL: logged_model,
    Entity.TRACE: trace,
}
NUMBER = Float(53)
NO_KEY = -1
"""Instead of the id of a key that the workspace's dictionary has not: no row has it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions depend on besides the field.

    :param keys: ids of the names of tags, properties, params and metrics.
    :param driven: values that a joined table already gives: instead of the subquery.
    :param leader: the id in a joined table that leads: what is said of a row is asked before the row is fetched.
    :param datasets: ids of the nodes of data sets that fields are narrowed to, where they are few.
    :param ours: ids of the assets that names of data sets mean, of evaluations.
    :param today: days since 1970, UTC.
    :param visible: what the caller sees, where other objects say what is asked of a row.
    """

    entity: Entity
    workspace_id: int
    keys: Mapping[str, int]
    sqlite: bool
    at: int | None = None
    today: int = 0
    driven: Mapping[tuple[Field, Type], Sql] = field(default_factory=dict)
    leader: Any = None
    visible: Visible = NOTHING_VISIBLE
    datasets: Mapping[On, tuple[int, ...]] = field(default_factory=dict)
    ours: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def id(self) -> Sql:
        """The id of the entity's row."""
        return TABLES[self.entity].c.id if self.leader is None else self.leader

    def key(self, what: Field) -> int:
        """The id of a field's name."""
        return self.keys.get(what.name, NO_KEY)


def scalar(scope: Scope, query: Select[Any]) -> Sql:
    """One value about the row; no planner reorders it."""
    leading = [] if scope.leader is None else [scope.leader.table]
    return query.correlate(TABLES[scope.entity], *leading).scalar_subquery()

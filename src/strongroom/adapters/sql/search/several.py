"""Fields of which a row may have several values: metrics of logged models, evaluations of versions, data sets read.

A comparison holds when it holds for any of the values, is unknown where there is none, and else is false. Of a metric
that was measured on several data sets, ordering takes what was measured latest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, and_, case, cast, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSON

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.search.scope import Scope, Sql, scalar
from strongroom.adapters.sql.tables import asset, edge, evaluation_value, logged_model_value, namespace, node, version
from strongroom.domain.search.ast import Field, Group, On, Part
from strongroom.domain.search.schema import Entity

DATASET = "dataset"
COLUMNS = {Part.LAST: "last", Part.COUNT: "count", Part.STEP: "last_step"}


@dataclass(frozen=True, slots=True)
class _Values:
    """Where the values are: an expression over some tables, and which rows of them are meant."""

    value: Sql
    tables: Any
    where: Sequence[Sql]


def any_of(scope: Scope, what: Field, holds: Callable[[Sql], Sql]) -> Sql:
    """Whether a condition holds for any value; NULL where there is none."""
    of = _values(scope, what)
    found = func.max(case((holds(of.value), 1), else_=0))
    query = select(found).select_from(of.tables).where(*of.where, of.value.is_not(None))
    return scalar(scope, query) == 1


def missing(scope: Scope, what: Field) -> Sql:
    """Whether there is no value; never NULL."""
    of = _values(scope, what)
    query = select(literal(1)).select_from(of.tables).where(*of.where, of.value.is_not(None)).limit(1)
    return scalar(scope, query).is_(None)


def latest(scope: Scope, what: Field) -> Sql:
    """The value of a logged model's metric that was measured latest; NULL when that is NaN."""
    table = logged_model_value
    mine = _measured(scope, table, what)
    query = select(table.c[COLUMNS[what.part]]).where(table.c.model_id == scope.id, *mine)
    order = (table.c.last_time.desc(), table.c.last_step.desc(), table.c.dataset_id.desc())
    return scalar(scope, query.order_by(*order).limit(1))


def is_latest(scope: Scope, table: Any, what: Field) -> Sql:  # noqa: ANN401 - an alias of logged_model_value
    """Whether a row is the one that `latest` takes."""
    other = logged_model_value.alias("other")
    later = tuple_(other.c.last_time, other.c.last_step, other.c.dataset_id) > tuple_(
        table.c.last_time, table.c.last_step, table.c.dataset_id
    )
    query = select(literal(1)).where(other.c.model_id == table.c.model_id, *_measured(scope, other, what), later)
    # a comparison: of IS NULL PostgreSQL expects one row in 200, and then reads all models for the page
    return func.coalesce(query.correlate(table).limit(1).scalar_subquery(), 0) < literal(1)


def newest(scope: Scope, what: Field) -> Sql:
    """The value of a version's evaluation that was recorded last, of those that stand."""
    table = evaluation_value
    query = select(table.c.value).where(table.c.version_id == scope.id, *evaluated(scope, table, what))
    return scalar(scope, query.order_by(table.c.rank.desc()).limit(1))


def is_newest(scope: Scope, table: Any, what: Field) -> Sql:  # noqa: ANN401 - an alias of evaluation_value
    """Whether a row is the one that `newest` takes."""
    other = evaluation_value.alias("other")
    later = other.c.version_id == table.c.version_id, *evaluated(scope, other, what), other.c.rank > table.c.rank
    return select(literal(1)).where(*later).correlate(table).limit(1).scalar_subquery().is_(None)


def evaluated(scope: Scope, table: Any, what: Field) -> list[Sql]:  # noqa: ANN401 - evaluation_value, or an alias
    """Which rows of it are meant: of the metric, and on the data set of that name or digest; one a data set."""
    mine = [table.c.key_id == scope.key(what)]
    newest = table.c.newest == true()
    if what.on is None:
        return [*mine, newest]
    named, digest = _called(scope, table, what.on.name), table.c.dataset_digest
    if what.on.digest is None:
        return [*mine, or_(named, and_(digest == what.on.name, newest))]
    return [*mine, named, digest == what.on.digest]


def _called(scope: Scope, table: Any, name: str) -> Sql:  # noqa: ANN401 - evaluation_value, or an alias
    """Whether a data set is called so: where one of ours is, nobody's claim counts."""
    ours = scope.ours.get(name, ())
    meant: Sql = table.c.dataset_asset_id.in_(ours)
    return meant if ours else and_(table.c.dataset_name == name, table.c.dataset_asset_id == 0)


def on_dataset(scope: Scope, column: Sql, on: On) -> Sql:
    """Whether a column names the node of a data set."""
    known = scope.datasets.get(on)
    if known is None:  # asked row by row, so that no planner begins with the nodes
        query = select(node.c.id).where(node.c.id == column, *_named(scope.workspace_id, on))
        return query.correlate_except(node).scalar_subquery().is_not(None)
    return column == known[0] if len(known) == 1 else column.in_(known)


def nodes_of(workspace_id: int, on: On, most: int) -> Select[Any]:
    """The ids of the nodes of a data set: one a digest."""
    return select(node.c.id).where(*_named(workspace_id, on)).limit(most)


def _named(workspace_id: int, on: On) -> list[Sql]:
    mine: list[Sql] = [node.c.workspace_id == workspace_id, node.c.kind == DATASET, node.c.name == on.name]
    return mine if on.digest is None else [*mine, node.c.digest == on.digest]


def _measured(scope: Scope, table: Any, what: Field) -> list[Sql]:  # noqa: ANN401 - logged_model_value, or an alias
    mine = [table.c.key_id == scope.key(what)]
    return mine if what.on is None else [*mine, on_dataset(scope, table.c.dataset_id, what.on)]


def _values(scope: Scope, what: Field) -> _Values:
    if scope.entity is Entity.RUN:
        return _read(scope, what.name)
    if what.group is Group.EVALUATION:
        evaluations = evaluation_value
        of = [evaluations.c.version_id == scope.id, *evaluated(scope, evaluations, what)]
        return _Values(evaluations.c.value, evaluations, of)
    table = logged_model_value
    mine = table.c.model_id == scope.id
    if what.group is Group.METRIC:
        return _Values(table.c[COLUMNS[what.part]], table, [mine, *_measured(scope, table, what)])
    on = [] if what.on is None else [on_dataset(scope, table.c.dataset_id, what.on)]
    # a value by its key: joined, PostgreSQL reads all nodes for each model
    value = select(node.c[what.name]).where(node.c.id == table.c.dataset_id).correlate(table).scalar_subquery()
    return _Values(value, table, [mine, *on])


def _read(scope: Scope, name: str) -> _Values:
    """What a run read: data sets of others, and versions of ours that are data sets and that the caller may see."""
    is_node = and_(edge.c.source_kind == "node", node.c.id == edge.c.source_id, node.c.kind == DATASET)
    is_version = and_(edge.c.source_kind == "version", version.c.id == edge.c.source_id)
    of_asset = and_(asset.c.id == version.c.asset_id, asset.c.kind == DATASET)
    tables = edge.outerjoin(node, is_node).outerjoin(version, is_version).outerjoin(asset, of_asset)
    tables = tables.outerjoin(namespace, namespace.c.id == asset.c.namespace_id)
    seen = and_(asset.c.id.is_not(None), visible_where(scope.visible))
    value: Sql
    if name == "context":
        value = case((or_(node.c.id.is_not(None), seen), _context(scope)))
    else:
        ours = asset.c.name if name == "name" else version.c.tree
        value = case((node.c.id.is_not(None), node.c[name]), (seen, ours))
    where = [edge.c.target_kind == "run", edge.c.target_id == scope.id, edge.c.type == "input"]
    return _Values(value, tables, where)


def _context(scope: Scope) -> Sql:
    """What a data set was used for in this run."""
    if scope.sqlite:
        return func.json_extract(edge.c.properties, "$.context")
    found: Sql = cast(edge.c.properties, JSON)["context"].as_string()
    return cast(found, Text)

"""The value of a field as an SQL expression over the entity's table; NULL where a row has none.

Everything that is not a column of the entity is a scalar subquery by key. A planner cannot reorder those, however many
there are, and NULL gives comparisons the domain's third truth value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, false, func, literal, or_, select

from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.tables import (
    alias,
    asset,
    experiment,
    namespace,
    object_property,
    packaging,
    principal,
    run,
    run_param,
    run_value,
    stage,
    tag,
    version,
)
from strongroom.domain.search.ast import Field, Group, Part
from strongroom.domain.search.schema import SORTED_LONGEST, Entity, Type, attribute

Sql = ColumnElement[Any]
TABLES = {Entity.ASSET: asset, Entity.VERSION: version, Entity.EXPERIMENT: experiment, Entity.RUN: run}
NUMBER = Float(53)
NO_KEY = -1
"""Instead of the id of a key that the workspace's dictionary has not: no row has it."""

_PARTS = {
    Part.LAST: run_value.c.last,
    Part.MIN: run_value.c.min,
    Part.MAX: run_value.c.max,
    Part.COUNT: run_value.c["count"],
    Part.STEP: run_value.c.last_step,
}
_PARENT = run.alias("parent")


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions depend on besides the field.

    :param keys: ids of the names of tags, properties, params and metrics.
    :param driven: values that a joined table already gives: instead of the subquery.
    :param leader: the id in a joined table that leads: what is said of a row is asked before the row is fetched.
    """

    entity: Entity
    workspace_id: int
    keys: Mapping[str, int]
    sqlite: bool
    at: int | None = None
    driven: Mapping[tuple[Field, Type], Sql] = field(default_factory=dict)
    leader: Any = None

    @property
    def id(self) -> Sql:
        """The id of the entity's row."""
        return TABLES[self.entity].c.id if self.leader is None else self.leader

    def key(self, what: Field) -> int:
        """The id of a field's name."""
        return self.keys.get(what.name, NO_KEY)


def value(scope: Scope, what: Field, kind: Type) -> Sql:
    """The value where it is of the kind that it is compared with."""
    if (what, kind) in scope.driven and what.group is not Group.PROPERTY:  # whose numbers are not all of one type
        return scope.driven[what, kind]
    match what.group:
        case Group.ATTRIBUTE:
            return _attribute(scope, what.name)
        case Group.TAG:
            # the empty text for a bare word
            return _tag(scope, what, func.coalesce(tag.c.value, ""))
        case Group.PROPERTY:
            return _property(scope, what, *_TYPED[kind])
        case Group.PARAM:
            return _of_run(run_param, run_param.c.number if kind is Type.INTEGER else run_param.c.text, scope, what)
        case Group.METRIC:
            return _of_run(run_value, _PARTS[what.part], scope, what)
        case Group.ALIAS | Group.TEXT:
            raise AssertionError("aliases and words are sets")


def presence(scope: Scope, what: Field) -> Sql:
    """The value, of whatever kind: NULL says that there is none."""
    if what.group is Group.PROPERTY:
        return _property(scope, what, object_property.c.type)
    return value(scope, what, Type.INTEGER if what.group is Group.METRIC else Type.TEXT)


def sort_values(scope: Scope, what: Field) -> list[tuple[Sql, bool]]:
    """What ordering by a field compares, one after the other, each with whether it may be NULL."""
    match what.group:
        case Group.PROPERTY:
            number = scope.driven.get((what, Type.INTEGER))
            if number is None:
                number = _property(scope, what, object_property.c.number)
            return [(number, True), (_head(value(scope, what, Type.TEXT)), True)]
        case Group.PARAM:
            text = case((run_param.c.number.is_(None), run_param.c.text))
            return [(value(scope, what, Type.INTEGER), True), (_head(_of_run(run_param, text, scope, what)), True)]
        case Group.METRIC:
            return [(value(scope, what, Type.INTEGER), True)]
        case Group.TAG:
            return [(_head(value(scope, what, Type.TEXT)), True)]
    found = attribute(scope.entity, what)
    expression = value(scope, what, found.type)
    return [(_head(expression) if found.type is Type.TEXT else expression, found.nullable)]


def _head(text: Sql) -> Sql:
    return func.substr(text, 1, SORTED_LONGEST)


_TYPED: Mapping[Type, tuple[Sql, ...]] = {
    Type.TEXT: (object_property.c.text, object_property.c.type == "str"),
    Type.INTEGER: (object_property.c.number, object_property.c.type.in_(("int", "float"))),
    Type.BOOLEAN: (object_property.c.number == literal(1.0, NUMBER), object_property.c.type == "bool"),
}


def _property(scope: Scope, what: Field, column: Sql, *conditions: Sql) -> Sql:
    mine = (
        object_property.c.owner_kind == scope.entity.value,
        object_property.c.owner_id == scope.id,
        object_property.c.key_id == scope.key(what),
    )
    return _scalar(scope, select(column).where(*mine, *conditions))


def _tag(scope: Scope, what: Field, column: Sql) -> Sql:
    mine = (
        tag.c.owner_kind == scope.entity.value,
        tag.c.owner_id == scope.id,
        tag.c.key_id == scope.key(what),
        *present(scope, tag),
    )
    return _scalar(scope, select(column).where(*mine))


def _of_run(table: Any, column: Sql, scope: Scope, what: Field) -> Sql:  # noqa: ANN401 - run_param or run_value
    return _scalar(scope, select(column).where(table.c.run_id == scope.id, table.c.key_id == scope.key(what)))


def _scalar(scope: Scope, query: Select[Any]) -> Sql:
    leading = [] if scope.leader is None else [scope.leader.table]
    return query.correlate(TABLES[scope.entity], *leading).scalar_subquery()


def present(scope: Scope, table: Any) -> list[Sql]:  # noqa: ANN401 - any temporal table
    """Conditions for the rows of a temporal table that hold now, or held at the time asked for."""
    if scope.at is None:
        return [table.c.valid_to.is_(None)]
    return valid_at(table.c.valid_from, table.c.valid_to, scope.at)


def carries_alias(scope: Scope, *conditions: Sql) -> Sql:
    """Whether the row has an alias that fits; never NULL."""
    owner = alias.c.version_id if scope.entity is Entity.VERSION else alias.c.asset_id
    found = select(literal(1)).where(owner == scope.id, *present(scope, alias), *conditions).limit(1)
    return _scalar(scope, found).is_not(None)


def _attribute(scope: Scope, name: str) -> Sql:
    table = TABLES[scope.entity]
    if name == "created_by":
        return _scalar(scope, select(principal.c.uid).where(principal.c.id == table.c.created_by))
    if name == "stage" and scope.at is not None:
        return _scalar(scope, select(stage.c.name).where(stage.c.version_id == scope.id, *present(scope, stage)))
    if (scope.entity, name) == (Entity.VERSION, "has_signature"):
        return _has_signature(scope)
    if (scope.entity, name) in _ELSEWHERE:
        return _scalar(scope, _ELSEWHERE[scope.entity, name])
    return table.c[{"created_at": "recorded_at", "size": "bytes"}.get(name, name)]


def _namespace(owner: Any) -> Select[Any]:  # noqa: ANN401 - asset or experiment
    return select(namespace.c.path).where(namespace.c.id == owner.c.namespace_id)


def _of_asset(column: Sql) -> Select[Any]:
    return select(column).where(asset.c.id == version.c.asset_id)


def _packaged(column: Sql) -> Select[Any]:
    return select(column).where(packaging.c.tree == version.c.tree)


def _has_signature(scope: Scope) -> Sql:
    """Whether a signature was stated, or stands in the MLmodel file."""
    said = _scalar(scope, _packaged(packaging.c.has_signature))
    return or_(version.c.signature != "{}", func.coalesce(said, false()))


def _of_experiment(column: Sql) -> Select[Any]:
    return select(column).where(experiment.c.id == run.c.experiment_id)


_ELSEWHERE: Mapping[tuple[Entity, str], Select[Any]] = {
    (Entity.ASSET, "namespace"): _namespace(asset),
    (Entity.EXPERIMENT, "namespace"): _namespace(experiment),
    (Entity.EXPERIMENT, "path"): select(
        case((namespace.c.path == "", experiment.c.name), else_=namespace.c.path + "/" + experiment.c.name)
    ).where(namespace.c.id == experiment.c.namespace_id),
    (Entity.VERSION, "name"): _of_asset(asset.c.name),
    (Entity.VERSION, "kind"): _of_asset(asset.c.kind),
    (Entity.VERSION, "asset_uid"): _of_asset(asset.c.uid),
    (Entity.VERSION, "namespace"): _of_asset(namespace.c.path).join(namespace, namespace.c.id == asset.c.namespace_id),
    (Entity.VERSION, "flavor"): _packaged(packaging.c.flavor),
    (Entity.VERSION, "flavor_version"): _packaged(packaging.c.flavor_version),
    (Entity.VERSION, "python_version"): _packaged(packaging.c.python_version),
    (Entity.VERSION, "run_uid"): select(run.c.uid).where(run.c.id == version.c.run_id),
    (Entity.RUN, "experiment"): _of_experiment(experiment.c.name),
    (Entity.RUN, "experiment_uid"): _of_experiment(experiment.c.uid),
    (Entity.RUN, "namespace"): _of_experiment(namespace.c.path).join(
        namespace, namespace.c.id == experiment.c.namespace_id
    ),
    (Entity.RUN, "parent_uid"): select(_PARENT.c.uid).where(_PARENT.c.id == run.c.parent_id),
}

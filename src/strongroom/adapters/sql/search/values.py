"""The value of a field as an SQL expression over the entity's table; NULL where a row has none.

Everything that is not a column of the entity is a scalar subquery by key. A planner cannot reorder those, however many
there are, and NULL gives comparisons the domain's third truth value.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Select, case, cast, false, func, literal, or_, select

from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.search import several
from strongroom.adapters.sql.search.scope import NUMBER, TABLES, Scope, Sql, scalar
from strongroom.adapters.sql.tables import (
    alias,
    asset,
    asset_reads,
    experiment,
    logged_model,
    logged_model_param,
    logged_model_value,
    namespace,
    object_property,
    packaging,
    principal,
    run,
    run_param,
    run_value,
    stage,
    tag,
    trace,
    version,
)
from strongroom.domain.search.ast import MEASURED, Field, Group, Part
from strongroom.domain.search.schema import SORTED_LONGEST, Entity, Type, attribute

PARAMS: Mapping[Entity, tuple[Any, Any]] = {
    Entity.RUN: (run_param, run_param.c.run_id),
    Entity.LOGGED_MODEL: (logged_model_param, logged_model_param.c.model_id),
}
"""The table of params, and whose they are."""
METRICS: Mapping[Entity, tuple[Any, Any]] = {
    Entity.RUN: (run_value, run_value.c.run_id),
    Entity.LOGGED_MODEL: (logged_model_value, logged_model_value.c.model_id),
}
"""The table of the latest values of metrics, and whose they are."""
PARTS = {Part.LAST: "last", Part.MIN: "min", Part.MAX: "max", Part.COUNT: "count", Part.STEP: "last_step"}
"""Columns of tables of metrics."""
DOWNLOADED_DAYS = 30
"""Days whose reads count as an asset's downloads, today among them."""
_PARENT = run.alias("parent")
_SOURCE = version.alias("source")


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
            params = PARAMS[scope.entity][0]
            return _param(scope, what, params.c.number if kind is Type.INTEGER else params.c.text)
        case Group.EVALUATION:
            return several.newest(scope, what)
        case Group.METRIC if scope.entity is Entity.LOGGED_MODEL:
            return several.latest(scope, what)
        case Group.METRIC:
            mine = run_value.c.run_id == scope.id, run_value.c.key_id == scope.key(what)
            return scalar(scope, select(run_value.c[PARTS[what.part]]).where(*mine))
        case _:
            raise AssertionError("of these there may be several")


def presence(scope: Scope, what: Field) -> Sql:
    """The value, of whatever kind: NULL says that there is none."""
    if what.group is Group.PROPERTY:
        return _property(scope, what, object_property.c.type)
    return value(scope, what, Type.INTEGER if what.group in MEASURED else Type.TEXT)


def sort_values(scope: Scope, what: Field) -> list[tuple[Sql, bool]]:
    """What ordering by a field compares, one after the other, each with whether it may be NULL."""
    match what.group:
        case Group.PROPERTY:
            number = scope.driven.get((what, Type.INTEGER))
            if number is None:
                number = _property(scope, what, object_property.c.number)
            return [(number, True), (_head(value(scope, what, Type.TEXT)), True)]
        case Group.PARAM:
            params = PARAMS[scope.entity][0]
            text = case((params.c.number.is_(None), params.c.text))
            return [(value(scope, what, Type.INTEGER), True), (_head(_param(scope, what, text)), True)]
        case Group.METRIC | Group.EVALUATION:
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
    return scalar(scope, select(column).where(*mine, *conditions))


def _tag(scope: Scope, what: Field, column: Sql) -> Sql:
    mine = (
        tag.c.owner_kind == scope.entity.value,
        tag.c.owner_id == scope.id,
        tag.c.key_id == scope.key(what),
        *present(scope, tag),
    )
    return scalar(scope, select(column).where(*mine))


def _param(scope: Scope, what: Field, column: Sql) -> Sql:
    table, owner = PARAMS[scope.entity]
    return scalar(scope, select(column).where(owner == scope.id, table.c.key_id == scope.key(what)))


def present(scope: Scope, table: Any) -> list[Sql]:  # noqa: ANN401 - any temporal table
    """Conditions for the rows of a temporal table that hold now, or held at the time asked for."""
    if scope.at is None:
        return [table.c.valid_to.is_(None)]
    return valid_at(table.c.valid_from, table.c.valid_to, scope.at)


def carries_alias(scope: Scope, *conditions: Sql) -> Sql:
    """Whether the row has an alias that fits; never NULL."""
    owner = alias.c.version_id if scope.entity is Entity.VERSION else alias.c.asset_id
    found = select(literal(1)).where(owner == scope.id, *present(scope, alias), *conditions).limit(1)
    return scalar(scope, found).is_not(None)


def _attribute(scope: Scope, name: str) -> Sql:
    table = TABLES[scope.entity]
    if name == "created_by":
        return scalar(scope, select(principal.c.uid).where(principal.c.id == table.c.created_by))
    if name == "stage" and scope.at is not None:
        return scalar(scope, select(stage.c.name).where(stage.c.version_id == scope.id, *present(scope, stage)))
    if (scope.entity, name) == (Entity.VERSION, "has_signature"):
        return _has_signature(scope)
    if (scope.entity, name) == (Entity.ASSET, "downloads"):
        return _downloads(scope)
    if (scope.entity, name) in _ELSEWHERE:
        return scalar(scope, _ELSEWHERE[scope.entity, name])
    if scope.entity is Entity.TRACE and name == "ended_at":
        return trace.c.started_at + func.coalesce(trace.c.duration_us, 0)
    return table.c[{"created_at": "recorded_at", "size": "bytes", "span_count": "spans"}.get(name, name)]


def _namespace(owner: Any) -> Select[Any]:  # noqa: ANN401 - asset or experiment
    return select(namespace.c.path).where(namespace.c.id == owner.c.namespace_id)


def _of_asset(column: Sql) -> Select[Any]:
    return select(column).where(asset.c.id == version.c.asset_id)


def _packaged(column: Sql) -> Select[Any]:
    return select(column).where(packaging.c.tree == version.c.tree)


def _has_signature(scope: Scope) -> Sql:
    """Whether a signature was stated, or stands in the MLmodel file."""
    said = scalar(scope, _packaged(packaging.c.has_signature))
    return or_(version.c.signature != "{}", func.coalesce(said, false()))


def _downloads(scope: Scope) -> Sql:
    """Reads within the last days; whoever reads, of whichever version."""
    of, days = asset_reads.c.asset_id == scope.id, asset_reads.c.day > scope.today - DOWNLOADED_DAYS
    total = cast(func.coalesce(func.sum(asset_reads.c.reads), 0), BigInteger)
    return scalar(scope, select(total).where(of, days))


def _of_experiment(column: Sql, owned: Any = run) -> Select[Any]:  # noqa: ANN401 - run, logged_model or trace
    return select(column).where(experiment.c.id == owned.c.experiment_id)


def _of_experiments_namespace(owned: Any) -> Select[Any]:  # noqa: ANN401 - run, logged_model or trace
    return _of_experiment(namespace.c.path, owned).join(namespace, namespace.c.id == experiment.c.namespace_id)


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
    (Entity.VERSION, "source_uid"): select(_SOURCE.c.uid).where(_SOURCE.c.id == version.c.source_id),
    (Entity.RUN, "experiment"): _of_experiment(experiment.c.name),
    (Entity.RUN, "experiment_uid"): _of_experiment(experiment.c.uid),
    (Entity.RUN, "namespace"): _of_experiments_namespace(run),
    (Entity.LOGGED_MODEL, "experiment"): _of_experiment(experiment.c.name, logged_model),
    (Entity.LOGGED_MODEL, "experiment_uid"): _of_experiment(experiment.c.uid, logged_model),
    (Entity.LOGGED_MODEL, "namespace"): _of_experiments_namespace(logged_model),
    (Entity.LOGGED_MODEL, "run_uid"): select(run.c.uid).where(run.c.id == logged_model.c.run_id),
    (Entity.TRACE, "experiment"): _of_experiment(experiment.c.name, trace),
    (Entity.TRACE, "experiment_uid"): _of_experiment(experiment.c.uid, trace),
    (Entity.TRACE, "namespace"): _of_experiments_namespace(trace),
    (Entity.TRACE, "run_uid"): select(run.c.uid).where(run.c.id == trace.c.run_id),
    (Entity.RUN, "parent_uid"): select(_PARENT.c.uid).where(_PARENT.c.id == run.c.parent_id),
}

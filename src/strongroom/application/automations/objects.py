"""The object of an event as the filter language sees it, found under the caller's rights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from strongroom.application.call import Call, asset_target
from strongroom.application.lineage import consumption, graph
from strongroom.application.manifests import packaging
from strongroom.application.ports.events import StoredEvent
from strongroom.application.registry import assets, versions
from strongroom.application.tracking import experiments, logged_lookup, runs
from strongroom.application.tracking.logged_views import datasets_of
from strongroom.application.tracking.measuring import PARAMS_OF_MODEL_MOST
from strongroom.domain.automations.model import object_of
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Edge, Node, Vertex
from strongroom.domain.manifests.packaging import has_signature
from strongroom.domain.registry.model import Asset, Version
from strongroom.domain.search.ast import Expr, Field, Group, Part, Value, atoms
from strongroom.domain.search.evaluate import Reading, Record, evaluate
from strongroom.domain.search.schema import Entity
from strongroom.domain.search.words import words
from strongroom.domain.tracking.logged_models import Latest, LoggedModel
from strongroom.domain.tracking.model import Experiment, Run
from strongroom.domain.tracking.values import Summary

READINGS_MOST = 10_000
"""Keys and data sets of a logged model that a condition sees."""


def uid_of(call: Call, about: Entity, event: StoredEvent, details: Mapping[str, Any]) -> str | None:
    """Uid of the object of that kind that an event is about; None when it is about none."""
    found = object_of(about, event.subject_kind, event.subject_uid, event.asset_uid, details)
    if found is None and about is Entity.EXPERIMENT:
        run_uid = object_of(Entity.RUN, event.subject_kind, event.subject_uid, None, details)
        run = call.tx.runs.by_uid(call.workspace.id, run_uid) if run_uid else None
        return run.experiment_uid if run else None
    return found


def must_see(call: Call, about: Entity, uid: str) -> None:
    """:raises NotFound: the object is not there, or not for this caller."""
    match about:
        case Entity.ASSET:
            assets.by_uid(call, uid, Permission.ASSET_READ)
        case Entity.VERSION:
            versions.by_uid(call, uid, Permission.ASSET_READ)
        case Entity.EXPERIMENT:
            experiments.by_uid(call, uid, Permission.RUN_READ)
        case Entity.RUN:
            runs.by_uid(call, uid, Permission.RUN_READ)
        case Entity.LOGGED_MODEL:
            logged_lookup.by_uid(call, uid, Permission.RUN_READ)


def holds(call: Call, about: Entity, uid: str, condition: Expr) -> bool | None:
    """Whether a checked condition holds of the object now; None is unknown.

    :raises NotFound: the object is not there, or not for this caller.
    """
    return evaluate(condition, record(call, about, uid, condition), call.tx.search.matches)


def record(call: Call, about: Entity, uid: str, condition: Expr) -> Record:
    """The object with all that the condition asks of it."""
    wanted = [atom.field for atom in atoms(condition)]
    texts: tuple[str, ...]
    match about:
        case Entity.ASSET:
            asset = assets.by_uid(call, uid, Permission.ASSET_READ)
            texts, found = (asset.name, asset.display_name, asset.description, asset.card), _asset(call, asset)
        case Entity.VERSION:
            asset, version = versions.by_uid(call, uid, Permission.ASSET_READ)
            texts, found = (version.label or "", version.description), _version(call, asset, version, wanted)
        case Entity.EXPERIMENT:
            experiment = experiments.by_uid(call, uid, Permission.RUN_READ)
            texts, found = (experiment.name, experiment.description), _experiment(call, experiment)
        case Entity.LOGGED_MODEL:
            experiment, model = logged_lookup.by_uid(call, uid, Permission.RUN_READ)
            return _logged_model(call, experiment, model)
        case _:
            experiment, run = runs.by_uid(call, uid, Permission.RUN_READ)
            texts, found = (run.name, run.note), _run(call, experiment, run, wanted)
    asked = any(field.group is Group.TEXT for field in wanted)
    return replace(found, words=frozenset(words(texts))) if asked else found


def _columns(row: object, *names: str) -> dict[str, Value | None]:
    return {name: getattr(row, name) for name in names}


def _said(call: Call, kind: str, object_id: int) -> dict[str, Any]:
    tags = call.tx.tags.current(kind, [object_id]).get(object_id, ())
    properties = call.tx.tags.properties(kind, [object_id]).get(object_id, {})
    return {"tags": {tag.key: tag.value for tag in tags}, "properties": properties}


def _asset(call: Call, asset: Asset) -> Record:
    own = _columns(
        asset, "uid", "name", "kind", "type", "slug", "display_name", "description", "visibility", "gated",
        "created_by", "updated_at", "archived_at", "deleted_at",
    )  # fmt: skip
    place: dict[str, Value | None] = {
        "namespace": asset.namespace_path,
        "created_at": asset.recorded_at,
        "downloads": consumption.downloads(call, [asset.uid])[asset.uid].lately,
    }
    aliases = frozenset(alias.name for alias in call.tx.aliases.current(asset.id))
    return Record(asset.id, {**own, **place}, aliases=aliases, **_said(call, "asset", asset.id))


def _version(call: Call, asset: Asset, version: Version, wanted: list[Field]) -> Record:
    own = _columns(
        version, "uid", "number", "label", "stage", "description", "tree", "files", "unpinned", "locked", "run_uid",
        "origin", "created_by", "updated_at", "archived_at", "expires_at", "deleted_at",
    )  # fmt: skip
    of_asset = {"name": asset.name, "namespace": asset.namespace_path, "kind": asset.kind, "asset_uid": asset.uid}
    packaged = packaging.of_tree(call, version.tree)
    found = packaged.packaging if packaged else None
    more: dict[str, Value | None] = {
        "size": version.bytes,
        "created_at": version.recorded_at,
        "flavor": found.flavor if found else None,
        "flavor_version": found.version if found else None,
        "python_version": found.python_version if found else None,
        "has_signature": has_signature(version.signature, found),
        "source_uid": None,
    }
    if version.source_id is not None:
        more["source_uid"] = call.tx.versions.by_id(version.source_id).uid
    aliases = call.tx.aliases.of_versions([version.id]).get(version.id, ())
    names = frozenset(alias.name for alias in aliases)
    said = _said(call, "version", version.id)
    if any(field.group is Group.EVALUATION for field in wanted):
        said["evaluations"] = _evaluations(call, version, wanted)
    return Record(version.id, {**own, **of_asset, **more}, aliases=names, **said)


def _evaluations(call: Call, version: Version, wanted: list[Field]) -> dict[str, list[Reading]]:
    """What stands of its metrics, the newest on each data set. What one of ours is called is nobody's to claim."""
    asked = {field.on.name for field in wanted if field.group is Group.EVALUATION and field.on}
    visible = call.caller.access.visible(call.workspace.id)
    ours = {name: call.tx.evaluations.data_sets(call.workspace.id, name, visible) for name in sorted(asked)}
    names = {id_: name for name, ids in ours.items() for id_ in ids}
    found: dict[str, list[Reading]] = {}
    for one in call.tx.evaluations.standing(version.id, READINGS_MOST):
        claimed = None if ours.get(one.dataset) else one.dataset
        name = names.get(one.asset_id) if one.asset_id else claimed
        reading = Reading({Part.LAST: one.value}, name, one.digest, (one.rank,), one.newest)
        found.setdefault(one.metric, []).append(reading)
    return found


def _experiment(call: Call, experiment: Experiment) -> Record:
    own = _columns(experiment, "uid", "name", "description", "created_by", "updated_at", "deleted_at")
    space = experiment.namespace_path
    path = f"{space}/{experiment.name}" if space else experiment.name
    place: dict[str, Value | None] = {"namespace": space, "path": path, "created_at": experiment.recorded_at}
    return Record(experiment.id, {**own, **place}, tags=_said(call, "experiment", experiment.id)["tags"])


def _run(call: Call, experiment: Experiment, run: Run, wanted: list[Field]) -> Record:
    own = _columns(
        run, "uid", "name", "kind", "note", "experiment_uid", "parent_uid", "created_by", "started_at", "ended_at",
        "deleted_at",
    )  # fmt: skip
    place: dict[str, Value | None] = {
        "state": run.state.value,
        "experiment": experiment.name,
        "namespace": experiment.namespace_path,
        "created_at": run.recorded_at,
    }
    keys = sorted({field.name for field in wanted if field.group is Group.PARAM})
    metrics = sorted({field.name for field in wanted if field.group is Group.METRIC})
    params = call.tx.runs.params(run, keys) if keys else {}
    return Record(
        run.id,
        {**own, **place},
        **_said(call, "run", run.id),
        params={key: param.value for key, param in params.items()},
        datasets=_datasets(call, run) if any(field.group is Group.DATASET for field in wanted) else (),
        metrics={key: [Reading(parts(found))] for key in metrics if (found := _summary(call, run, key))},
    )


def _logged_model(call: Call, experiment: Experiment, model: LoggedModel) -> Record:
    own = _columns(
        model, "uid", "name", "type", "experiment_uid", "run_uid", "created_by", "updated_at", "deleted_at"
    )  # fmt: skip
    place: dict[str, Value | None] = {
        "status": model.status.value,
        "experiment": experiment.name,
        "namespace": experiment.namespace_path,
        "created_at": model.recorded_at,
    }
    _, params = call.tx.logged_models.params_of([model.id], PARAMS_OF_MODEL_MOST).get(model.id, (0, ()))
    _, latest = call.tx.logged_models.latest_of([model.id], READINGS_MOST).get(model.id, (0, ()))
    nodes = datasets_of(call, [one.measured for one in latest])
    metrics: dict[str, list[Reading]] = {}
    for one in latest:
        node = nodes.get(one.measured.dataset_id) if one.measured.dataset_id is not None else None
        metrics.setdefault(one.measured.key, []).append(reading(one, node))
    return Record(
        model.id,
        {**own, **place},
        tags=_said(call, "logged_model", model.id)["tags"],
        params={param.key: param.value for param in params},
        metrics=metrics,
        datasets=[{"name": node.name, "digest": node.digest} for node in nodes.values()],
    )


def reading(latest: Latest, node: Node | None) -> Reading:
    """What a condition may ask of a measurement."""
    point = latest.measured.point
    numbers = {Part.LAST: point.value, Part.STEP: point.step, Part.COUNT: latest.count}
    at = (point.time_us, point.step, latest.measured.dataset_id or 0)
    return Reading(numbers, node.name if node else None, node.digest if node else None, at)


def _datasets(call: Call, run: Run) -> list[dict[str, str | None]]:
    """The data sets that a run read: those of others, and of ours those that the caller may see."""
    edges = graph.inputs_of(call, run)
    nodes = call.tx.lineage.nodes([edge.source.id for edge in edges if edge.source.kind == "node"])
    found = call.tx.versions.by_ids([edge.source.id for edge in edges if edge.source.kind == "version"])
    owners = call.tx.assets.by_ids(sorted({version.asset_id for version in found.values()}))
    known: dict[Vertex, tuple[str, str | None]] = {
        Vertex("node", id_): (node.name, node.digest) for id_, node in nodes.items() if node.kind == "dataset"
    }
    for id_, version in found.items():
        owner = owners[version.asset_id]
        if owner.kind == "dataset" and call.caller.access.allows(Permission.ASSET_READ, asset_target(owner)):
            known[Vertex("version", id_)] = owner.name, version.tree
    return [
        {"name": known[edge.source][0], "digest": known[edge.source][1], "context": context_of(edge)}
        for edge in edges
        if edge.source in known
    ]


def context_of(edge: Edge) -> str | None:
    """What a data set was used for in a run."""
    context = edge.properties.get("context")
    return str(context) if context else None


def _summary(call: Call, run: Run, key: str) -> Summary | None:
    """The first series whose key begins so, in order, is the one of that very key, if there is one."""
    rows = call.tx.runs.summaries(run.id, prefix=key, after=None, limit=1)
    return next((summary for name, summary in rows if name == key), None)


def parts(summary: Summary) -> dict[Part, float]:
    """The numbers of a series that a condition may ask for."""
    return {
        Part.LAST: summary.last.value,
        Part.MIN: summary.least,
        Part.MAX: summary.greatest,
        Part.COUNT: summary.count,
        Part.STEP: summary.last.step,
    }

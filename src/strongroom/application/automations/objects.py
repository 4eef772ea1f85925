"""The object of an event as the filter language sees it, found under the caller's rights."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from strongroom.application.call import Call
from strongroom.application.manifests import packaging
from strongroom.application.ports.events import StoredEvent
from strongroom.application.registry import assets, versions
from strongroom.application.tracking import experiments, runs
from strongroom.domain.automations.model import object_of
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.packaging import has_signature
from strongroom.domain.registry.model import Asset, Version
from strongroom.domain.search.ast import Expr, Field, Group, Part, Value, atoms
from strongroom.domain.search.evaluate import Record, evaluate
from strongroom.domain.search.schema import Entity
from strongroom.domain.search.words import words
from strongroom.domain.tracking.model import Experiment, Run
from strongroom.domain.tracking.values import Summary


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
            texts, found = (version.label or "", version.description), _version(call, asset, version)
        case Entity.EXPERIMENT:
            experiment = experiments.by_uid(call, uid, Permission.RUN_READ)
            texts, found = (experiment.name, experiment.description), _experiment(call, experiment)
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
        asset, "uid", "name", "kind", "type", "slug", "display_name", "description", "visibility", "created_by",
        "updated_at", "archived_at", "deleted_at",
    )  # fmt: skip
    place: dict[str, Value | None] = {"namespace": asset.namespace_path, "created_at": asset.recorded_at}
    aliases = frozenset(alias.name for alias in call.tx.aliases.current(asset.id))
    return Record(asset.id, {**own, **place}, aliases=aliases, **_said(call, "asset", asset.id))


def _version(call: Call, asset: Asset, version: Version) -> Record:
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
    }
    aliases = call.tx.aliases.of_versions([version.id]).get(version.id, ())
    names = frozenset(alias.name for alias in aliases)
    return Record(version.id, {**own, **of_asset, **more}, aliases=names, **_said(call, "version", version.id))


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
        metrics={key: parts(found) for key in metrics if (found := _summary(call, run, key))},
    )


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

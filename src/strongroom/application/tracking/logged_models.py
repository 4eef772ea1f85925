"""Logged models: begun, found, finalised, deleted and restored. `measuring` takes what is recorded of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from strongroom.application.call import Call, check_etag
from strongroom.application.lineage import graph
from strongroom.application.paging import Key, Page, PageRequest, within_bytes
from strongroom.application.ports.logged_models import LoggedModelFilter
from strongroom.application.registry.assets import clean_tags
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.covering import cover
from strongroom.application.tracking.logged_lookup import by_uid, locked
from strongroom.application.tracking.logged_views import (
    LoggedModelView,
    logged_model_view,
    logged_model_views,
    logged_model_weight,
)
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.tracking.logged_models import (
    LoggedModel,
    ModelStatus,
    clean_model_name,
    clean_model_type,
    finalised,
    status_of,
)
from strongroom.domain.tracking.model import Experiment, Run
from strongroom.domain.tracking.source import maybe_claimed
from strongroom.domain.tracking.values import Param

PARAMS_MOST = 200
"""Params of a logged model in one request."""


@dataclass(frozen=True, slots=True)
class CreateLoggedModel:
    """A new logged model, pending until it is finalised.

    :param run_uid: the run of the same experiment that puts it out. :param step: at which step of it.
    :param claimed_at: when it was made elsewhere, microseconds since 1970 in UTC.
    """

    experiment_uid: str
    name: str
    type: str = ""
    run_uid: str | None = None
    step: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str | None] = field(default_factory=dict)
    claimed_at: int | None = None


@dataclass(frozen=True, slots=True)
class ListLoggedModels:
    """Which logged models of an experiment to list."""

    status: str | None = None
    type: str | None = None
    name: str | None = None
    run_uid: str | None = None
    trashed: bool = False


def clean_params(params: Mapping[str, str]) -> list[Param]:
    """Params from outside. :raises TooLarge: above 200. :raises Invalid: a key or value breaks its rule, or twice."""
    if len(params) > PARAMS_MOST:
        raise TooLarge(f"At most {PARAMS_MOST} params at a time.", limit=PARAMS_MOST)
    clean = [Param.of(key, value) for key, value in params.items()]
    if len({param.key for param in clean}) < len(clean):
        raise Invalid("Two of the keys are two spellings of one.")
    return clean


def create(call: Call, command: CreateLoggedModel) -> LoggedModelView:
    """Begin a logged model with a folder of its own.

    :raises NotFound: no such experiment or run. :raises Conflict: one of them is in the trash.
    :raises Invalid: the run belongs to another experiment.
    """
    found = experiments.by_uid(call, command.experiment_uid, Permission.RUN_WRITE)
    experiment = call.tx.experiments.hold(found.id)
    experiments.must_live(experiment)
    params, tags = clean_params(command.params), clean_tags(command.tags)
    run = _source(call, experiment, command.run_uid) if command.run_uid else None
    model = call.tx.logged_models.add(_new(call, experiment, run, command))
    call.tx.folders.add("logged_model", model.id, call.workspace.id)
    call.tx.logged_models.put_params(model, params)
    call.tx.tags.set(call.workspace.id, "logged_model", model.id, tags, call.actor.id)
    if params or tags:
        cover(call, model, {"params": {param.key: param.value for param in params}, "tags": tags})
    if run is not None:
        link_output(call, run, model, command.step)
    details = {"experiment": experiment.uid, "run": model.run_uid, "params": len(params)}
    call.record("logged_model.create", Subject("logged_model", model.uid), details)
    return logged_model_view(call, experiment, model)


def _source(call: Call, experiment: Experiment, run_uid: str) -> Run:
    """The run that puts a logged model out, running or ended: a model may be made of what an ended one left."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_WRITE)
    if run.experiment_id != experiment.id:
        raise Invalid("The run belongs to another experiment.")
    if run.deleted_at is not None:
        raise Conflict("The run is in the trash; restore it first.")
    return run


def _new(call: Call, experiment: Experiment, run: Run | None, command: CreateLoggedModel) -> LoggedModel:
    return LoggedModel(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        experiment_id=experiment.id,
        experiment_uid=experiment.uid,
        run_id=run.id if run else None,
        run_uid=run.uid if run else None,
        name=clean_model_name(command.name),
        type=clean_model_type(command.type),
        status=ModelStatus.PENDING,
        etag=1,
        created_by=call.actor.uid,
        recorded_at=call.now,
        updated_at=call.now,
        deleted_at=None,
        claimed_at=maybe_claimed(command.claimed_at),
    )


def link_output(call: Call, run: Run, model: LoggedModel, step: int | None) -> bool:
    """Say that a run put a model out, at a step when one is known; returns whether that is new."""
    here, there = Vertex("run", run.id), Vertex("logged_model", model.id)
    if step is None:
        return graph.link(call, here, EdgeType.OUTPUT, there)
    return graph.link(call, here, EdgeType.OUTPUT, there, {"step": step}, restate=True)


def get(call: Call, uid: str) -> LoggedModelView:
    """One logged model."""
    return logged_model_view(call, *by_uid(call, uid, Permission.RUN_READ))


def listed(call: Call, experiment_uid: str, query: ListLoggedModels, page: PageRequest) -> Page[LoggedModelView]:
    """Logged models of an experiment, newest first."""
    experiment = experiments.by_uid(call, experiment_uid, Permission.RUN_READ)
    run = runs.by_uid(call, query.run_uid, Permission.RUN_READ)[1] if query.run_uid else None
    wanted = LoggedModelFilter(
        status=status_of(query.status).value if query.status is not None else None,
        type=query.type,
        name=query.name,
        run_id=run.id if run else None,
        trashed=query.trashed,
    )
    listing = f"logged_models/{experiment.id}/{wanted}"
    rows = call.tx.logged_models.list(experiment, wanted, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, _place)
    build = partial(logged_model_views, call, experiment)
    return within_bytes(kept, build, logged_model_weight, lambda row: call.sealer.seal(listing, _place(row)))


def _place(model: LoggedModel) -> Key:
    return model.recorded_at, model.id


def finalise(call: Call, uid: str, status: str, etag: int | None = None) -> LoggedModelView:
    """Say that a logged model is ready or has failed; the same again changes nothing."""
    new = status_of(status)
    experiment, model = locked(call, uid, Permission.RUN_WRITE)
    check_etag(etag, model.etag)
    if finalised(model.status, new) is model.status:
        return logged_model_view(call, experiment, model)
    changed = call.tx.logged_models.update(model, status=new.value)
    call.record("logged_model.finalise", Subject("logged_model", uid), {"status": new.value, "run": model.run_uid})
    return logged_model_view(call, experiment, changed)


def delete(call: Call, uid: str, etag: int | None = None) -> LoggedModelView:
    """Move a logged model to the trash; it takes no writes there. Versions made of it stay."""
    experiment, model = locked(call, uid, Permission.RUN_DELETE)
    check_etag(etag, model.etag)
    changed = call.tx.logged_models.update(model, deleted_at=call.now)
    call.record("logged_model.delete", Subject("logged_model", uid))
    return logged_model_view(call, experiment, changed)


def restore(call: Call, uid: str) -> LoggedModelView:
    """Take a logged model out of the trash."""
    experiment, model = locked(call, uid, Permission.RUN_DELETE, live=False)
    if model.deleted_at is None:
        raise Conflict("The logged model is not in the trash.")
    changed = call.tx.logged_models.update(model, deleted_at=None)
    call.record("logged_model.restore", Subject("logged_model", uid))
    return logged_model_view(call, experiment, changed)


def views_in_order(call: Call, models: Sequence[LoggedModel]) -> list[LoggedModelView]:
    """Views of logged models that the caller may see, found by a search."""
    owners = call.tx.experiments.by_ids(sorted({model.experiment_id for model in models}))
    return logged_model_views(call, owners, models)

"""Logged models: begun, found, finalised, measured, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry.views import TagView
from strongroom.application.tracking import logged_models, measuring
from strongroom.application.tracking.logged_views import LoggedModelView, MeasuredView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.imports import ImportedBody, claimed, keep
from strongroom.dialects.native.operations.labels import RemoveTags
from strongroom.dialects.native.operations.metrics_wire import Integer, Key, Text, Value, Word, value_answer
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Uid
from strongroom.domain.identity.roles import Permission


class ListLoggedModels(PagedByUid, frozen=True, kw_only=True):
    """Which logged models of an experiment to list. `status` is `pending`, `ready` or `failed`."""

    status: str | None = None
    type: Word | None = None
    name: Name | None = None
    run_uid: Uid | None = None
    trashed: bool = False


class CreateLoggedModel(Struct, frozen=True, kw_only=True):
    """A new logged model, pending until it is finalised. `run_uid` is the run that puts it out, at `step`.

    `imported` says where it came from.
    """

    name: Name
    type: Word = ""
    run_uid: Uid | None = None
    step: Integer | None = None
    params: dict[str, Text] = {}
    tags: dict[str, str | None] = {}
    imported: ImportedBody | None = None


class Finalise(Struct, frozen=True, kw_only=True):
    """How it came out: `ready` or `failed`."""

    status: str = "ready"


class Measured(Struct, frozen=True, kw_only=True):
    """A point of a metric: measured by the run `run_uid` on the data set `dataset`, where they are known.

    `time_us` is microseconds since 1970; now when left out.
    """

    key: Key
    value: Value
    step: Integer = 0
    time_us: Integer | None = None
    run_uid: Uid | None = None
    dataset: Word | None = None
    dataset_digest: Word | None = None


class LogOfModel(Struct, frozen=True, kw_only=True):
    """What is recorded at once, all of it or nothing. Params are written once."""

    params: dict[str, Text] = {}
    points: Annotated[list[Measured], Meta(max_length=measuring.MEASURED_MOST)] = []
    tags: dict[str, str | None] = {}


class PointsOf(PagedByUid, frozen=True, kw_only=True):
    """One metric of a logged model."""

    key: Key


class MeasuredAnswer(Struct, frozen=True, kw_only=True):
    """One point of a metric: who measured it, on which data set."""

    key: str
    value: Value
    step: int
    time_us: int
    dataset: str | None
    dataset_digest: str | None
    run_uid: str | None


class LoggedModelAnswer(Struct, frozen=True, kw_only=True):
    """A logged model. `params` and `metrics` are the whole when as many as `params_total` and `metrics_total`.

    `metrics` are the latest of each key on each data set; `run_uid` is the run that put the model out.
    `claimed_at` is when it was made elsewhere, of one that was imported.
    """

    uid: str
    experiment_uid: str
    experiment: str
    run_uid: str | None
    name: str
    type: str
    status: str
    params: Mapping[str, str]
    params_total: int
    metrics: Sequence[MeasuredAnswer]
    metrics_total: int
    tags: Sequence[TagView]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    claimed_at: datetime | None


def _measured(view: MeasuredView) -> MeasuredAnswer:
    same = {name: getattr(view, name) for name in MeasuredAnswer.__struct_fields__ if name != "value"}
    return MeasuredAnswer(**same, value=value_answer(view.value))


def logged_model_answer(view: LoggedModelView) -> LoggedModelAnswer:
    """A logged model as it is sent."""
    same = {name: getattr(view, name) for name in LoggedModelAnswer.__struct_fields__ if name != "metrics"}
    return LoggedModelAnswer(**same, metrics=[_measured(one) for one in view.metrics])


@read(
    "logged_model.list",
    "/experiments/{uid}/logged-models",
    Permission.RUN_READ,
    "Logged models of an experiment, newest first",
    params=ListLoggedModels,
    answer=Page[LoggedModelAnswer],
)
def list_logged_models(call: Call, request: Request[ListLoggedModels, Any]) -> Page[LoggedModelAnswer]:
    p = request.params
    query = logged_models.ListLoggedModels(p.status, p.type, p.name, p.run_uid, p.trashed)
    return logged_models.listed(call, p.uid, query, p.page()).map(logged_model_answer)


@command(
    "logged_model.create",
    "POST",
    "/experiments/{uid}/logged-models",
    Permission.RUN_WRITE,
    "Begin a logged model with a folder of its own",
    params=ByUid,
    body=CreateLoggedModel,
    answer=LoggedModelAnswer,
    status=201,
)
def create_logged_model(call: Call, request: Request[ByUid, CreateLoggedModel]) -> LoggedModelAnswer:
    b = request.body
    made = logged_models.CreateLoggedModel(
        request.params.uid, b.name, b.type, b.run_uid, b.step, b.params, b.tags, claimed(b.imported)
    )
    view = logged_models.create(call, made)
    keep(call, "logged_model", view.uid, b.imported)
    return logged_model_answer(view)


@read(
    "logged_model.get",
    "/logged-models/{uid}",
    Permission.RUN_READ,
    "One logged model with what was measured of it",
    params=ByUid,
    answer=LoggedModelAnswer,
)
def get_logged_model(call: Call, request: Request[ByUid, Any]) -> LoggedModelAnswer:
    return logged_model_answer(logged_models.get(call, request.params.uid))


@command(
    "logged_model.finalise",
    "POST",
    "/logged-models/{uid}/finalise",
    Permission.RUN_WRITE,
    "Say that a logged model is ready or has failed",
    params=ByUid,
    body=Finalise,
    answer=LoggedModelAnswer,
)
def finalise_logged_model(call: Call, request: Request[ByUid, Finalise]) -> LoggedModelAnswer:
    return logged_model_answer(logged_models.finalise(call, request.params.uid, request.body.status, request.etag))


@command(
    "logged_model.log",
    "POST",
    "/logged-models/{uid}/log",
    Permission.RUN_WRITE,
    "Record params, measurements and tags of a logged model, all or none",
    params=ByUid,
    body=LogOfModel,
    answer=LoggedModelAnswer,
)
def log_of_model(call: Call, request: Request[ByUid, LogOfModel]) -> LoggedModelAnswer:
    body = request.body
    points = [measuring.Measure(**{**structs.asdict(p), "value": float(p.value)}) for p in body.points]
    batch = measuring.ModelBatch(body.params, points, body.tags)
    return logged_model_answer(measuring.log(call, request.params.uid, batch))


@command(
    "logged_model.untag",
    "POST",
    "/logged-models/{uid}/untag",
    Permission.RUN_WRITE,
    "Remove tags of a logged model",
    params=ByUid,
    body=RemoveTags,
    answer=LoggedModelAnswer,
)
def untag_logged_model(call: Call, request: Request[ByUid, RemoveTags]) -> LoggedModelAnswer:
    return logged_model_answer(measuring.remove_tags(call, request.params.uid, request.body.keys))


@read(
    "logged_model.points",
    "/logged-models/{uid}/points",
    Permission.RUN_READ,
    "The points of one metric of a logged model by step",
    params=PointsOf,
    answer=Page[MeasuredAnswer],
)
def points_of_model(call: Call, request: Request[PointsOf, Any]) -> Page[MeasuredAnswer]:
    p = request.params
    return measuring.points(call, p.uid, p.key, p.page()).map(_measured)


@command(
    "logged_model.delete",
    "DELETE",
    "/logged-models/{uid}",
    Permission.RUN_DELETE,
    "Move a logged model to the trash; versions made of it stay",
    params=ByUid,
    answer=LoggedModelAnswer,
)
def delete_logged_model(call: Call, request: Request[ByUid, Any]) -> LoggedModelAnswer:
    return logged_model_answer(logged_models.delete(call, request.params.uid, request.etag))


@command(
    "logged_model.restore",
    "POST",
    "/logged-models/{uid}/restore",
    Permission.RUN_DELETE,
    "Take a logged model out of the trash",
    params=ByUid,
    answer=LoggedModelAnswer,
)
def restore_logged_model(call: Call, request: Request[ByUid, Any]) -> LoggedModelAnswer:
    return logged_model_answer(logged_models.restore(call, request.params.uid))


OPERATIONS = (
    list_logged_models,
    create_logged_model,
    get_logged_model,
    finalise_logged_model,
    log_of_model,
    untag_logged_model,
    points_of_model,
    delete_logged_model,
    restore_logged_model,
)

"""Runs: begun, found, ended, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry.views import TagView
from strongroom.application.tracking import runs
from strongroom.application.tracking.views import (
    RunView,
)
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.operations.imports import ImportedBody, keep
from strongroom.dialects.native.operations.metrics_wire import (
    MetricAnswer,
    Word,
    metric_answer,
)
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Sha256, Time, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.source import ENVIRONMENT_LARGEST, LONGEST, REPOSITORY_LONGEST, Source

SourceText = Annotated[str, Meta(max_length=LONGEST)]


class SourceBody(Struct, frozen=True, kw_only=True):
    """Where the code of a run came from; what is unknown is null."""

    repository: Annotated[str, Meta(max_length=REPOSITORY_LONGEST)] | None = None
    commit: SourceText | None = None
    branch: SourceText | None = None
    entry_point: SourceText | None = None
    dirty: bool | None = None
    dirty_diff_digest: Sha256 | None = None

    def source(self) -> Source:
        """The same for the use cases."""
        return Source(**structs.asdict(self))


class CreateRun(Struct, frozen=True, kw_only=True):
    """A new run. `environment` is the lock text of what is installed; `imported` says where it came from."""

    name: Word = ""
    kind: Word = "training"
    parent_uid: Uid | None = None
    note: str = ""
    source: SourceBody = SourceBody()
    environment: Annotated[str, Meta(max_length=ENVIRONMENT_LARGEST)] = ""
    started_at: Time | None = None
    tags: dict[str, str | None] = {}
    imported: ImportedBody | None = None


class UpdateRun(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays."""

    name: Word | None = None
    note: str | None = None
    source: SourceBody | None = None


class EndRun(Struct, frozen=True, kw_only=True):
    """How a run ended: `finished`, `failed` or `killed`."""

    state: str = "finished"
    ended_at: Time | None = None


class ListRuns(PagedByUid, frozen=True, kw_only=True):
    """Which runs of an experiment to list."""

    state: str | None = None
    kind: Word | None = None
    name_prefix: Name | None = None
    parent_uid: Uid | None = None
    trashed: bool = False


class EnvironmentAnswer(Struct, frozen=True, kw_only=True):
    """The lock text of what was installed."""

    environment: str


class RunAnswer(Struct, frozen=True, kw_only=True):
    """A run. `params` and `metrics` are the whole when as many as `params_total` and `metrics_total`.

    `summary` is what the client set. `inputs` and `outputs` count edges of lineage. `started_at` and `ended_at` are
    claimed by the client.
    """

    uid: str
    experiment_uid: str
    experiment: str
    parent_uid: str | None
    name: str
    kind: str
    state: str
    note: str
    source: Mapping[str, Any]
    environment_digest: str | None
    params: Mapping[str, str]
    params_total: int
    metrics: Mapping[str, MetricAnswer]
    metrics_total: int
    summary: Mapping[str, Scalar]
    tags: Sequence[TagView]
    inputs: int
    outputs: int
    etag: int
    created_by: str
    started_at: datetime
    ended_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None


def run_answer(view: RunView) -> RunAnswer:
    """A run as it is sent."""
    same = {name: getattr(view, name) for name in RunAnswer.__struct_fields__ if name != "metrics"}
    return RunAnswer(**same, metrics={key: metric_answer(metric) for key, metric in view.metrics.items()})


def _claimed(time: datetime | None) -> int | None:
    """A time that is kept: one out of range is refused by the use case, not moved into it."""
    return None if time is None else microseconds(time)


@read(
    "run.list",
    "/experiments/{uid}/runs",
    Permission.RUN_READ,
    "Runs of an experiment, latest start first",
    params=ListRuns,
    answer=Page[RunAnswer],
)
def list_runs(call: Call, request: Request[ListRuns, Any]) -> Page[RunAnswer]:
    p = request.params
    query = runs.ListRuns(p.state, p.kind, p.name_prefix, p.parent_uid, trashed=p.trashed)
    return runs.listed(call, p.uid, query, p.page()).map(run_answer)


@command(
    "run.create",
    "POST",
    "/experiments/{uid}/runs",
    Permission.RUN_WRITE,
    "Begin a run with a folder of its own",
    params=ByUid,
    body=CreateRun,
    answer=RunAnswer,
    status=201,
)
def create_run(call: Call, request: Request[ByUid, CreateRun]) -> RunAnswer:
    body = request.body
    made = runs.CreateRun(
        request.params.uid,
        body.name,
        body.kind,
        body.parent_uid,
        body.note,
        body.source.source(),
        body.environment,
        _claimed(body.started_at),
        body.tags,
    )
    view = runs.create(call, made)
    keep(call, "run", view.uid, body.imported)
    return run_answer(view)


@read(
    "run.get",
    "/runs/{uid}",
    Permission.RUN_READ,
    "One run with what it recorded",
    params=ByUid,
    answer=RunAnswer,
)
def get_run(call: Call, request: Request[ByUid, Any]) -> RunAnswer:
    return run_answer(runs.get(call, request.params.uid))


@command(
    "run.update",
    "PATCH",
    "/runs/{uid}",
    Permission.RUN_WRITE,
    "Change what is said of a run",
    params=ByUid,
    body=UpdateRun,
    answer=RunAnswer,
)
def update_run(call: Call, request: Request[ByUid, UpdateRun]) -> RunAnswer:
    body = request.body
    changes = runs.UpdateRun(body.name, body.note, body.source.source() if body.source else None)
    return run_answer(runs.update(call, request.params.uid, changes, request.etag))


@command(
    "run.end",
    "POST",
    "/runs/{uid}/end",
    Permission.RUN_WRITE,
    "End a run; what it recorded is sealed in the audit log",
    params=ByUid,
    body=EndRun,
    answer=RunAnswer,
)
def end_run(call: Call, request: Request[ByUid, EndRun]) -> RunAnswer:
    return run_answer(runs.end(call, request.params.uid, request.body.state, _claimed(request.body.ended_at)))


@command(
    "run.resume",
    "POST",
    "/runs/{uid}/resume",
    Permission.RUN_WRITE,
    "Open an ended run for writing again",
    params=ByUid,
    answer=RunAnswer,
)
def resume_run(call: Call, request: Request[ByUid, Any]) -> RunAnswer:
    return run_answer(runs.resume(call, request.params.uid))


@command(
    "run.delete",
    "DELETE",
    "/runs/{uid}",
    Permission.RUN_DELETE,
    "Move a run to the trash",
    params=ByUid,
    answer=RunAnswer,
)
def delete_run(call: Call, request: Request[ByUid, Any]) -> RunAnswer:
    return run_answer(runs.delete(call, request.params.uid, request.etag))


@command(
    "run.restore",
    "POST",
    "/runs/{uid}/restore",
    Permission.RUN_DELETE,
    "Take a run out of the trash",
    params=ByUid,
    answer=RunAnswer,
)
def restore_run(call: Call, request: Request[ByUid, Any]) -> RunAnswer:
    return run_answer(runs.restore(call, request.params.uid))


@read(
    "run.environment",
    "/runs/{uid}/environment",
    Permission.RUN_READ,
    "What was installed where a run ran",
    params=ByUid,
    answer=EnvironmentAnswer,
)
def environment(call: Call, request: Request[ByUid, Any]) -> EnvironmentAnswer:
    return EnvironmentAnswer(environment=runs.environment(call, request.params.uid))


OPERATIONS = (
    list_runs,
    create_run,
    get_run,
    update_run,
    end_run,
    resume_run,
    delete_run,
    restore_run,
    environment,
)

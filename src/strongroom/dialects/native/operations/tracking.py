"""Experiments and runs: what runs record, how it is read back, what they read and put out.

JSON has no NaN and no infinities: they are the texts `NaN`, `Infinity` and `-Infinity`, in bodies and in answers.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Page
from strongroom.application.registry.views import TagView
from strongroom.application.tracking import experiments, inputs, recording, runs
from strongroom.application.tracking.views import (
    ExperimentView,
    KeyedMetricView,
    LoggedView,
    MetricView,
    PointView,
    RunView,
)
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import RemoveTags, Scalar
from strongroom.dialects.native.operations.workspaces import Describe
from strongroom.dialects.native.wire import ByUid, Name, Paged, PagedByUid, Path, Sha256, Time, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.source import ENVIRONMENT_LARGEST, LONGEST, REPOSITORY_LONGEST, Source
from strongroom.domain.tracking.values import PARAM_LONGEST, POINTS_MOST

Value = float | Literal["NaN", "Infinity", "-Infinity"]
Key = Annotated[str, Meta(min_length=1, max_length=1000, description="At most 250 characters in Unicode's NFC.")]
Text = Annotated[str, Meta(max_length=PARAM_LONGEST)]
SourceText = Annotated[str, Meta(max_length=LONGEST)]
Word = Annotated[str, Meta(max_length=255)]
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class ListExperiments(Paged, frozen=True, kw_only=True):
    """Which experiments to list; a namespace means those below it too. `state` is `active`, `trashed` or `all`."""

    namespace: Path | None = None
    name_prefix: Name | None = None
    state: str = "active"


class FindExperiment(Struct, frozen=True, kw_only=True):
    """An experiment by its namespace and name."""

    name: Name
    namespace: Path = ""


class CreateExperiment(Struct, frozen=True, kw_only=True):
    """A new experiment; missing namespaces are made."""

    name: Name
    namespace: Path = ""
    description: str = ""


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
    """A new run. `environment` is the lock text of what is installed."""

    name: Word = ""
    kind: Word = "training"
    parent_uid: Uid | None = None
    note: str = ""
    source: SourceBody = SourceBody()
    environment: Annotated[str, Meta(max_length=ENVIRONMENT_LARGEST)] = ""
    started_at: Time | None = None
    tags: dict[str, str | None] = {}


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


class SearchRuns(Struct, frozen=True, kw_only=True):
    """Which runs of an experiment to list, by what their params are too; params are compared as texts."""

    state: str | None = None
    kind: Word | None = None
    name_prefix: Name | None = None
    parent_uid: Uid | None = None
    params: Annotated[dict[Key, Text], Meta(max_length=runs.PARAM_FILTERS_MOST)] = {}
    trashed: bool = False


class LogParam(Struct, frozen=True, kw_only=True):
    """A param. `mode` is `once`, or `replace` when it may get another value later."""

    key: Key
    value: Text
    mode: str = "once"


class LogPoint(Struct, frozen=True, kw_only=True):
    """A point of a series. `time_us` is microseconds since 1970; now when left out."""

    key: Key
    value: Value
    step: Integer = 0
    time_us: Integer | None = None


class Log(Struct, frozen=True, kw_only=True):
    """What is recorded at once: all of it or nothing."""

    params: Annotated[list[LogParam], Meta(max_length=recording.PARAMS_MOST)] = []
    points: Annotated[list[LogPoint], Meta(max_length=POINTS_MOST)] = []
    tags: dict[str, str | None] = {}


class SeriesOf(PagedByUid, frozen=True, kw_only=True):
    """One series of a run."""

    key: Key


class Latest(PagedByUid, frozen=True, kw_only=True):
    """The series of a run in short; `prefix` takes only keys that begin so."""

    prefix: Key | None = None


class Item(Struct, frozen=True, kw_only=True):
    """What a run read or put out: a version by its uid, or else a data set by name. `context` is what it was for."""

    version_uid: Uid | None = None
    name: Word = ""
    kind: Word = "dataset"
    type: Word = ""
    digest: Word | None = None
    uri: Annotated[str, Meta(max_length=2000)] | None = None
    context: Word | None = None
    properties: dict[str, Scalar] = {}


class AddInputs(Struct, frozen=True, kw_only=True):
    """What a run reads."""

    inputs: Annotated[list[Item], Meta(min_length=1, max_length=inputs.INPUTS_MOST)]


class AddOutputs(Struct, frozen=True, kw_only=True):
    """What a run put out."""

    outputs: Annotated[list[Item], Meta(min_length=1, max_length=inputs.INPUTS_MOST)]


class MetricAnswer(Struct, frozen=True, kw_only=True):
    """A series in short. `last` is at the greatest step; `least` and `greatest` are NaN only if every value is."""

    last: Value
    last_step: int
    last_time_us: int
    least: Value
    greatest: Value
    count: int


class KeyedMetricAnswer(Struct, frozen=True, kw_only=True):
    """A series in short, with its key."""

    key: str
    metric: MetricAnswer


class PointAnswer(Struct, frozen=True, kw_only=True):
    """One point of a series; step and time (microseconds since 1970) as claimed."""

    step: int
    time_us: int
    value: Value


class EnvironmentAnswer(Struct, frozen=True, kw_only=True):
    """The lock text of what was installed."""

    environment: str


class RunAnswer(Struct, frozen=True, kw_only=True):
    """A run. `params` and `metrics` are the whole when as many as `params_total` and `metrics_total`.

    `inputs` and `outputs` count edges of lineage. `started_at` and `ended_at` are claimed by the client.
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
    tags: Sequence[TagView]
    inputs: int
    outputs: int
    etag: int
    created_by: str
    started_at: datetime
    ended_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None


def _value(number: float) -> Value:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _metric(view: MetricView) -> MetricAnswer:
    return MetricAnswer(
        last=_value(view.last),
        last_step=view.last_step,
        last_time_us=view.last_time_us,
        least=_value(view.least),
        greatest=_value(view.greatest),
        count=view.count,
    )


def _keyed(view: KeyedMetricView) -> KeyedMetricAnswer:
    return KeyedMetricAnswer(key=view.key, metric=_metric(view.metric))


def _point(view: PointView) -> PointAnswer:
    return PointAnswer(step=view.step, time_us=view.time_us, value=_value(view.value))


def _run(view: RunView) -> RunAnswer:
    same = {name: getattr(view, name) for name in RunAnswer.__struct_fields__ if name != "metrics"}
    return RunAnswer(**same, metrics={key: _metric(metric) for key, metric in view.metrics.items()})


def _claimed(time: datetime | None) -> int | None:
    """A time that is kept: one out of range is refused by the use case, not moved into it."""
    return None if time is None else microseconds(time)


def _batch(body: Log) -> recording.Batch:
    params = [recording.LogParam(p.key, p.value, p.mode) for p in body.params]
    points = [recording.LogPoint(p.key, float(p.value), p.step, p.time_us) for p in body.points]
    return recording.Batch(params, points, body.tags)


def _items(items: Sequence[Item]) -> list[inputs.Input]:
    return [inputs.Input(**structs.asdict(item)) for item in items]


@read(
    "experiment.list",
    "/experiments",
    Permission.RUN_READ,
    "Experiments that you may see, newest first",
    params=ListExperiments,
    answer=Page[ExperimentView],
)
def list_experiments(call: Call, request: Request[ListExperiments, Any]) -> Page[ExperimentView]:
    p = request.params
    return experiments.listed(call, experiments.ListExperiments(p.namespace, p.name_prefix, p.state), p.page())


@command(
    "experiment.create",
    "POST",
    "/experiments",
    Permission.RUN_WRITE,
    "Create an experiment",
    body=CreateExperiment,
    answer=ExperimentView,
    status=201,
)
def create_experiment(call: Call, request: Request[Any, CreateExperiment]) -> ExperimentView:
    return experiments.create(call, experiments.CreateExperiment(**structs.asdict(request.body)))


@read(
    "experiment.find",
    "/experiments/by-name",
    Permission.RUN_READ,
    "The experiment of that name, in the trash too",
    params=FindExperiment,
    answer=ExperimentView,
)
def find_experiment(call: Call, request: Request[FindExperiment, Any]) -> ExperimentView:
    return experiments.by_name(call, request.params.namespace, request.params.name)


@read(
    "experiment.get",
    "/experiments/{uid}",
    Permission.RUN_READ,
    "One experiment",
    params=ByUid,
    answer=ExperimentView,
)
def get_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.get(call, request.params.uid)


@command(
    "experiment.update",
    "PATCH",
    "/experiments/{uid}",
    Permission.RUN_WRITE,
    "Describe an experiment",
    params=ByUid,
    body=Describe,
    answer=ExperimentView,
)
def update_experiment(call: Call, request: Request[ByUid, Describe]) -> ExperimentView:
    return experiments.update(call, request.params.uid, request.body.description, request.etag)


@command(
    "experiment.delete",
    "DELETE",
    "/experiments/{uid}",
    Permission.RUN_DELETE,
    "Move an experiment to the trash; its name stays taken",
    params=ByUid,
    answer=ExperimentView,
)
def delete_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.delete(call, request.params.uid, request.etag)


@command(
    "experiment.restore",
    "POST",
    "/experiments/{uid}/restore",
    Permission.RUN_DELETE,
    "Take an experiment out of the trash",
    params=ByUid,
    answer=ExperimentView,
)
def restore_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.restore(call, request.params.uid)


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
    return runs.listed(call, p.uid, query, p.page()).map(_run)


@read(
    "run.search",
    "/experiments/{uid}/runs/search",
    Permission.RUN_READ,
    "Runs of an experiment by their params, latest start first",
    method="POST",
    params=PagedByUid,
    body=SearchRuns,
    answer=Page[RunAnswer],
)
def search_runs(call: Call, request: Request[PagedByUid, SearchRuns]) -> Page[RunAnswer]:
    query = runs.ListRuns(**structs.asdict(request.body))
    return runs.listed(call, request.params.uid, query, request.params.page()).map(_run)


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
    return _run(runs.create(call, made))


@read("run.get", "/runs/{uid}", Permission.RUN_READ, "One run with what it recorded", params=ByUid, answer=RunAnswer)
def get_run(call: Call, request: Request[ByUid, Any]) -> RunAnswer:
    return _run(runs.get(call, request.params.uid))


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
    return _run(runs.update(call, request.params.uid, changes, request.etag))


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
    return _run(runs.end(call, request.params.uid, request.body.state, _claimed(request.body.ended_at)))


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
    return _run(runs.resume(call, request.params.uid))


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
    return _run(runs.delete(call, request.params.uid, request.etag))


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
    return _run(runs.restore(call, request.params.uid))


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


@command(
    "run.log",
    "POST",
    "/runs/{uid}/log",
    Permission.RUN_WRITE,
    "Record params, points and tags, all or none",
    params=ByUid,
    body=Log,
    answer=LoggedView,
)
def log(call: Call, request: Request[ByUid, Log]) -> LoggedView:
    return recording.log(call, request.params.uid, _batch(request.body))


@command(
    "run.untag",
    "POST",
    "/runs/{uid}/untag",
    Permission.RUN_WRITE,
    "Remove tags of a run",
    params=ByUid,
    body=RemoveTags,
    answer=LoggedView,
)
def untag(call: Call, request: Request[ByUid, RemoveTags]) -> LoggedView:
    return recording.remove_tags(call, request.params.uid, request.body.keys)


@command(
    "run.add_inputs",
    "POST",
    "/runs/{uid}/inputs",
    Permission.RUN_WRITE,
    "Say what a run reads",
    params=ByUid,
    body=AddInputs,
    answer=list[VertexView],
)
def add_inputs(call: Call, request: Request[ByUid, AddInputs]) -> list[VertexView]:
    return inputs.add_inputs(call, request.params.uid, _items(request.body.inputs))


@command(
    "run.add_outputs",
    "POST",
    "/runs/{uid}/outputs",
    Permission.RUN_WRITE,
    "Say what a run put out, apart from versions registered from it",
    params=ByUid,
    body=AddOutputs,
    answer=list[VertexView],
)
def add_outputs(call: Call, request: Request[ByUid, AddOutputs]) -> list[VertexView]:
    return inputs.add_outputs(call, request.params.uid, _items(request.body.outputs))


@read(
    "metric.latest",
    "/runs/{uid}/metrics",
    Permission.RUN_READ,
    "The series of a run in short, by key",
    params=Latest,
    answer=Page[KeyedMetricAnswer],
)
def latest(call: Call, request: Request[Latest, Any]) -> Page[KeyedMetricAnswer]:
    p = request.params
    return recording.latest(call, p.uid, p.prefix, p.page()).map(_keyed)


@read(
    "metric.series",
    "/runs/{uid}/series",
    Permission.RUN_READ,
    "The points of one series by step",
    params=SeriesOf,
    answer=Page[PointAnswer],
)
def series(call: Call, request: Request[SeriesOf, Any]) -> Page[PointAnswer]:
    p = request.params
    return recording.series(call, p.uid, p.key, p.page()).map(_point)


OPERATIONS = (
    list_experiments,
    create_experiment,
    find_experiment,
    get_experiment,
    update_experiment,
    delete_experiment,
    restore_experiment,
    list_runs,
    search_runs,
    create_run,
    get_run,
    update_run,
    end_run,
    resume_run,
    delete_run,
    restore_run,
    environment,
    log,
    untag,
    add_inputs,
    add_outputs,
    latest,
    series,
)

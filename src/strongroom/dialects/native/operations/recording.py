"""What runs record, and how it is read back."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Page
from strongroom.application.tracking import inputs, recording
from strongroom.application.tracking.views import (
    KeyedMetricView,
    LoggedView,
    PointView,
)
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.operations.labels import RemoveTags
from strongroom.dialects.native.operations.metrics_wire import (
    Key,
    MetricAnswer,
    Text,
    Value,
    Word,
    metric_answer,
    value_answer,
)
from strongroom.dialects.native.wire import ByUid, PagedByUid, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.values import POINTS_MOST

Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


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


class Summary(Struct, frozen=True, kw_only=True):
    """Values that stand for the run; null removes a key."""

    values: dict[str, Scalar]


class SeriesOf(PagedByUid, frozen=True, kw_only=True):
    """One series of a run."""

    key: Key


class Latest(PagedByUid, frozen=True, kw_only=True):
    """The series of a run in short; `prefix` takes only keys that begin so."""

    prefix: Key | None = None


class Item(Struct, frozen=True, kw_only=True):
    """What a run read or put out: a version or logged model by its uid, or else a data set by name.

    `context` is what it was for, `step` when in the run.
    """

    version_uid: Uid | None = None
    logged_model_uid: Uid | None = None
    name: Word = ""
    kind: Word = "dataset"
    type: Word = ""
    digest: Word | None = None
    uri: Annotated[str, Meta(max_length=2000)] | None = None
    context: Word | None = None
    step: Integer | None = None
    properties: dict[str, Scalar] = {}


class AddInputs(Struct, frozen=True, kw_only=True):
    """What a run reads."""

    inputs: Annotated[list[Item], Meta(min_length=1, max_length=inputs.INPUTS_MOST)]


class AddOutputs(Struct, frozen=True, kw_only=True):
    """What a run put out."""

    outputs: Annotated[list[Item], Meta(min_length=1, max_length=inputs.INPUTS_MOST)]


class KeyedMetricAnswer(Struct, frozen=True, kw_only=True):
    """A series in short, with its key."""

    key: str
    metric: MetricAnswer


class PointAnswer(Struct, frozen=True, kw_only=True):
    """One point of a series; step and time (microseconds since 1970) as claimed."""

    step: int
    time_us: int
    value: Value


def _keyed(view: KeyedMetricView) -> KeyedMetricAnswer:
    return KeyedMetricAnswer(key=view.key, metric=metric_answer(view.metric))


def _point(view: PointView) -> PointAnswer:
    return PointAnswer(step=view.step, time_us=view.time_us, value=value_answer(view.value))


def _batch(body: Log) -> recording.Batch:
    params = [recording.LogParam(p.key, p.value, p.mode) for p in body.params]
    points = [recording.LogPoint(p.key, float(p.value), p.step, p.time_us) for p in body.points]
    return recording.Batch(params, points, body.tags)


def _items(items: Sequence[Item]) -> list[inputs.Input]:
    return [inputs.Input(**structs.asdict(item)) for item in items]


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
    "run.summarise",
    "POST",
    "/runs/{uid}/summary",
    Permission.RUN_WRITE,
    "Set summary values of a run, ended or not",
    params=ByUid,
    body=Summary,
    answer=LoggedView,
)
def summarise(call: Call, request: Request[ByUid, Summary]) -> LoggedView:
    return recording.set_summary(call, request.params.uid, request.body.values)


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
    log,
    untag,
    summarise,
    add_inputs,
    add_outputs,
    latest,
    series,
)

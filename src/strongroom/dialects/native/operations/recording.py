"""What runs record. `series` reads it back."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.lineage.views import VertexView
from strongroom.application.tracking import inputs, recording
from strongroom.application.tracking.other_series import LogOther as LogOtherSeries
from strongroom.application.tracking.rows import LogRow as LoggedRow
from strongroom.application.tracking.views import LoggedView
from strongroom.dialects.native.operation import Request, Struct, command
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.operations.labels import RemoveTags
from strongroom.dialects.native.operations.metrics_wire import Integer, Key, Text, Value, Word, numbers
from strongroom.dialects.native.wire import ByUid, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.rows import ROWS_MOST
from strongroom.domain.tracking.values import POINTS_MOST


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


class LogSeries(Struct, frozen=True, kw_only=True):
    """Points of one series as columns of equal length: the quick form. Steps are 0 and times now when left out."""

    key: Key
    values: Annotated[list[Value], Meta(max_length=POINTS_MOST)]
    steps: Annotated[list[Integer], Meta(max_length=POINTS_MOST)] | None = None
    times_us: Annotated[list[Integer], Meta(max_length=POINTS_MOST)] | None = None


class LogOther(Struct, frozen=True, kw_only=True):
    """Points of a series whose values are no numbers: of kind `text`, `json`, `histogram` or `file`.

    A histogram is an object with `edges` and `counts`, a file the path of one in the run's folder.
    """

    key: Key
    kind: Word
    values: Annotated[list[Any], Meta(max_length=POINTS_MOST)]
    steps: Annotated[list[Integer], Meta(max_length=POINTS_MOST)] | None = None
    times_us: Annotated[list[Integer], Meta(max_length=POINTS_MOST)] | None = None


class LogRow(Struct, frozen=True, kw_only=True):
    """Values of several series that belong together, under a number: sent again it is the same write.

    `row` is the number behind the run's greatest when left out, `step` the row's number, `time_us` now. `texts` and
    `json` are of series whose values are texts and JSON.
    """

    row: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    values: dict[Key, Value] = {}
    texts: dict[Key, str] = {}
    json: dict[Key, Any] = {}
    step: Integer | None = None
    time_us: Integer | None = None


class Log(Struct, frozen=True, kw_only=True):
    """What is recorded at once: all of it or nothing. `series` says the same as `points`, more quickly."""

    params: Annotated[list[LogParam], Meta(max_length=recording.PARAMS_MOST)] = []
    points: Annotated[list[LogPoint], Meta(max_length=POINTS_MOST)] = []
    tags: dict[str, str | None] = {}
    series: Annotated[list[LogSeries], Meta(max_length=POINTS_MOST)] = []
    others: Annotated[list[LogOther], Meta(max_length=POINTS_MOST)] = []
    rows: Annotated[list[LogRow], Meta(max_length=ROWS_MOST)] = []


class Summary(Struct, frozen=True, kw_only=True):
    """Values that stand for the run; null removes a key."""

    values: dict[str, Scalar]


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


def _batch(body: Log) -> recording.Batch:
    params = [recording.LogParam(p.key, p.value, p.mode) for p in body.params]
    points = [recording.LogPoint(p.key, float(p.value), p.step, p.time_us) for p in body.points]
    series = [recording.LogSeries(s.key, numbers(s.values), s.steps, s.times_us) for s in body.series]
    others = [LogOtherSeries(s.key, s.kind, s.values, s.steps, s.times_us) for s in body.others]
    rows = [
        LoggedRow(r.row, {key: float(value) for key, value in r.values.items()}, r.texts, r.json, r.step, r.time_us)
        for r in body.rows
    ]
    return recording.Batch(params, points, body.tags, series, others, rows=rows)


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


OPERATIONS = (log, untag, summarise, add_inputs, add_outputs)

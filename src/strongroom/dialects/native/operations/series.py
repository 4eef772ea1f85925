"""Series read back: pages of points, columns, samples, several side by side."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.tracking import recording
from strongroom.application.tracking import rows as rows_of
from strongroom.application.tracking import series as series_of
from strongroom.application.tracking.rows import RowView
from strongroom.application.tracking.series import COLUMNS_MOST, COMPARED_MOST, SAMPLES_MOST, Compare
from strongroom.application.tracking.stretches import Span
from strongroom.application.tracking.views import ColumnsView, KeyedMetricView, OtherSeriesView, PointView
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.operations.metrics_wire import (
    Integer,
    Key,
    MetricAnswer,
    Value,
    metric_answer,
    value_answer,
    value_answers,
)
from strongroom.dialects.native.wire import ByUid, PagedByUid, PageToken, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.points import Kind
from strongroom.domain.tracking.sampling import FEWEST

LEAST, GREATEST = -(2**63), 2**63 - 1
Samples = Annotated[int, Meta(ge=FEWEST, le=SAMPLES_MOST)]


class SeriesOf(PagedByUid, frozen=True, kw_only=True):
    """One series of a run."""

    key: Key


class Latest(PagedByUid, frozen=True, kw_only=True):
    """The series of a run in short; `prefix` takes only keys that begin so."""

    prefix: Key | None = None


class Columns(ByUid, frozen=True, kw_only=True):
    """Points of one series between two steps, both included."""

    key: Key
    from_step: Integer = LEAST
    to_step: Integer = GREATEST
    limit: Annotated[int, Meta(ge=1, le=COLUMNS_MOST)] = COLUMNS_MOST
    page_token: PageToken | None = None


class Sample(ByUid, frozen=True, kw_only=True):
    """At most `samples` points of one series between two steps, both included."""

    key: Key
    samples: Samples = 1_000
    from_step: Integer = LEAST
    to_step: Integer = GREATEST


class CompareBody(Struct, frozen=True, kw_only=True):
    """Each of these keys of each of these runs, sampled."""

    run_uids: Annotated[list[Uid], Meta(min_length=1, max_length=COMPARED_MOST)]
    keys: Annotated[list[Key], Meta(min_length=1, max_length=COMPARED_MOST)]
    samples: Samples = 500
    from_step: Integer = LEAST
    to_step: Integer = GREATEST


class RowsOf(PagedByUid, frozen=True, kw_only=True):
    """Rows of a run, from a number on."""

    from_row: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class RowAnswer(Struct, frozen=True, kw_only=True):
    """What was logged together, by key: numbers, texts, and JSON as texts."""

    row: int
    step: int
    time_us: int
    values: dict[str, Value]
    texts: dict[str, str]
    json: dict[str, str]


class KeyedMetricAnswer(Struct, frozen=True, kw_only=True):
    """A series in short, with its key."""

    key: str
    metric: MetricAnswer


class PointAnswer(Struct, frozen=True, kw_only=True):
    """One point of a series; step and time (microseconds since 1970) as claimed."""

    step: int
    time_us: int
    value: Value


class ColumnsAnswer(Struct, frozen=True, kw_only=True):
    """Points of one series as columns of equal length. Numbers that JSON lacks are words; other kinds are texts."""

    run_uid: str
    key: str
    kind: str
    steps: list[int]
    times_us: list[int]
    values: list[float | str]
    next_page_token: str | None


class ComparedAnswer(Struct, frozen=True, kw_only=True):
    """Several series side by side; those without points are left out."""

    series: list[ColumnsAnswer]


def _columns(view: ColumnsView) -> ColumnsAnswer:
    values: Any = value_answers(view.values) if view.kind is Kind.FLOAT else view.values  # type: ignore[arg-type]
    return ColumnsAnswer(
        run_uid=view.run_uid,
        key=view.key,
        kind=view.kind.value,
        steps=list(view.steps),
        times_us=list(view.times_us),
        values=values,
        next_page_token=view.next_page_token,
    )


def _keyed(view: KeyedMetricView) -> KeyedMetricAnswer:
    return KeyedMetricAnswer(key=view.key, metric=metric_answer(view.metric))


def _point(view: PointView) -> PointAnswer:
    return PointAnswer(step=view.step, time_us=view.time_us, value=value_answer(view.value))


def _row(view: RowView) -> RowAnswer:
    values = {key: value_answer(value) for key, value in view.values.items()}
    return RowAnswer(
        row=view.row, step=view.step, time_us=view.time_us, values=values, texts=dict(view.texts), json=dict(view.json)
    )


@read(
    "run.rows",
    "/runs/{uid}/rows",
    Permission.RUN_READ,
    "What was logged together, row by row",
    params=RowsOf,
    answer=Page[RowAnswer],
)
def rows(call: Call, request: Request[RowsOf, Any]) -> Page[RowAnswer]:
    p = request.params
    return rows_of.listed(call, p.uid, p.page(), p.from_row).map(_row)


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
    "metric.others",
    "/runs/{uid}/other-series",
    Permission.RUN_READ,
    "The series of a run whose values are no numbers, in short, by key",
    params=Latest,
    answer=Page[OtherSeriesView],
)
def others(call: Call, request: Request[Latest, Any]) -> Page[OtherSeriesView]:
    p = request.params
    return recording.others(call, p.uid, p.prefix, p.page())


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
    return series_of.series(call, p.uid, p.key, p.page()).map(_point)


@read(
    "metric.columns",
    "/runs/{uid}/columns",
    Permission.RUN_READ,
    "The points of one series of any kind as columns, up to 100,000 at once",
    params=Columns,
    answer=ColumnsAnswer,
)
def columns(call: Call, request: Request[Columns, Any]) -> ColumnsAnswer:
    p = request.params
    span = Span(p.from_step, p.to_step)
    return _columns(series_of.columns(call, p.uid, p.key, span, limit=p.limit, token=p.page_token))


@read(
    "metric.sample",
    "/runs/{uid}/sample",
    Permission.RUN_READ,
    "Some points of one series: first, last, least and greatest always",
    params=Sample,
    answer=ColumnsAnswer,
)
def sample(call: Call, request: Request[Sample, Any]) -> ColumnsAnswer:
    p = request.params
    return _columns(series_of.sample(call, p.uid, p.key, p.samples, Span(p.from_step, p.to_step)))


@read(
    "metric.compare",
    "/metrics/compare",
    Permission.RUN_READ,
    "Several series side by side, sampled",
    method="POST",
    body=CompareBody,
    answer=ComparedAnswer,
)
def compare(call: Call, request: Request[Any, CompareBody]) -> ComparedAnswer:
    body = request.body
    query = Compare(body.run_uids, body.keys, body.samples, Span(body.from_step, body.to_step))
    return ComparedAnswer(series=[_columns(view) for view in series_of.compare(call, query).series])


OPERATIONS = (rows, latest, others, series, columns, sample, compare)

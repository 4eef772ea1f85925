"""What runs record, from MLflow's messages to a batch of ours, with MLflow's limits."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from strongroom.application.tracking.measuring import Measure, ModelBatch
from strongroom.application.tracking.recording import Batch, LogParam, LogSeries
from strongroom.application.tracking.stretches import Span
from strongroom.dialects.mlflow.translate.ids import model_uid, run_uid
from strongroom.dialects.mlflow.wire.codec import missing
from strongroom.dialects.mlflow.wire.runs import LogMetric, Param, Point
from strongroom.domain.errors import Invalid
from strongroom.domain.tracking.values import PARAM_LONGEST

T = TypeVar("T")

METRICS_MOST, PARAMS_MOST, TAGS_MOST, ENTITIES_MOST = 1_000, 100, 100, 1_000
RUNS_MOST = 100
TAG_LONGEST = 8_000
"""Characters of a run's tag; MLflow's server cuts what is longer, as it does with params, so ours does too."""


def check_counts(metrics: int, params: int, tags: int) -> None:
    """:raises Invalid: more of one kind, or of all together, than a batch may have."""
    for what, count, most in (
        ("metrics", metrics, METRICS_MOST),
        ("params", params, PARAMS_MOST),
        ("tags", tags, TAGS_MOST),
    ):
        if count > most:
            raise Invalid(f"A batch logging request can contain at most {most} {what}. Got {count} {what}.", limit=most)
    if metrics + params + tags > ENTITIES_MOST:
        raise Invalid(f"A batch logging request can contain at most {ENTITIES_MOST} metrics, params and tags in all.")


def batch(metrics: Sequence[Point], params: Sequence[Param], tags: Mapping[str, str]) -> Batch:
    """All that one request records. :raises Invalid: a field that must be there is not; a param stands twice."""
    return Batch(params=_params(params), series=series_of(metrics), tags=cut_tags(tags), late=True)


def cut_tags(tags: Mapping[str, str]) -> dict[str, str | None]:
    """Tags as MLflow keeps them."""
    return {key: value[:TAG_LONGEST] for key, value in tags.items()}


def series_of(metrics: Sequence[Point]) -> list[LogSeries]:
    """Points of a batch as columns by key, times in microseconds. :raises Invalid: a field is missing."""
    columns: dict[str, tuple[list[float], list[int], list[int]]] = {}
    for number, one in enumerate(metrics):
        key, value, time = one.key, one.value, one.timestamp
        if key is None or value is None or time is None:
            absent = "key" if key is None else "value" if value is None else "timestamp"
            raise missing(f"metrics[{number}].{absent}")
        column = columns.get(key)
        if column is None:
            column = columns[key] = ([], [], [])
        column[0].append(value)
        column[1].append(one.step)
        column[2].append(time * 1000)
    return [LogSeries(key, *column) for key, column in columns.items()]


def point(message: LogMetric) -> Point:
    """The one point of a request."""
    return Point(
        key=message.key,
        value=message.value,
        timestamp=message.timestamp,
        step=message.step or 0,
        model_id=message.model_id,
        dataset_name=message.dataset_name,
        dataset_digest=message.dataset_digest,
    )


def measured(points: Sequence[Point], run: str) -> list[tuple[str, ModelBatch]]:
    """What points say of logged models: the uid of each with its measurements by a run, in the order of the uids."""
    found: dict[str, list[Measure]] = {}
    for one in points:
        if one.model_id and one.key is not None and one.value is not None and one.timestamp is not None:
            of = Measure(
                key=one.key,
                value=one.value,
                step=one.step,
                time_us=one.timestamp * 1000,
                run_uid=run,
                dataset=one.dataset_name or None,
                dataset_digest=one.dataset_digest or None,
            )
            found.setdefault(model_uid(one.model_id), []).append(of)
    return [(uid, ModelBatch(points=found[uid])) for uid in sorted(found)]


def _params(params: Sequence[Param]) -> list[LogParam]:
    found: dict[str, LogParam] = {}
    for number, one in enumerate(params):
        if not one.key:
            raise missing(f"params[{number}].key")
        if one.key in found:
            raise Invalid(f"Duplicate parameter keys have been submitted: {one.key}. Send each key once.")
        found[one.key] = LogParam(one.key, (one.value or "")[:PARAM_LONGEST])
    return list(found.values())


def run_uids(run_ids: Sequence[str]) -> list[str]:
    """Runs of a chart, each once. :raises Invalid: none, or more than a chart shows."""
    if not 1 <= len(run_ids) <= RUNS_MOST:
        raise Invalid(f"GetMetricHistoryBulk request must specify between 1 and {RUNS_MOST} run_ids.", limit=RUNS_MOST)
    return [run_uid(id_) for id_ in dict.fromkeys(run_ids)]


def span_of(start: int | None, end: int | None) -> Span:
    """Steps from one to another, both included; all when there are neither. :raises Invalid: only one of them."""
    if start is None and end is None:
        return Span()
    if start is None or end is None:
        raise Invalid("If either start step or end step are specified, both must be specified.")
    if start > end:
        raise Invalid(f"end_step must be greater than start_step. Found start_step={start} and end_step={end}.")
    return Span(start, end)


def evenly(points: Sequence[T], count: int) -> Sequence[T]:
    """At most `count` of some points, the first and the last among them where two are wanted."""
    if len(points) <= count:
        return points
    if count == 1:
        return points[:1]
    return [points[place * (len(points) - 1) // (count - 1)] for place in range(count)]

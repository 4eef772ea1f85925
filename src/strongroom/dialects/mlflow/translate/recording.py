"""What runs record, from MLflow's messages to a batch of ours, with MLflow's limits."""

from collections.abc import Mapping, Sequence

from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.dialects.mlflow.wire.codec import missing
from strongroom.dialects.mlflow.wire.runs import LogMetric, Param, Point
from strongroom.domain.errors import Invalid
from strongroom.domain.tracking.values import PARAM_LONGEST

METRICS_MOST, PARAMS_MOST, TAGS_MOST, ENTITIES_MOST = 1_000, 100, 100, 1_000
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
    return Batch(params=_params(params), points=points(metrics), tags=cut_tags(tags), late=True)


def cut_tags(tags: Mapping[str, str]) -> dict[str, str | None]:
    """Tags as MLflow keeps them."""
    return {key: value[:TAG_LONGEST] for key, value in tags.items()}


def points(metrics: Sequence[Point]) -> list[LogPoint]:
    """Points of a batch, times in microseconds."""
    found = []
    for number, one in enumerate(metrics):
        if one.key is None or one.value is None or one.timestamp is None:
            absent = "key" if one.key is None else "value" if one.value is None else "timestamp"
            raise missing(f"metrics[{number}].{absent}")
        found.append(LogPoint(one.key, one.value, one.step, one.timestamp * 1000))
    return found


def point(message: LogMetric) -> Point:
    """The one point of a request."""
    return Point(key=message.key, value=message.value, timestamp=message.timestamp, step=message.step or 0)


def _params(params: Sequence[Param]) -> list[LogParam]:
    found: dict[str, LogParam] = {}
    for number, one in enumerate(params):
        if not one.key:
            raise missing(f"params[{number}].key")
        if one.key in found:
            raise Invalid(f"Duplicate parameter keys have been submitted: {one.key}. Send each key once.")
        found[one.key] = LogParam(one.key, (one.value or "")[:PARAM_LONGEST])
    return list(found.values())

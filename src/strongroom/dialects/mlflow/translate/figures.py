"""MLflow's metrics of traces as the core's figures: its words for what is measured, grouped by and filtered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.traces import span_atoms, term
from strongroom.dialects.mlflow.translate.traces import STATES
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import invalid, missing
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Atom, Expr
from strongroom.domain.tracking.assessments import AssessmentKind
from strongroom.domain.tracking.figures import (
    DURATION,
    NUMBER,
    ROWS,
    SESSIONS,
    STEP_LONGEST_S,
    FigureRow,
    Figures,
    Kind,
    Member,
    Of,
    Summary,
)

VIEWS = {"TRACES": Of.TRACE, "SPANS": Of.SPAN, "ASSESSMENTS": Of.ASSESSMENT}
KINDS = {
    "COUNT": Kind.COUNT,
    "SUM": Kind.SUM,
    "AVG": Kind.AVERAGE,
    "PERCENTILE": Kind.PERCENTILE,
    "MIN": Kind.LEAST,
    "MAX": Kind.GREATEST,
}
_ONE_VIEW, _ONE_KIND = dict(enumerate(VIEWS, 1)), dict(enumerate(KINDS, 1))
_COUNT, _TIMES = ("COUNT",), ("AVG", "MAX", "MIN", "PERCENTILE")
_AMOUNTS = (*_TIMES, "SUM")
TIME_BUCKET = "time_bucket"
_USAGE, _COST = "mlflow.trace.tokenUsage", "mlflow.llm.cost"
_MODEL = {"span_model_name": "attributes.mlflow.llm.model", "span_model_provider": "attributes.mlflow.llm.provider"}
_SPAN = {"span_name": "name", "span_type": "type", "span_status": "status"}
_TRACE = {"trace_name": "name", "trace_status": "state"}
_SAID = {"assessment_name": "name", "assessment_value": "value"}
_DIMENSIONS = _TRACE | _SPAN | _SAID | _MODEL
_TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_COSTS = ("input_cost", "output_cost", "total_cost")


@dataclass(frozen=True, slots=True)
class _Metric:
    """What a metric measures, which aggregations it has and what it is grouped by."""

    value: str | Member
    aggregations: Sequence[str]
    dimensions: Sequence[str] = ()


METRICS: Mapping[Of, Mapping[str, _Metric]] = {
    Of.TRACE: {
        "trace_count": _Metric(ROWS, _COUNT, tuple(_TRACE)),
        "session_count": _Metric(SESSIONS, _COUNT),
        "latency": _Metric(DURATION, _TIMES, ("trace_name",)),
        **{name: _Metric(Member(_USAGE, name), _AMOUNTS, ("trace_name",)) for name in _TOKENS},
    },
    Of.SPAN: {
        "span_count": _Metric(ROWS, _COUNT, (*_SPAN, *_MODEL)),
        "latency": _Metric(DURATION, _TIMES, ("span_name", "span_status")),
        **{name: _Metric(Member(_COST, name), _AMOUNTS, tuple(_MODEL)) for name in _COSTS},
    },
    Of.ASSESSMENT: {
        "assessment_count": _Metric(ROWS, _COUNT, tuple(_SAID)),
        "assessment_value": _Metric(NUMBER, _TIMES, ("assessment_name",)),
    },
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks: figures, of the traces that fit; and the words that the answer has for them."""

    of: Figures
    where: Expr | None
    labels: tuple[str, ...]


def asked(message: wire.QueryMetrics) -> Asked:
    """What is asked. :raises Invalid: in MLflow's words."""
    of = VIEWS.get(str(_named(message.view_type, _ONE_VIEW)))
    if of is None:
        raise invalid("view_type", message.view_type)
    metric = METRICS[of].get(message.metric_name or "")
    if metric is None:
        raise Invalid(f"metric_name must be one of {list(METRICS[of])}, got '{(message.metric_name or '')[:100]}'")
    summaries = [_summary(one) for one in message.aggregations]
    _check("aggregation_type(s)", "aggregation types", [name for name, _ in summaries], metric.aggregations)
    _check("dimension(s)", "dimensions", message.dimensions, metric.dimensions)
    step = _step(message)
    told = Figures(
        of,
        metric.value,
        tuple(one for _, one in summaries),
        by=tuple(_DIMENSIONS[name] for name in message.dimensions),
        step_s=step,
        since=_time(message.start_time_ms),
        until=_time(message.end_time_ms, 999),
        **_of_rows(of, found := [_filter(text) for text in message.filters]),
    )
    where = terms.joined([term(_of_trace(one)) for one in found if one.entity == "trace"])
    labels = tuple(f"P{one.percent}" if name == "PERCENTILE" else name for name, one in summaries)
    return Asked(told, where, labels)


def _named(value: str | int | None, numbered: Mapping[int, str]) -> str | None:
    return numbered.get(value) if isinstance(value, int) else value


def _summary(one: wire.Aggregation) -> tuple[str, Summary]:
    name = str(_named(one.aggregation_type, _ONE_KIND))
    if name not in KINDS:
        raise invalid("aggregations", one.aggregation_type)
    if name != "PERCENTILE":
        if one.percentile_value is not None:
            raise Invalid(f"Percentile value is only allowed for PERCENTILE aggregation type, got {name}")
        return name, Summary(KINDS[name])
    if one.percentile_value is None:
        raise Invalid("Percentile value is required for PERCENTILE aggregation")
    if not 0 <= one.percentile_value <= 100:  # noqa: PLR2004 - percent
        raise Invalid(f"Percentile value must be between 0 and 100, got {one.percentile_value}")
    return name, Summary(Kind.PERCENTILE, float(one.percentile_value))


def _check(what: str, plural: str, given: Sequence[str], known: Sequence[str]) -> None:
    other = sorted({name[:100] for name in given if name not in known})
    if other:
        raise Invalid(f"Found invalid {what}: {other}. Supported {plural}: {sorted(known)}")


def _step(message: wire.QueryMetrics) -> int | None:
    step = message.time_interval_seconds
    if not step:
        return None
    if message.start_time_ms is None or message.end_time_ms is None:
        raise Invalid("start_time_ms and end_time_ms are required if time_interval_seconds is set")
    if not 1 <= step <= STEP_LONGEST_S:
        raise invalid("time_interval_seconds", step)
    return step


def _time(time_ms: int | None, more: int = 0) -> int | None:
    """Microseconds; what no calendar shows is as far as calendars go. :param more: to the end of the millisecond."""
    return None if time_ms is None else max(min(time_ms, 2**53 // 1_000), 0) * 1_000 + more


# -- filters ------------------------------------------------------------------------------------------------------


def _filter(text: str) -> Comparison:
    found = parse(text)
    if len(found) != 1:
        raise Invalid(f"Invalid filter: '{text[:200]}'. Expected one filter clause.")
    one = found[0]
    if one.op != "=":
        raise Invalid(f"Invalid comparator: '{one.op}', only '=' operator is supported")
    if not isinstance(one.value, str):
        raise Invalid(
            f"Expected a quoted string value for {one.key[:100]} value (e.g. 'my-value'). Got value {one.value}"
        )
    return one


_KEYED, _PLAIN = {"trace": ("tag", "metadata")}, {"trace": ("status",), "span": ("name", "status", "type")}
_PLAIN["assessment"] = ("name", "type")


def _of_rows(of: Of, found: Sequence[Comparison]) -> dict[str, Any]:
    """What the filters say of spans and assessments."""
    atoms: list[Atom] = []
    said: dict[str, Any] = {}
    for one in found:
        _check_place(of, one)
        if one.entity == "span":
            atoms += span_atoms(one)
        elif one.entity == "assessment":
            said |= _said(one)
    return {"spans": tuple(atoms), **said}


def _check_place(of: Of, one: Comparison) -> None:
    if one.entity not in _PLAIN:
        raise Invalid(f"Invalid view type '{one.entity[:100]}'. Valid values are {sorted(_PLAIN)}")
    entity, dot, _ = one.key.partition(".")
    known = (*_PLAIN[one.entity], *_KEYED.get(one.entity, ()))
    if entity not in known:
        raise Invalid(
            f"Invalid entity '{entity[:100]}' specified for view type '{one.entity}'. Valid entities are {list(known)}"
        )
    keyed = entity in _KEYED.get(one.entity, ())
    if keyed and not dot:
        raise Invalid(f"Filtering by {entity} requires a key, e.g. '{one.entity}.{entity}.<key> = <value>'")
    if dot and not keyed:
        raise Invalid(f"Filtering by {entity} does not require a key, use '{one.entity}.{entity}' instead")
    if one.entity not in {"trace", of.value}:
        view = f"{one.entity.upper()}S"
        raise Invalid(f"Filtering by {one.entity} is only supported for {view} view type, got {of.value.upper()}S")


def _said(one: Comparison) -> dict[str, Any]:
    if one.key == "name":
        return {"name": one.value}
    if one.value not in tuple(AssessmentKind):
        raise invalid("filters", one.value)
    return {"kind": AssessmentKind(str(one.value))}


def _of_trace(one: Comparison) -> Comparison:
    """The same as a search for traces has it: ``trace.tag.KEY`` is ``tag.KEY``."""
    entity, _, key = one.key.partition(".")
    return one if entity == "status" else Comparison(entity, key.strip('`"'), one.op, one.value)


# -- answers ------------------------------------------------------------------------------------------------------


def points(message: wire.QueryMetrics, found: Sequence[FigureRow], labels: Sequence[str]) -> list[wire.MetricPoint]:
    """The groups that have figures."""
    made = []
    for one in found:
        values = {label: value for label, value in zip(labels, one.values, strict=True) if value is not None}
        shown = dict(zip(message.dimensions, map(_shown, message.dimensions, one.by), strict=True))
        if one.start_s is not None:
            shown = {TIME_BUCKET: datetime.fromtimestamp(one.start_s, UTC).isoformat()} | shown
        if values:
            made.append(wire.MetricPoint(metric_name=message.metric_name or "", dimensions=shown, values=values))
    return made


_STATE_NAMES = {ours: theirs for theirs, ours in STATES.items()}


def _shown(dimension: str, value: str) -> str:
    if dimension == "trace_status":
        return _STATE_NAMES[value]
    return value.upper() if dimension == "span_status" else value


def check_experiments(message: wire.QueryMetrics) -> list[str]:
    """The ids of the experiments. :raises Invalid: none is named, or nothing is to be aggregated."""
    for name in ("experiment_ids", "aggregations"):
        if not getattr(message, name):
            raise missing(name)
    return message.experiment_ids

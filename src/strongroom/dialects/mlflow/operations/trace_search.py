"""Searches of traces, what they have in common, and what the second version of the API still asks."""

import math

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.search import find
from strongroom.application.tracking import traces
from strongroom.application.tracking.trace_views import TraceView
from strongroom.application.tracking.traces import RecordTrace
from strongroom.application.views import microseconds
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of, uid_to_write
from strongroom.dialects.mlflow.operations.traces import record, run_named
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import figures
from strongroom.dialects.mlflow.translate import traces as translate
from strongroom.dialects.mlflow.translate.common import page_size, tags_of
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT
from strongroom.dialects.mlflow.translate.search.traces import question as question_of
from strongroom.dialects.mlflow.translate.search.traces import where
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import missing
from strongroom.domain.identity.roles import Permission
from strongroom.domain.search.ast import And, Expr
from strongroom.domain.tracking.figures import GROUPS_MOST
from strongroom.domain.tracking.traces import NAME_LONGEST, SESSION_LONGEST, Told

_READ, _WRITE = Permission.RUN_READ, Permission.RUN_WRITE
_V3 = ("3.0",)
RESULTS_DEFAULT, RESULTS_MOST = 100, 500
ABSENT_V2 = "Trace with ID '{request_id}' not found."


def _found(call: Call, message: wire.SearchTraces, places: list[str]) -> Page[TraceView]:
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    named = _named(call, places)
    question = question_of(message.filter or "", message.order_by, named)
    if not named:
        return Page([], None)
    return gathered(lambda asked: find.traces(call, question, asked), size, message.page_token)


def _named(call: Call, places: list[str]) -> list[str]:
    """Experiments by their ids; nobody has recorded anything in a default one that is not there yet."""
    call.ask(_READ)
    default = default_uid(call)
    return [uid_of(call, id_) for id_ in places if id_ != DEFAULT_EXPERIMENT or default is not None]


@read("traces.search", "POST", "/mlflow/traces/search", _READ, wire.SearchTraces, versions=_V3)
def search(call: Call, message: wire.SearchTraces) -> wire.FoundTraces:
    """Traces of some experiments that fit a filter."""
    if not message.locations:
        raise missing("locations")
    places = [one.mlflow_experiment.experiment_id or "" for one in message.locations if one.mlflow_experiment]
    page = _found(call, message, places)
    default = default_uid(call)
    found = [translate.trace_info(view, default) for view in page.items]
    return wire.FoundTraces(traces=found, next_page_token=page.next_page_token)


@read(
    "traces.correlate",
    "POST",
    "/mlflow/traces/calculate-filter-correlation",
    _READ,
    wire.Correlate,
    required=("filter_string1", "filter_string2"),
    versions=_V3,
)
def correlate(call: Call, message: wire.Correlate) -> wire.Correlation:
    """How much two filters go together: normalized pointwise mutual information, plain and smoothed."""
    if not message.experiment_ids:
        raise missing("experiment_ids")
    named = _named(call, message.experiment_ids)
    texts = (message.base_filter, message.filter_string1, message.filter_string2)
    base, one, two = (where(text or "") for text in texts)
    total, first, second, both = (
        find.count_traces(call, _all(base, *some), named) if named else 0 for some in ((), (one,), (two,), (one, two))
    )
    return wire.Correlation(
        npmi=npmi(both, first, second, total, 0.0),
        npmi_smoothed=npmi(both, first, second, total, 0.5),
        filter1_count=first,
        filter2_count=second,
        joint_count=both,
        total_count=total,
    )


@read(
    "traces.metrics",
    "POST",
    "/mlflow/traces/metrics",
    _READ,
    wire.QueryMetrics,
    required=("view_type", "metric_name"),
    versions=_V3,
)
def metrics(call: Call, message: wire.QueryMetrics) -> wire.MetricPoints:
    """Figures over traces, their spans or what is said of them, in groups."""
    places = figures.check_experiments(message)
    most = page_size(message.max_results, GROUPS_MOST, GROUPS_MOST)
    asked, named = figures.asked(message), _named(call, places)
    found = find.trace_figures(call, asked.where, named, asked.of) if named else []
    return wire.MetricPoints(data_points=figures.points(message, found, asked.labels)[:most])


def _all(*some: Expr | None) -> Expr | None:
    found = [one for one in some if one is not None]
    return And(tuple(found)) if len(found) > 1 else found[0] if found else None


def npmi(both: int, first: int, second: int, total: int, smooth: float) -> float | str:
    """From -1 (never together) over 0 (as chance has it) to 1 (always together); NaN where nothing can be said.

    :param smooth: added to each of the four cells of the table.
    """
    if not (total and first and second):
        return "NaN"
    if not smooth and (not both or both == first == second):
        return 1.0 if both else -1.0
    joint, whole = both + smooth, total + 4 * smooth
    p, p1, p2 = joint / whole, (first + 2 * smooth) / whole, (second + 2 * smooth) / whole
    if p >= 1:
        return 1.0
    return min(max(math.log(p / (p1 * p2)) / -math.log(p), -1.0), 1.0)


# -- the second version ------------------------------------------------------------------------------------------


@command("traces.start_v2", "POST", "/mlflow/traces", _WRITE, wire.StartTraceV2, required=("experiment_id",))
def start_v2(call: Call, message: wire.StartTraceV2) -> wire.OneTraceV2:
    """Begin a trace, with an id of ours."""
    tags, metadata = tags_of(message.tags), tags_of(message.request_metadata, "request_metadata")
    started = translate.check_time(message.timestamp_ms)
    said = translate.recorded(
        wire.TraceInfo(
            trace_id=translate.PREFIX + call.tx.random_bytes(16).hex(),
            state="IN_PROGRESS",
            trace_metadata=metadata,
            tags=tags,
        )
    )
    view = record(call, uid_to_write(call, message.experiment_id or ""), _with(call, said, started, metadata))
    return wire.OneTraceV2(trace_info=translate.trace_info_v2(view, default_uid(call)))


def _with(call: Call, said: RecordTrace, started: int, metadata: dict[str, str]) -> RecordTrace:
    told = said.told or Told()
    return RecordTrace(
        said.trace_id,
        told=Told(name=told.name, state=told.state, session=told.session, started_at=started),
        run_uid=run_named(call, metadata),
        tags=said.tags,
        properties=said.properties,
    )


@command("traces.end_v2", "PATCH", "/mlflow/traces/{request_id}", _WRITE, wire.EndTraceV2, absent=ABSENT_V2)
def end_v2(call: Call, message: wire.EndTraceV2) -> wire.OneTraceV2:
    """Say how a trace ended, and when."""
    call.ask(_WRITE)
    trace_id = translate.trace_id(message.request_id)
    present = traces.get(call, trace_id)
    tags, metadata = tags_of(message.tags), tags_of(message.request_metadata, "request_metadata")
    ended = translate.check_time(message.timestamp_ms)
    name, session = tags.pop(translate.NAME, None), metadata.pop(translate.SESSION, None)
    status = message.status.replace("TRACE_STATUS_", "STATE_") if isinstance(message.status, str) else message.status
    told = Told(
        name=name[:NAME_LONGEST] if name is not None else None,
        session=session[:SESSION_LONGEST] if session is not None else None,
        state=translate.state_of(status),
        duration_us=max(ended - microseconds(present.started_at), 0),
    )
    kept = {key: value for key, value in tags.items() if key not in translate.OURS}
    said = RecordTrace(trace_id, told=told, tags=kept, properties=dict(metadata), run_uid=run_named(call, metadata))
    view = record(call, present.experiment_uid, said)
    return wire.OneTraceV2(trace_info=translate.trace_info_v2(view, default_uid(call)))


@read("traces.info_v2", "GET", "/mlflow/traces/{request_id}/info", _READ, wire.ByTrace, absent=ABSENT_V2)
def info_v2(call: Call, message: wire.ByTrace) -> wire.OneTraceV2:
    """One trace."""
    call.ask(_READ)
    view = traces.get(call, translate.trace_id(message.request_id))
    return wire.OneTraceV2(trace_info=translate.trace_info_v2(view, default_uid(call)))


@read("traces.search_v2", "GET", "/mlflow/traces", _READ, wire.SearchTraces)
def search_v2(call: Call, message: wire.SearchTraces) -> wire.FoundTracesV2:
    """Traces of some experiments that fit a filter."""
    if not message.experiment_ids:
        raise missing("experiment_ids")
    page = _found(call, message, message.experiment_ids)
    default = default_uid(call)
    found = [translate.trace_info_v2(view, default) for view in page.items]
    return wire.FoundTracesV2(traces=found, next_page_token=page.next_page_token)


OPERATIONS = (search, correlate, metrics, start_v2, end_v2, info_v2, search_v2)

"""Traces: described, read with their spans, tagged, linked, deleted."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from strongroom.application.artifacts import reading
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import locate
from strongroom.application.tracking import assessments, runs, trace_links, traces
from strongroom.application.tracking.trace_views import SpanView, TraceView
from strongroom.application.tracking.traces import RecordTrace
from strongroom.dialects.mlflow.errors import Spoken
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of, uid_to_write
from strongroom.dialects.mlflow.translate import traces as translate
from strongroom.dialects.mlflow.translate.assessments import assess
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import run_uid, version_number
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import invalid, missing
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import TAG_VALUE_LONGEST

ABSENT = "Trace with ID '{trace_id}' not found."
NOT_YET = "Trace with ID {} is not fully exported yet, please try again later."
WAITS = (0.1, 0.4, 1.0, 1.5)
"""Seconds between looks at a trace whose last spans are still on their way."""
BY_ID_MOST = 500
PROMPTS = ("prompt",)
_READ, _WRITE, _DELETE = Permission.RUN_READ, Permission.RUN_WRITE, Permission.RUN_DELETE
_V3 = ("3.0",)


@command("traces.start", "POST", "/mlflow/traces", _WRITE, wire.OneTrace, required=("trace",), versions=_V3)
def start(call: Call, message: wire.OneTrace) -> wire.OneTrace:
    """Describe a trace, which clients do when it has ended; its spans may be here or on their way."""
    info = message.trace.trace_info if message.trace else None
    if info is None:
        raise missing("trace.trace_info")
    experiment = uid_to_write(call, translate.place_of(info))
    said = translate.recorded(info)
    made = record(call, experiment, replace(said, run_uid=run_named(call, info.trace_metadata)))
    for one in info.assessments:
        # clients name those that come with a trace, since 3.18: a trace that is sent again says nothing twice
        assessments.create(call, made.uid, replace(assess(one), key=one.assessment_id or None))
    view = traces.get(call, made.uid)
    return wire.OneTrace(trace=wire.Trace(trace_info=translate.trace_info(view, default_uid(call))))


def record(call: Call, experiment_uid: str, said: RecordTrace) -> TraceView:
    """Record one trace."""
    made = traces.record(call, experiment_uid, [said])
    return traces.get(call, made[0].uid)


def run_named(call: Call, metadata: Mapping[str, str]) -> str | None:
    """The run that metadata name, if the caller may see it; it stays a word in any case."""
    uid = translate.run_of(metadata)
    try:
        return runs.by_uid(call, uid, _READ)[1].uid if uid else None
    except NotFound:
        return None


@read("traces.get_info", "GET", "/mlflow/traces/{trace_id}", _READ, wire.ByTrace, absent=ABSENT, versions=_V3)
def get_info(call: Call, message: wire.ByTrace) -> wire.OneTrace:
    """One trace without its spans."""
    view = _view(call, message.trace_id)
    return wire.OneTrace(trace=wire.Trace(trace_info=translate.trace_info(view, default_uid(call))))


def _view(call: Call, trace_id: str | None) -> TraceView:
    call.ask(_READ)
    return traces.get(call, translate.trace_id(trace_id))


@flow(
    "traces.get",
    "GET",
    "/mlflow/traces/get",
    _READ,
    wire.ByTrace,
    required=("trace_id",),
    absent=ABSENT,
    versions=_V3,
)
async def get(edge: Edge, message: wire.ByTrace) -> wire.OneTrace:
    """One trace with its spans; unless the client takes parts, those that it announced are waited for a little."""

    def look(call: Call) -> tuple[TraceView, list[SpanView], str | None]:
        call.ask(_READ)
        return *traces.whole(call, translate.trace_id(message.trace_id)), default_uid(call)

    view, spans, default = await edge.read(look)
    for wait in WAITS:
        if message.allow_partial or translate.is_whole(view):
            break
        await asyncio.sleep(wait)
        view, spans, default = await edge.read(look)
    if not (message.allow_partial or translate.is_whole(view)):
        raise Spoken(404, "RESOURCE_DOES_NOT_EXIST", NOT_YET.format(message.trace_id))
    return wire.OneTrace(trace=translate.trace(view, spans, default))


@read("traces.batch_get", "GET", "/mlflow/traces/batchGet", _READ, wire.TracesById, versions=_V3)
def batch_get(call: Call, message: wire.TracesById) -> wire.TracesAnswer:
    """Several traces with their spans; those that are not there, or not wholly, are left out."""
    default = default_uid(call)
    found = traces.several_whole(call, _ids(call, message))
    return wire.TracesAnswer(
        traces=[
            translate.trace(view, spans, default)
            for view, spans in found
            if translate.is_whole(view) and _among(view, message, default)
        ]
    )


@read("traces.batch_get_infos", "POST", "/mlflow/traces/batchGetInfos", _READ, wire.TracesById, versions=_V3)
def batch_get_infos(call: Call, message: wire.TracesById) -> wire.InfosAnswer:
    """Several traces without their spans."""
    default = default_uid(call)
    found = [view for view in traces.several(call, _ids(call, message)) if _among(view, message, default)]
    return wire.InfosAnswer(trace_infos=[translate.trace_info(view, default) for view in found])


def _ids(call: Call, message: wire.TracesById) -> list[str]:
    call.ask(_READ)
    if not message.trace_ids:
        raise missing("trace_ids")
    if len(message.trace_ids) > BY_ID_MOST:
        raise Invalid(f"At most {BY_ID_MOST} traces at a time.", limit=BY_ID_MOST)
    found = []
    for text in message.trace_ids:
        try:
            found.append(translate.trace_id(text))
        except NotFound:
            continue
    return found


def _among(view: TraceView, message: wire.TracesById, default: str | None) -> bool:
    """Whether a trace is in one of the experiments that the client limits itself to."""
    if message.experiment_ids is None:
        return True
    return experiment_id(view.experiment_uid, default) in message.experiment_ids


# -- tags, links --------------------------------------------------------------------------------------------------


@command(
    "traces.set_tag",
    "PATCH",
    "/mlflow/traces/{trace_id}/tags",
    _WRITE,
    wire.TraceTag,
    required=("key",),
    absent=ABSENT,
    versions=("2.0", "3.0"),
)
def set_tag(call: Call, message: wire.TraceTag) -> None:
    """Set a tag; one of them is the trace's name."""
    key, value = _tag_key(message, "set"), message.value or ""
    ref = _ref(call, message)
    if key == translate.NAME:
        traces.rename(call, ref, value)
    else:
        traces.tag(call, ref, {key: value[:TAG_VALUE_LONGEST]})


@command(
    "traces.delete_tag",
    "DELETE",
    "/mlflow/traces/{trace_id}/tags",
    _WRITE,
    wire.TraceTag,
    required=("key",),
    absent="No trace tag with key '{key}' for trace with ID '{trace_id}'",
    versions=("2.0", "3.0"),
)
def delete_tag(call: Call, message: wire.TraceTag) -> None:
    """Remove a tag, or the name."""
    key = _tag_key(message, "deleted")
    ref = _ref(call, message)
    if key == translate.NAME:
        traces.rename(call, ref, "")
    else:
        traces.untag(call, ref, [key], strict=True)


def _tag_key(message: wire.TraceTag, done: str) -> str:
    key = message.key or ""
    if key in translate.OURS - {translate.NAME}:
        raise Invalid(f"Tag '{key}' is immutable and cannot be {done} on a trace.")
    return key


def _ref(call: Call, message: wire.TraceTag) -> str:
    call.ask(_WRITE)
    return translate.trace_id(message.trace_id or message.request_id)


@command(
    "traces.link_to_run",
    "POST",
    "/mlflow/traces/link-to-run",
    _WRITE,
    wire.LinkToRun,
    required=("run_id",),
    absent="Run with id={run_id} not found",
)
def link_to_run(call: Call, message: wire.LinkToRun) -> None:
    """Link traces with a run; those that are not there do not matter."""
    if not message.trace_ids:
        raise missing("trace_ids")
    if len(message.trace_ids) > trace_links.LINKED_MOST:
        raise Invalid(
            f"Cannot link more than {trace_links.LINKED_MOST} traces to a run in a single request. "
            f"Provided {len(message.trace_ids)} traces."
        )
    found = traces.several(call, _ids(call, wire.TracesById(trace_ids=message.trace_ids)))
    trace_links.link_run(call, [view.uid for view in found], run_uid(message.run_id))


@command(
    "traces.link_prompts",
    "POST",
    "/mlflow/traces/link-prompts",
    _WRITE,
    wire.LinkPrompts,
    required=("trace_id",),
    absent="Trace with ID '{trace_id}', or one of the prompts, not found.",
)
def link_prompts(call: Call, message: wire.LinkPrompts) -> None:
    """Link a trace with the versions of prompts that it used."""
    call.ask(_WRITE)
    if not message.prompt_versions:
        raise missing("prompt_versions")
    if len(message.prompt_versions) > trace_links.LINKED_MOST:
        raise invalid("prompt_versions", len(message.prompt_versions))
    ref = translate.trace_id(message.trace_id)
    for one in message.prompt_versions:
        number = version_number(one.version)
        _, version = locate.numbered(call, one.name or "", PROMPTS, number, Permission.ASSET_READ)
        trace_links.link_version(call, ref, version.uid)


# -- deleted ------------------------------------------------------------------------------------------------------


@command(
    "traces.delete",
    "POST",
    "/mlflow/traces/delete-traces",
    _DELETE,
    wire.DeleteTraces,
    required=("experiment_id",),
    absent="No Experiment with id={experiment_id} exists",
    versions=("2.0", "3.0"),
)
def delete(call: Call, message: wire.DeleteTraces) -> wire.DeletedAnswer:
    """Delete traces for good: by their ids, or the oldest until a time."""
    call.ask(_DELETE)
    experiment = uid_of(call, message.experiment_id or "")
    until = message.max_timestamp_millis
    if (until is None) is (not message.request_ids):
        raise Invalid("Either `max_timestamp_millis` or `trace_ids` must be specified, but not both.")
    if message.max_traces is not None and (message.request_ids or message.max_traces <= 0):
        raise Invalid("`max_traces` must be a positive number, and goes with `max_timestamp_millis` only.")
    if until is None:
        ids = _ids(call, wire.TracesById(trace_ids=message.request_ids))
        return wire.DeletedAnswer(traces_deleted=traces.delete_some(call, experiment, ids) if ids else 0)
    most = min(message.max_traces or traces.DELETED_MOST, traces.DELETED_MOST)
    last = translate.check_time(until) + 999
    return wire.DeletedAnswer(traces_deleted=traces.delete_some(call, experiment, until=last, most=most))


@flow(
    "traces.get_artifact",
    "GET",
    "/mlflow/get-trace-artifact",
    _READ,
    wire.TraceArtifact,
    required=("request_id",),
    absent="Trace with ID '{request_id}' not found.",
)
async def get_artifact(edge: Edge, message: wire.TraceArtifact) -> Response | OpenFile:
    """The spans of a trace as a file; or one of its attachments, by its id."""

    def look(call: Call) -> tuple[TraceView, list[SpanView]]:
        call.ask(_READ)
        return traces.whole(call, translate.trace_id(message.request_id))

    if message.path:
        path = f"attachments/{translate.attachment(message.path)}"
        return await reading.open_folder_file(edge, "trace", translate.trace_id(message.request_id), path)
    view, spans = await edge.read(look)
    headers = {"Content-Disposition": 'attachment; filename="traces.json"', "X-Content-Type-Options": "nosniff"}
    return Response(translate.span_file(view.trace_id, spans), media_type="application/octet-stream", headers=headers)


# the fixed addresses come before the one with an id in it
OPERATIONS = (
    start,
    get,
    batch_get,
    batch_get_infos,
    get_info,
    set_tag,
    delete_tag,
    link_to_run,
    link_prompts,
    delete,
    get_artifact,
)

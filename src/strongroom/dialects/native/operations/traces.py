"""Traces and their spans: recorded, found, tagged, linked, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.tracking import trace_links, traces
from strongroom.application.tracking.trace_views import SpanView, TraceView
from strongroom.application.tracking.traces import RecordTrace
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.labels import RemoveTags
from strongroom.dialects.native.operations.metrics_wire import Word
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Uid, time_us
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.tracking import spans as limits
from strongroom.domain.tracking.spans import Span, SpanEvent, SpanKind, SpanLink, SpanStatus
from strongroom.domain.tracking.traces import PREVIEW_LONGEST, Told

TraceRef = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$",
        description="The id that answers carry as `uid`, or OpenTelemetry's trace id.",
    ),
]
TraceId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", description="OpenTelemetry's trace id: 32 hex digits.")]
SpanId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$", description="OpenTelemetry's span id: 16 hex digits.")]
Nanoseconds = Annotated[int, Meta(ge=0, le=limits.TIME_LARGEST, description="Since 1970.")]
Preview = Annotated[str, Meta(max_length=PREVIEW_LONGEST)]
State = Literal["unset", "in_progress", "ok", "error"]
Attributes = dict[str, Any]


class ByTrace(Struct, frozen=True, kw_only=True):
    """One trace."""

    uid: TraceRef


class PagedByTrace(Paged, frozen=True, kw_only=True):
    """A listing below one trace."""

    uid: TraceRef


class ListTraces(PagedByUid, frozen=True, kw_only=True):
    """Which traces of an experiment to list. A run's are those made in it or linked with it."""

    state: State | None = None
    session: Word | None = None
    run_uid: Uid | None = None


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened during a span."""

    name: Annotated[str, Meta(max_length=limits.NAME_LONGEST)]
    time_ns: Nanoseconds
    attributes: Attributes = {}


class Link(Struct, frozen=True, kw_only=True):
    """A span, maybe of another trace, that a span has to do with."""

    trace_id: TraceId
    span_id: SpanId
    attributes: Attributes = {}


class SpanBody(Struct, frozen=True, kw_only=True):
    """One step, in OpenTelemetry's terms. `type` is your own word for what it does, such as `LLM`."""

    span_id: SpanId
    parent_id: SpanId | None = None
    name: Annotated[str, Meta(max_length=limits.NAME_LONGEST)]
    type: Annotated[str, Meta(max_length=limits.TYPE_LONGEST)] = ""
    kind: Literal["unspecified", "internal", "server", "client", "producer", "consumer"] = "internal"
    status: Literal["unset", "ok", "error"] = "unset"
    message: str = ""
    start_ns: Nanoseconds
    end_ns: Nanoseconds | None = None
    attributes: Attributes = {}
    events: Annotated[list[Event], Meta(max_length=limits.EVENTS_MOST)] = []
    links: Annotated[list[Link], Meta(max_length=limits.EVENTS_MOST)] = []

    def span(self) -> Span:
        """The same for the use cases."""
        return Span(
            span_id=self.span_id,
            parent_id=self.parent_id,
            name=self.name,
            type=self.type,
            kind=SpanKind(self.kind),
            status=SpanStatus(self.status),
            message=self.message,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            attributes=self.attributes,
            events=[SpanEvent(event.name, event.time_ns, event.attributes) for event in self.events],
            links=[SpanLink(link.trace_id, link.span_id, link.attributes) for link in self.links],
        )


class RecordBody(Struct, frozen=True, kw_only=True):
    """One trace, its spans, or both, in any order. What you say of the whole holds over what spans show of it.

    `run_uid` is the run that the request was made in. Spans of the same id are replaced.
    """

    trace_id: TraceId
    name: Word | None = None
    state: State | None = None
    request_id: Word | None = None
    session: Word | None = None
    started_at: datetime | None = None
    duration_us: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    request: Preview | None = None
    response: Preview | None = None
    run_uid: Uid | None = None
    spans: Annotated[list[SpanBody], Meta(max_length=limits.SPANS_MOST)] = []
    tags: dict[str, str | None] = {}
    properties: dict[str, Scalar] = {}

    def command(self) -> RecordTrace:
        """The same for the use cases."""
        told = Told(
            name=self.name,
            state=self.state,
            request_id=self.request_id,
            session=self.session,
            started_at=time_us(self.started_at),
            duration_us=self.duration_us,
            request=self.request,
            response=self.response,
        )
        return RecordTrace(
            self.trace_id,
            told=None if told == Told() else told,
            spans=[span.span() for span in self.spans],
            run_uid=self.run_uid,
            tags=self.tags,
            properties=self.properties,
        )


class SetTags(Struct, frozen=True, kw_only=True):
    """Tags to set; a bare word has no value."""

    tags: dict[str, str | None]


class DeleteTraces(Struct, frozen=True, kw_only=True):
    """Which traces: by their ids, or the oldest that started at or before a time."""

    trace_ids: Annotated[list[TraceId], Meta(max_length=traces.DELETED_MOST)] = []
    until: datetime | None = None
    most: Annotated[int, Meta(ge=1, le=traces.DELETED_MOST)] = traces.DELETED_MOST


class Deleted(Struct, frozen=True, kw_only=True):
    """How many there were."""

    deleted: int


class LinkRun(Struct, frozen=True, kw_only=True):
    """Traces to link with the run."""

    traces: Annotated[list[TraceRef], Meta(min_length=1, max_length=trace_links.LINKED_MOST)]


class Linked(Struct, frozen=True, kw_only=True):
    """How many links are new."""

    linked: int


class LinkVersion(Struct, frozen=True, kw_only=True):
    """A version that the trace used, such as that of a prompt."""

    version_uid: Uid


class SpanAnswer(Struct, frozen=True, kw_only=True):
    """One step of a trace; times are nanoseconds since 1970."""

    span_id: str
    parent_id: str | None
    name: str
    type: str
    kind: str
    status: str
    message: str
    start_ns: int
    end_ns: int | None
    attributes: Mapping[str, Any]
    events: Sequence[Event]
    links: Sequence[Link]


def span_answer(view: SpanView) -> SpanAnswer:
    """A span as it is sent."""
    same = {name: getattr(view, name) for name in SpanAnswer.__struct_fields__ if name not in {"events", "links"}}
    events = [Event(name=e.name, time_ns=e.time_ns, attributes=dict(e.attributes)) for e in view.events]
    links = [Link(trace_id=k.trace_id, span_id=k.span_id, attributes=dict(k.attributes)) for k in view.links]
    return SpanAnswer(**same, events=events, links=links)


@read(
    "trace.list",
    "/experiments/{uid}/traces",
    Permission.RUN_READ,
    "Traces of an experiment, latest start first",
    params=ListTraces,
    answer=Page[TraceView],
)
def list_traces(call: Call, request: Request[ListTraces, Any]) -> Page[TraceView]:
    p = request.params
    return traces.listed(call, p.uid, traces.ListTraces(p.state, p.session, p.run_uid), p.page())


@command(
    "trace.record",
    "POST",
    "/experiments/{uid}/traces",
    Permission.RUN_WRITE,
    "Record a trace, its spans, or both, in any order",
    params=ByUid,
    body=RecordBody,
    answer=TraceView,
)
def record_trace(call: Call, request: Request[ByUid, RecordBody]) -> TraceView:
    made = traces.record(call, request.params.uid, [request.body.command()])
    return traces.get(call, made[0].uid)


@command(
    "trace.delete_some",
    "POST",
    "/experiments/{uid}/traces/delete",
    Permission.RUN_DELETE,
    "Delete traces of an experiment for good, by their ids or their age",
    params=ByUid,
    body=DeleteTraces,
    answer=Deleted,
)
def delete_traces(call: Call, request: Request[ByUid, DeleteTraces]) -> Deleted:
    body = request.body
    found = traces.delete_some(call, request.params.uid, body.trace_ids, time_us(body.until), body.most)
    return Deleted(deleted=found)


@read(
    "trace.get",
    "/traces/{uid}",
    Permission.RUN_READ,
    "One trace with what was said of it",
    params=ByTrace,
    answer=TraceView,
)
def get_trace(call: Call, request: Request[ByTrace, Any]) -> TraceView:
    return traces.get(call, request.params.uid)


@read(
    "trace.spans",
    "/traces/{uid}/spans",
    Permission.RUN_READ,
    "The spans of a trace by their start",
    params=PagedByTrace,
    answer=Page[SpanAnswer],
)
def spans_of_trace(call: Call, request: Request[PagedByTrace, Any]) -> Page[SpanAnswer]:
    return traces.spans(call, request.params.uid, request.params.page()).map(span_answer)


@command(
    "trace.tag",
    "POST",
    "/traces/{uid}/tags",
    Permission.RUN_WRITE,
    "Set tags of a trace",
    params=ByTrace,
    body=SetTags,
    answer=TraceView,
)
def tag_trace(call: Call, request: Request[ByTrace, SetTags]) -> TraceView:
    return traces.tag(call, request.params.uid, request.body.tags)


@command(
    "trace.untag",
    "POST",
    "/traces/{uid}/untag",
    Permission.RUN_WRITE,
    "Remove tags of a trace",
    params=ByTrace,
    body=RemoveTags,
    answer=TraceView,
)
def untag_trace(call: Call, request: Request[ByTrace, RemoveTags]) -> TraceView:
    return traces.untag(call, request.params.uid, request.body.keys)


@command(
    "trace.link_run",
    "POST",
    "/runs/{uid}/traces",
    Permission.RUN_WRITE,
    "Link traces with a run",
    params=ByUid,
    body=LinkRun,
    answer=Linked,
)
def link_run(call: Call, request: Request[ByUid, LinkRun]) -> Linked:
    return Linked(linked=trace_links.link_run(call, request.body.traces, request.params.uid))


@command(
    "trace.link_version",
    "POST",
    "/traces/{uid}/versions",
    Permission.RUN_WRITE,
    "Link a trace with a version that it used, such as that of a prompt",
    params=ByTrace,
    body=LinkVersion,
    answer=TraceView,
)
def link_version(call: Call, request: Request[ByTrace, LinkVersion]) -> TraceView:
    return trace_links.link_version(call, request.params.uid, request.body.version_uid)


@command(
    "trace.delete",
    "DELETE",
    "/traces/{uid}",
    Permission.RUN_DELETE,
    "Delete a trace for good, with its spans and all that was said of it",
    params=ByTrace,
    status=204,
)
def delete_trace(call: Call, request: Request[ByTrace, Any]) -> None:
    traces.delete(call, request.params.uid, request.etag)


OPERATIONS = (
    list_traces,
    record_trace,
    delete_traces,
    get_trace,
    spans_of_trace,
    tag_trace,
    untag_trace,
    link_run,
    link_version,
    delete_trace,
)

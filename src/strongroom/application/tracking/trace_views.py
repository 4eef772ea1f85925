"""What callers see of traces, their spans and what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call, asset_target
from strongroom.application.registry.views import TagView, tag_views
from strongroom.application.tracking import experiments
from strongroom.application.tracking.views import experiment_path
from strongroom.application.views import time_of
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.tracking.assessments import Assessment, Failure
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.spans import Span, SpanEvent, SpanLink
from strongroom.domain.tracking.traces import Trace


@dataclass(frozen=True, slots=True)
class FailureView:
    """Why there is no value."""

    code: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """What was said of a trace, or of the span `span_id` of it.

    `kind` is feedback, expectation or issue; `source` is human, model, code or unknown, `created_by` the principal
    that wrote it down. One that was overridden is not `valid` any more.
    """

    uid: str
    trace_uid: str
    trace_id: str
    kind: str
    name: str
    value: object
    failure: FailureView | None
    source: str
    source_id: str
    rationale: str
    span_id: str | None
    metadata: Mapping[str, str]
    valid: bool
    overrides: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedVersionView:
    """A version, of a prompt mostly, that a trace used."""

    uid: str
    asset: str
    number: int | None


@dataclass(frozen=True, slots=True)
class TraceView:
    """One request. `trace_id` is OpenTelemetry's; `run_uid` is the run it was made in, `runs` those it is linked with.

    `request` and `response` are previews. `told` says whether a client described the whole; before, it shows what its
    spans show. `span_count` and `span_bytes` say how much `trace.spans` has.
    """

    uid: str
    trace_id: str
    experiment_uid: str
    experiment: str
    run_uid: str | None
    name: str
    state: str
    request_id: str | None
    session: str | None
    started_at: datetime
    duration_us: int | None
    request: str | None
    response: str | None
    told: bool
    span_count: int
    span_bytes: int
    tags: Sequence[TagView]
    properties: Mapping[str, Scalar]
    assessments: Sequence[AssessmentView]
    runs: Sequence[str]
    versions: Sequence[LinkedVersionView]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened during a span; nanoseconds since 1970."""

    name: str
    time_ns: int
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SpanLinkView:
    """A span, maybe of another trace, that a span has to do with."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SpanView:
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
    attributes: Mapping[str, object]
    events: Sequence[EventView]
    links: Sequence[SpanLinkView]


def assessment_view(one: Assessment, trace_id: str) -> AssessmentView:
    """An assessment. :param trace_id: OpenTelemetry's id of its trace."""
    return AssessmentView(
        uid=one.uid,
        trace_uid=one.trace_uid,
        trace_id=trace_id,
        kind=one.kind.value,
        name=one.name,
        value=one.value,
        failure=_failure(one.failure),
        source=one.source.value,
        source_id=one.source_id,
        rationale=one.rationale,
        span_id=one.span_id,
        metadata=one.metadata,
        valid=one.valid,
        overrides=one.overrides,
        created_by=one.created_by,
        created_at=time_of(one.recorded_at),
        updated_at=time_of(one.updated_at),
    )


def _failure(failure: Failure | None) -> FailureView | None:
    return None if failure is None else FailureView(failure.code, failure.message, failure.stack)


def span_view(span: Span) -> SpanView:
    """A span."""
    return SpanView(
        span_id=span.span_id,
        parent_id=span.parent_id,
        name=span.name,
        type=span.type,
        kind=span.kind.value,
        status=span.status.value,
        message=span.message,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        attributes=span.attributes,
        events=[_event(event) for event in span.events],
        links=[_link(link) for link in span.links],
    )


def _event(event: SpanEvent) -> EventView:
    return EventView(event.name, event.time_ns, event.attributes)


def _link(link: SpanLink) -> SpanLinkView:
    return SpanLinkView(link.trace_id, link.span_id, link.attributes)


def trace_views(call: Call, owners: Mapping[int, Experiment], traces: Sequence[Trace]) -> list[TraceView]:
    """Traces with what was said of them, in a constant number of queries.

    :param owners: their experiments, by id.
    """
    ids = [trace.id for trace in traces]
    tags = call.tx.tags.current("trace", ids)
    properties = call.tx.tags.properties("trace", ids)
    assessments = call.tx.assessments.of_traces(ids)
    links = call.tx.traces.links(ids)
    runs = _runs(call, links)
    versions = _versions(call, links)
    views = []
    for trace in traces:
        linked = links.get(trace.id, ())
        views.append(
            TraceView(
                uid=trace.uid,
                trace_id=trace.trace_id,
                experiment_uid=trace.experiment_uid,
                experiment=experiment_path(owners[trace.experiment_id]),
                run_uid=trace.run_uid,
                name=trace.name,
                state=trace.state.value,
                request_id=trace.request_id,
                session=trace.session,
                started_at=time_of(trace.started_at),
                duration_us=trace.duration_us,
                request=trace.request,
                response=trace.response,
                told=trace.told,
                span_count=trace.spans,
                span_bytes=trace.size,
                tags=tag_views(tags.get(trace.id, ())),
                properties=properties.get(trace.id, {}),
                assessments=[assessment_view(one, trace.trace_id) for one in assessments.get(trace.id, ())],
                runs=[runs[id_] for kind, id_ in linked if kind == "run" and id_ in runs],
                versions=[versions[id_] for kind, id_ in linked if kind == "version" and id_ in versions],
                etag=trace.etag,
                created_by=trace.created_by,
                created_at=time_of(trace.recorded_at),
                updated_at=time_of(trace.updated_at),
            )
        )
    return views


def _targets(links: Mapping[int, Sequence[tuple[str, int]]], kind: str) -> list[int]:
    return sorted({id_ for some in links.values() for of, id_ in some if of == kind})


def _runs(call: Call, links: Mapping[int, Sequence[tuple[str, int]]]) -> dict[int, str]:
    """The linked runs that the caller may see."""
    found = call.tx.runs.by_ids(_targets(links, "run"))
    owners = call.tx.experiments.by_ids(sorted({run.experiment_id for run in found.values()}))
    seen = {id_ for id_, owner in owners.items() if experiments.allows(call, Permission.RUN_READ, owner)}
    return {id_: run.uid for id_, run in found.items() if run.experiment_id in seen}


def _versions(call: Call, links: Mapping[int, Sequence[tuple[str, int]]]) -> dict[int, LinkedVersionView]:
    """The linked versions that the caller may see."""
    found = call.tx.versions.by_ids(_targets(links, "version"))
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in found.values()}))
    shown = {}
    for id_, version in found.items():
        asset = assets.get(version.asset_id)
        if asset is not None and call.caller.access.allows(Permission.ASSET_READ, asset_target(asset)):
            shown[id_] = LinkedVersionView(version.uid, asset.name, version.number)
    return shown


def trace_view(call: Call, experiment: Experiment, trace: Trace) -> TraceView:
    """One trace with what was said of it."""
    return trace_views(call, {experiment.id: experiment}, [trace])[0]


def trace_weight(view: TraceView) -> int:
    """About how many bytes a view has."""
    said = sum(len(one.rationale) + len(str(one.value)) for one in view.assessments)
    texts = (view.request or "", view.response or "", *(tag.value or "" for tag in view.tags))
    return 1_000 + said + sum(map(len, texts)) + sum(len(str(value)) for value in view.properties.values())

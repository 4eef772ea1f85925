"""Traces: recorded with their spans in any order, read, tagged, deleted for good.

What is recorded of traces is no part of a run's chain: see decision 17.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import PAGE_BYTES, Page, PageRequest, within_bytes
from strongroom.application.ports.traces import StoredSpan, TraceFilter
from strongroom.application.registry.assets import clean_properties, clean_tags
from strongroom.application.tracking import experiments, runs, trace_lookup
from strongroom.application.tracking.trace_views import (
    SpanView,
    TraceView,
    span_view,
    trace_view,
    trace_views,
    trace_weight,
)
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar, clean_tag_key
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.spans import (
    SPANS_MOST,
    TRACE_LARGEST,
    Span,
    clean_span,
    clean_trace_id,
    encode_span,
)
from strongroom.domain.tracking.traces import (
    Told,
    Trace,
    TraceState,
    check_room,
    clean_told,
    shown_changes,
    told_changes,
)

TRACES_MOST = 1_000
"""Traces in one request."""
DELETED_MOST = 1_000
"""Traces that one request deletes."""


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """What is recorded of one trace at once.

    :param told: what a client says of the whole; None when it only sends spans.
    :param shown: what its spans show beyond what they say themselves: it fills what nobody said.
    :param run_uid: the run that it was made in.
    """

    trace_id: str
    told: Told | None = None
    spans: Sequence[Span] = ()
    shown: Told = field(default_factory=Told)
    run_uid: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListTraces:
    """Which traces of an experiment to list. A run's are those made in it or linked with it."""

    state: str | None = None
    session: str | None = None
    run_uid: str | None = None


def record(call: Call, experiment_uid: str, commands: Sequence[RecordTrace]) -> list[Trace]:
    """Record traces of an experiment and their spans, all of it or nothing; what is there is added to.

    :raises NotFound: no such experiment or run; or the trace belongs to an experiment that the caller may not see.
    :raises Conflict: the trace belongs to another experiment; the experiment is in the trash.
    :raises TooLarge: above 1,000 traces; above what one span or trace may have.
    """
    if not 1 <= len(commands) <= TRACES_MOST:
        raise TooLarge(f"Between 1 and {TRACES_MOST} traces at a time.", limit=TRACES_MOST)
    experiment = experiments.by_uid(call, experiment_uid, Permission.RUN_WRITE)
    experiments.must_live(experiment)
    clean = [_clean(command) for command in commands]
    ids = list(dict.fromkeys(command.trace_id for command in clean))
    if len(ids) < len(clean):
        raise Invalid("One trace stands twice in the request.")
    there = call.tx.traces.by_trace_ids(call.workspace.id, ids)
    call.tx.traces.add_missing([_new(call, experiment, id_) for id_ in ids if id_ not in there], call.actor.id)
    found = call.tx.traces.lock(call.workspace.id, ids)
    if len(found) < len(ids):
        raise Conflict("A trace was deleted meanwhile; send it again.")
    for trace in found.values():
        _must_be_of(call, experiment, trace)
    return [_record(call, found[command.trace_id], command) for command in clean]


def _clean(command: RecordTrace) -> RecordTrace:
    return replace(
        command,
        trace_id=clean_trace_id(command.trace_id),
        told=clean_told(command.told) if command.told else None,
        shown=clean_told(command.shown),
        spans=[clean_span(span) for span in command.spans],
        tags=clean_tags(command.tags),
        properties=clean_properties(command.properties),
    )


def _new(call: Call, experiment: Experiment, trace_id: str) -> Trace:
    return Trace(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        experiment_id=experiment.id,
        experiment_uid=experiment.uid,
        trace_id=trace_id,
        run_id=None,
        run_uid=None,
        name="",
        state=TraceState.IN_PROGRESS,
        request_id=None,
        session=None,
        started_at=call.now,
        duration_us=None,
        request=None,
        response=None,
        told=False,
        spans=0,
        size=0,
        etag=0,
        created_by=call.actor.uid,
        recorded_at=call.now,
        updated_at=call.now,
    )


def _must_be_of(call: Call, experiment: Experiment, trace: Trace) -> None:
    """Nobody writes into a trace of another experiment, nor learns of one that is hidden more than that it is taken."""
    if trace.experiment_id == experiment.id:
        return
    call.require_experiment(Permission.RUN_WRITE, call.tx.experiments.by_id(trace.experiment_id))
    raise Conflict("The trace belongs to another experiment.")


def _record(call: Call, trace: Trace, command: RecordTrace) -> Trace:
    told = told_changes(command.told) if command.told else {}
    changes = {**shown_changes(trace, command.spans, told), **told}
    if command.told is not None:
        changes["told"] = True
    shown = told_changes(command.shown).items()
    changes |= {name: value for name, value in shown if not getattr(trace, name) and name not in told}
    changes |= _put_spans(call, trace, command.spans)
    if command.run_uid is not None and command.run_uid != trace.run_uid:
        _, run = runs.by_uid(call, command.run_uid, Permission.RUN_READ)
        changes |= {"run_id": run.id, "run_uid": run.uid}
    call.tx.tags.set(call.workspace.id, "trace", trace.id, _new_tags(call, trace, command.tags), call.actor.id)
    call.tx.tags.set_properties(call.workspace.id, "trace", trace.id, command.properties)
    return call.tx.traces.update(trace, **changes)


def _new_tags(call: Call, trace: Trace, tags: Mapping[str, str | None]) -> dict[str, str | None]:
    """Those that are not so already: clients repeat them."""
    if not tags:
        return {}
    present = {tag.key: tag.value for tag in call.tx.tags.current("trace", [trace.id]).get(trace.id, ())}
    new = {key: value for key, value in tags.items() if key not in present or present[key] != value}
    clean_tags({**present, **new})
    return new


def _put_spans(call: Call, trace: Trace, spans: Sequence[Span]) -> dict[str, object]:
    latest = {span.span_id: span for span in spans}
    if not latest:
        return {}
    stored = []
    for span in latest.values():
        body = encode_span(span)
        stored.append(StoredSpan(span, body, len(body.encode())))
    old = call.tx.traces.sizes(trace.id, list(latest)) if trace.spans else {}
    count = trace.spans + len(latest) - len(old)
    size = trace.size + sum(one.size for one in stored) - sum(old.values())
    check_room(count, size)
    call.tx.traces.put_spans(trace, stored)
    return {"spans": count, "size": size}


def get(call: Call, ref: str) -> TraceView:
    """One trace with what was said of it. :param ref: its uid, or its trace id of 32 hex digits."""
    return trace_view(call, *trace_lookup.by_ref(call, ref, Permission.RUN_READ))


def spans(call: Call, ref: str, page: PageRequest, largest: int = PAGE_BYTES) -> Page[SpanView]:
    """Spans of a trace by their start. :param largest: bytes after which the page ends."""
    _, trace = trace_lookup.by_ref(call, ref, Permission.RUN_READ)
    listing = f"spans/{trace.id}"
    found, more = call.tx.traces.spans(trace.id, call.sealer.open(listing, page.token), page.size, largest)
    token = call.sealer.seal(listing, (found[-1].start_ns, found[-1].span_id)) if more else None
    return Page([span_view(span) for span in found], token)


def whole(call: Call, ref: str) -> tuple[TraceView, list[SpanView]]:
    """A trace with all its spans, for clients that take them at once."""
    experiment, trace = trace_lookup.by_ref(call, ref, Permission.RUN_READ)
    return trace_view(call, experiment, trace), _all_spans(call, trace)


def several(call: Call, trace_ids: Sequence[str]) -> list[TraceView]:
    """Those of the traces, by OpenTelemetry's ids, that are there and that the caller may read."""
    found = trace_lookup.visible(call, trace_ids)
    return trace_views(call, {owner.id: owner for owner, _ in found}, [trace for _, trace in found])


def several_whole(call: Call, trace_ids: Sequence[str]) -> list[tuple[TraceView, list[SpanView]]]:
    """The same with all their spans.

    :raises TooLarge: together they have more bytes than one trace may have: ask for fewer.
    """
    found = trace_lookup.visible(call, trace_ids)
    if len(found) > 1 and sum(trace.size for _, trace in found) > TRACE_LARGEST:
        raise TooLarge(f"These traces have more than {TRACE_LARGEST} bytes; ask for fewer.", limit=TRACE_LARGEST)
    views = trace_views(call, {owner.id: owner for owner, _ in found}, [trace for _, trace in found])
    return [(view, _all_spans(call, trace)) for view, (_, trace) in zip(views, found, strict=True)]


def _all_spans(call: Call, trace: Trace) -> list[SpanView]:
    found, _ = call.tx.traces.spans(trace.id, None, SPANS_MOST, TRACE_LARGEST)
    return [span_view(span) for span in found]


def listed(call: Call, experiment_uid: str, query: ListTraces, page: PageRequest) -> Page[TraceView]:
    """Traces of an experiment, latest claimed start first."""
    experiment = experiments.by_uid(call, experiment_uid, Permission.RUN_READ)
    if query.state is not None and query.state not in tuple(TraceState):
        raise Invalid(f"The state of a trace is one of {', '.join(TraceState)}.")
    run = runs.by_uid(call, query.run_uid, Permission.RUN_READ)[1] if query.run_uid else None
    wanted = TraceFilter(query.state, query.session, run.id if run else None)
    listing = f"traces/{experiment.id}/{wanted}"
    rows = call.tx.traces.list(experiment, wanted, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda t: (t.started_at, t.id))

    def seal(trace: Trace) -> str:
        return call.sealer.seal(listing, (trace.started_at, trace.id))

    return within_bytes(kept, lambda some: trace_views(call, {experiment.id: experiment}, some), trace_weight, seal)


def tag(call: Call, ref: str, tags: Mapping[str, str | None]) -> TraceView:
    """Set tags of a trace."""
    clean = clean_tags(tags)
    experiment, trace = trace_lookup.locked(call, ref, Permission.RUN_WRITE)
    call.tx.tags.set(call.workspace.id, "trace", trace.id, _new_tags(call, trace, clean), call.actor.id)
    return trace_view(call, experiment, call.tx.traces.update(trace))


def rename(call: Call, ref: str, name: str) -> TraceView:
    """Give a trace another name, or none."""
    told = clean_told(Told(name=name))
    experiment, trace = trace_lookup.locked(call, ref, Permission.RUN_WRITE)
    return trace_view(call, experiment, call.tx.traces.update(trace, name=told.name))


def untag(call: Call, ref: str, keys: Sequence[str], *, strict: bool = False) -> TraceView:
    """Remove tags of a trace. :raises NotFound: when `strict`: there is none of them."""
    wanted = [clean_tag_key(key) for key in keys]
    experiment, trace = trace_lookup.locked(call, ref, Permission.RUN_WRITE)
    removed = call.tx.tags.remove(call.workspace.id, "trace", trace.id, wanted)
    if strict and not removed:
        raise NotFound("There is no such tag.")
    return trace_view(call, experiment, call.tx.traces.update(trace) if removed else trace)


def delete(call: Call, ref: str, etag: int | None = None) -> None:
    """Remove a trace for good, with its spans and all that was said of it: it may hold what somebody must erase."""
    _, trace = trace_lookup.locked(call, ref, Permission.RUN_DELETE)
    check_etag(etag, trace.etag)
    call.tx.traces.delete([trace.id])
    details: dict[str, Json] = {"experiment": trace.experiment_uid, "trace_id": trace.trace_id, "spans": trace.spans}
    call.record("trace.delete", Subject("trace", trace.uid), details)


def delete_some(
    call: Call, experiment_uid: str, trace_ids: Sequence[str] = (), until: int | None = None, most: int = DELETED_MOST
) -> int:
    """Remove traces of one experiment for good; returns how many there were.

    :param trace_ids: OpenTelemetry's; those that are not there do not matter.
    :param until: instead: the oldest that started at or before, at most `most`. Microseconds since 1970.
    """
    experiment = experiments.locked(call, experiment_uid, Permission.RUN_DELETE)
    if bool(trace_ids) is (until is not None):
        raise Invalid("Say either which traces, or until when they started.")
    if not 1 <= most <= DELETED_MOST or len(trace_ids) > DELETED_MOST:
        raise Invalid(f"At most {DELETED_MOST} traces at a time, at least 1.", limit=DELETED_MOST)
    if until is None:
        named = call.tx.traces.by_trace_ids(call.workspace.id, [clean_trace_id(id_) for id_ in trace_ids]).values()
        found = [trace for trace in named if trace.experiment_id == experiment.id]
    else:
        found = list(call.tx.traces.oldest(experiment, until, most))
    if found:
        call.tx.traces.lock(call.workspace.id, sorted(trace.trace_id for trace in found))
        call.tx.traces.delete([trace.id for trace in found])
        gone = tuple(sorted(trace.uid for trace in found))
        call.record("trace.delete", Subject("experiment", experiment.uid), {"traces": gone})
    return len(found)

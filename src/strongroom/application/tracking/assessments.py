"""Assessments: what people, programs and other models say of traces. Commands: each leaves an audit record."""

from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from strongroom.application.call import Call
from strongroom.application.tracking import trace_lookup
from strongroom.application.tracking.trace_views import AssessmentView, assessment_view
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.assessments import (
    ASSESSMENTS_MOST,
    Assessment,
    AssessmentKind,
    Said,
    SourceKind,
    clean_said,
)
from strongroom.domain.tracking.traces import Trace


@dataclass(frozen=True, slots=True)
class Assess:
    """A new assessment. :param overrides: the uid of the one of the same trace that it takes the place of.

    :param key: the client's own name for it: sent again under the same name, it is the one that is there.
    """

    kind: str
    said: Said
    overrides: str | None = None
    key: str | None = None


def create(call: Call, trace_ref: str, command: Assess) -> AssessmentView:
    """Say something of a trace.

    :raises NotFound: no such trace, or none to override. :raises Invalid: a part breaks its rule; neither value nor
        failure. :raises TooLarge: the trace has 1,000 of them.
    """
    kind, said = _kind(command.kind), clean_said(command.said)
    if said.name is None:
        raise Invalid("An assessment has a name.")
    if not said.has_value and said.failure is None:
        raise Invalid("An assessment has a value, or says why there is none.")
    _, trace = trace_lookup.locked(call, trace_ref, Permission.RUN_WRITE)
    uid = None if command.key is None else _uid_of(trace, command.key)
    if uid is not None and (there := call.tx.assessments.by_uid(call.workspace.id, uid)) is not None:
        return assessment_view(there, trace.trace_id)
    return create_on(call, trace, kind, said, command.overrides, uid)


def _uid_of(trace: Trace, key: str) -> str:
    """The uid of what a client calls so: no other trace has it."""
    return str(UUID(bytes=sha256(f"{trace.uid} {key}".encode()).digest()[:16], version=5))


def create_on(
    call: Call, trace: Trace, kind: AssessmentKind, said: Said, overrides: str | None, uid: str | None = None
) -> AssessmentView:
    """The same on a locked trace, with what is clean."""
    if call.tx.assessments.count(trace.id) >= ASSESSMENTS_MOST:
        raise TooLarge(f"A trace has at most {ASSESSMENTS_MOST} assessments.", limit=ASSESSMENTS_MOST)
    if overrides is not None:
        _override(call, trace, overrides)
    made = call.tx.assessments.add(_new(call, trace, kind, said, overrides, uid), trace, call.actor.id)
    details = {"trace": trace.uid, "kind": kind.value, "overrides": overrides}
    call.record("assessment.create", Subject("assessment", made.uid), details)
    return assessment_view(made, trace.trace_id)


def _kind(text: str) -> AssessmentKind:
    try:
        return AssessmentKind(text)
    except ValueError:
        raise Invalid(f"An assessment is one of {', '.join(AssessmentKind)}.") from None


def _override(call: Call, trace: Trace, uid: str) -> None:
    old = call.tx.assessments.by_uid(call.workspace.id, uid)
    if old is None or old.trace_id != trace.id:
        raise NotFound("The trace has no such assessment to override.")
    call.tx.assessments.replace(replace(old, valid=False, updated_at=call.now))


def _new(
    call: Call, trace: Trace, kind: AssessmentKind, said: Said, overrides: str | None, uid: str | None
) -> Assessment:
    return Assessment(
        id=0,
        uid=uid or call.tx.new_uid(),
        trace_id=trace.id,
        trace_uid=trace.uid,
        kind=kind,
        name=said.name or "",
        value=said.value,
        failure=said.failure,
        source=SourceKind(said.source or "unknown"),
        source_id=said.source_id or "",
        rationale=said.rationale or "",
        span_id=said.span_id,
        metadata=said.metadata or {},
        valid=True,
        overrides=overrides,
        created_by=call.actor.uid,
        recorded_at=call.now,
        updated_at=call.now,
    )


def get(call: Call, uid: str) -> AssessmentView:
    """One assessment. :raises NotFound: none, or of a trace that is not visible."""
    trace, found = _found(call, uid, Permission.RUN_READ)
    return assessment_view(found, trace.trace_id)


def _found(call: Call, uid: str, permission: Permission) -> tuple[Trace, Assessment]:
    found = call.tx.assessments.by_uid(call.workspace.id, uid)
    try:
        _, trace = trace_lookup.by_ref(call, found.trace_uid if found else "", permission)
    except NotFound:
        raise NotFound("There is no such assessment.") from None
    assert found is not None  # noqa: S101 - no trace has the empty uid
    return trace, found


def _locked(call: Call, uid: str, permission: Permission) -> tuple[Trace, Assessment]:
    trace, _ = _found(call, uid, permission)
    trace_lookup.locked(call, trace.trace_id, permission)
    found = call.tx.assessments.by_uid(call.workspace.id, uid)
    if found is None:
        raise NotFound("There is no such assessment.")
    return trace, found


def update(call: Call, uid: str, said: Said, kind: str | None = None) -> AssessmentView:
    """Say it otherwise; what is None stays.

    :param kind: what the caller takes it for. :raises Invalid: it is of another kind.
    """
    said = clean_said(said)
    trace, old = _locked(call, uid, Permission.RUN_WRITE)
    if kind is not None and _kind(kind) is not old.kind:
        raise Invalid(f"The assessment is {old.kind.value}, not {kind}.")
    changed = replace(
        old,
        name=old.name if said.name is None else said.name,
        value=said.value if said.has_value else old.value,
        failure=said.failure if said.has_value or said.failure else old.failure,
        rationale=old.rationale if said.rationale is None else said.rationale,
        metadata=old.metadata if said.metadata is None else said.metadata,
        updated_at=call.now,
    )
    call.tx.assessments.replace(changed)
    call.record("assessment.update", Subject("assessment", uid), {"trace": trace.uid, "kind": old.kind.value})
    return assessment_view(changed, trace.trace_id)


def delete(call: Call, uid: str) -> None:
    """Take it back for good; what it overrode is valid again."""
    trace, found = _locked(call, uid, Permission.RUN_WRITE)
    call.tx.assessments.remove(found.id)
    if found.overrides is not None:
        old = call.tx.assessments.by_uid(call.workspace.id, found.overrides)
        if old is not None:
            call.tx.assessments.replace(replace(old, valid=True, updated_at=call.now))
    call.record("assessment.delete", Subject("assessment", uid), {"trace": trace.uid, "kind": found.kind.value})

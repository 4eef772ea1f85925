"""Assessments: what is said of traces."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from strongroom.application.call import Call
from strongroom.application.tracking import assessments
from strongroom.application.tracking.assessments import Assess
from strongroom.application.tracking.trace_views import AssessmentView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.metrics_wire import Word
from strongroom.dialects.native.operations.traces import ByTrace, SpanId
from strongroom.dialects.native.wire import ByUid, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking import assessments as limits
from strongroom.domain.tracking.assessments import Failure, Said

Text = Annotated[str, Meta(max_length=limits.RATIONALE_LONGEST)]
Metadata = dict[str, str]


class FailureBody(Struct, frozen=True, kw_only=True):
    """Why there is no value: a judge that failed."""

    code: Word
    message: Text = ""
    stack: Text = ""


class AssessBody(Struct, frozen=True, kw_only=True):
    """What is said, of the trace or of one of its spans: a value (any JSON), or why there is none.

    `overrides` is the uid of an assessment of the same trace that is not valid any more.
    """

    kind: Literal["feedback", "expectation", "issue"] = "feedback"
    name: Annotated[str, Meta(min_length=1, max_length=1000, description="At most 250 characters in NFC.")]
    value: Any | UnsetType = UNSET
    failure: FailureBody | None = None
    source: Literal["unknown", "human", "model", "code"] = "unknown"
    source_id: Word = ""
    rationale: Text = ""
    span_id: SpanId | None = None
    metadata: Metadata = {}
    overrides: Uid | None = None


class ChangeBody(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    value: Any | UnsetType = UNSET
    failure: FailureBody | None = None
    rationale: Text | None = None
    metadata: Metadata | None = None


def _said(body: AssessBody | ChangeBody) -> Said:
    failure = body.failure
    return Said(
        name=body.name,
        value=None if isinstance(body.value, UnsetType) else body.value,
        has_value=body.value is not UNSET,
        failure=Failure(failure.code, failure.message, failure.stack) if failure else None,
        rationale=body.rationale,
        metadata=body.metadata,
    )


@command(
    "assessment.create",
    "POST",
    "/traces/{uid}/assessments",
    Permission.RUN_WRITE,
    "Say something of a trace: feedback, an expectation, an issue",
    params=ByTrace,
    body=AssessBody,
    answer=AssessmentView,
    status=201,
)
def create_assessment(call: Call, request: Request[ByTrace, AssessBody]) -> AssessmentView:
    body = request.body
    said = replace(_said(body), source=body.source, source_id=body.source_id, span_id=body.span_id)
    return assessments.create(call, request.params.uid, Assess(body.kind, said, body.overrides))


@read(
    "assessment.get",
    "/assessments/{uid}",
    Permission.RUN_READ,
    "One assessment",
    params=ByUid,
    answer=AssessmentView,
)
def get_assessment(call: Call, request: Request[ByUid, Any]) -> AssessmentView:
    return assessments.get(call, request.params.uid)


@command(
    "assessment.update",
    "PATCH",
    "/assessments/{uid}",
    Permission.RUN_WRITE,
    "Say it otherwise",
    params=ByUid,
    body=ChangeBody,
    answer=AssessmentView,
)
def update_assessment(call: Call, request: Request[ByUid, ChangeBody]) -> AssessmentView:
    return assessments.update(call, request.params.uid, _said(request.body))


@command(
    "assessment.delete",
    "DELETE",
    "/assessments/{uid}",
    Permission.RUN_WRITE,
    "Take an assessment back for good; what it overrode is valid again",
    params=ByUid,
    status=204,
)
def delete_assessment(call: Call, request: Request[ByUid, Any]) -> None:
    assessments.delete(call, request.params.uid)


OPERATIONS = (create_assessment, get_assessment, update_assessment, delete_assessment)

"""Assessments of traces."""

from strongroom.application.call import Call
from strongroom.application.tracking import assessments
from strongroom.application.tracking.trace_views import AssessmentView
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.translate import assessments as translate
from strongroom.dialects.mlflow.translate.traces import trace_id
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import missing
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission

_PATH = "/mlflow/traces/{trace_id}/assessments"
_ONE = _PATH + "/{assessment_id}"
_ABSENT = "Assessment with ID '{assessment_id}' not found for trace '{trace_id}'"
_READ, _WRITE = Permission.RUN_READ, Permission.RUN_WRITE
_V3 = ("3.0",)


@command(
    "assessments.create",
    "POST",
    _PATH,
    _WRITE,
    wire.CreateAssessment,
    required=("assessment",),
    absent="Trace with ID '{trace_id}', or the assessment that is to be overridden, not found.",
    versions=_V3,
)
def create(call: Call, message: wire.CreateAssessment) -> wire.AssessmentAnswer:
    """Say something of a trace."""
    call.ask(_WRITE)
    if message.assessment is None:
        raise missing("assessment")
    view = assessments.create(call, trace_id(message.trace_id), translate.assess(message.assessment))
    return wire.AssessmentAnswer(assessment=translate.assessment(view))


@read("assessments.get", "GET", _ONE, _READ, wire.ByAssessment, absent=_ABSENT, versions=_V3)
def get(call: Call, message: wire.ByAssessment) -> wire.AssessmentAnswer:
    """One assessment."""
    return wire.AssessmentAnswer(assessment=translate.assessment(_found(call, message, _READ)))


def _found(call: Call, message: wire.ByAssessment, permission: Permission) -> AssessmentView:
    call.ask(permission)
    view = assessments.get(call, translate.assessment_uid(message.assessment_id))
    if view.trace_id != trace_id(message.trace_id):
        raise NotFound("The trace has no such assessment.")
    return view


@command("assessments.update", "PATCH", _ONE, _WRITE, wire.UpdateAssessment, absent=_ABSENT, versions=_V3)
def update(call: Call, message: wire.UpdateAssessment) -> wire.AssessmentAnswer:
    """Say it otherwise: what the mask names; metadata are added to those that are there."""
    if message.assessment is None:
        raise missing("assessment")
    if not message.update_mask:
        raise missing("update_mask")
    found = _found(call, message, _WRITE)
    kind, said = translate.changes(message.assessment, message.update_mask)
    if said.metadata is not None:
        said = translate.with_metadata(said, found.metadata)
    view = assessments.update(call, found.uid, said, kind)
    return wire.AssessmentAnswer(assessment=translate.assessment(view))


@command("assessments.delete", "DELETE", _ONE, _WRITE, wire.ByAssessment, absent=_ABSENT, versions=_V3)
def delete(call: Call, message: wire.ByAssessment) -> None:
    """Take it back."""
    assessments.delete(call, _found(call, message, _WRITE).uid)


OPERATIONS = (create, get, update, delete)

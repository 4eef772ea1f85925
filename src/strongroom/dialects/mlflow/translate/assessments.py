"""Assessments between MLflow's messages and the core's words."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from strongroom.application.tracking.assessments import Assess
from strongroom.application.tracking.trace_views import AssessmentView
from strongroom.dialects.mlflow.translate.ids import hex_of, uid_of_hex
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import invalid, missing
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.tracking.assessments import Failure, Said

PREFIX = "a-"
JSON_FORMAT = "JSON_FORMAT"
SOURCES = {"SOURCE_TYPE_UNSPECIFIED": "unknown", "HUMAN": "human", "LLM_JUDGE": "model", "CODE": "code"}
_OTHER_NAMES = {"AI_JUDGE": "LLM_JUDGE"}
_SOURCE_NAMES = {ours: theirs for theirs, ours in SOURCES.items()}
_NUMBERED = dict(enumerate(SOURCES))
ISSUE_NAME = "issue_name"


def assessment_uid(text: str | None) -> str:
    """The uid of an assessment. :raises NotFound: an id that none of ours has."""
    uid = uid_of_hex((text or "").removeprefix(PREFIX))
    if uid is None:
        raise NotFound("There is no such assessment.")
    return uid


def assessment_id(uid: str) -> str:
    """The id of an assessment."""
    return PREFIX + hex_of(uid)


def assess(message: wire.Assessment) -> Assess:
    """A new assessment. :raises Invalid: neither feedback nor expectation nor issue, or without a name."""
    if not message.assessment_name:
        raise missing("assessment.assessment_name")
    kind = kind_of(message)
    if kind is None:
        raise missing("assessment.value")
    source = message.source
    said = Said(
        name=message.assessment_name,
        **_value(message),
        rationale=message.rationale,
        metadata=message.metadata,
        source=_source(source.source_type) if source else "unknown",
        source_id=(source.source_id or "") if source else "",
        span_id=message.span_id or None,
    )
    return Assess(kind, said, assessment_uid(message.overrides) if message.overrides else None)


def kind_of(message: wire.Assessment) -> str | None:
    """Which of the three it is; None of none."""
    if message.feedback is not None:
        return "feedback"
    if message.expectation is not None:
        return "expectation"
    return "issue" if message.issue is not None else None


def _source(kind: str | int | None) -> str:
    name = _NUMBERED.get(kind) if isinstance(kind, int) else kind or "SOURCE_TYPE_UNSPECIFIED"
    name = _OTHER_NAMES.get(str(name), name)
    if name not in SOURCES:
        raise invalid("assessment.source.source_type", kind)
    return SOURCES[str(name)]


def _value(message: wire.Assessment) -> dict[str, Any]:
    """Value and failure, whichever there is."""
    if message.feedback is not None:
        error = message.feedback.error or message.error
        failure = Failure(error.error_code or "", error.error_message or "", error.stack_trace or "") if error else None
        has_value = message.feedback.value is not None or failure is None
        return {"value": message.feedback.value, "has_value": has_value, "failure": failure}
    if message.expectation is not None:
        return {"value": _expected(message.expectation), "has_value": True}
    if message.issue is not None:
        return {"value": message.issue.issue_name or "", "has_value": True}
    return {}


def _expected(message: wire.Expectation) -> Any:  # noqa: ANN401 - JSON
    serialized = message.serialized_value
    if serialized is None:
        return message.value
    if serialized.serialization_format != JSON_FORMAT:
        raise Invalid(
            f"Unknown serialization format: {serialized.serialization_format}. Only JSON_FORMAT is supported."
        )
    try:
        return json.loads(serialized.value or "")
    except (ValueError, RecursionError):
        raise invalid("assessment.expectation.serialized_value.value", serialized.value) from None


def changes(message: wire.Assessment, mask: str) -> tuple[str | None, Said]:
    """What is to change, by the mask; and the kind that the client takes it for, where that matters."""
    paths = {path.strip() for path in mask.split(",")} - {""}
    known = {"assessment_name", "assessmentName", "expectation", "feedback", "rationale", "metadata", "valid"}
    if not paths or paths - known:
        raise invalid("update_mask", mask)
    kinds = paths & {"feedback", "expectation"}
    if len(kinds) > 1:
        raise Invalid("Cannot specify both `expectation` and `feedback` parameters.")
    kind = next(iter(kinds), None)
    named = paths & {"assessment_name", "assessmentName"}
    said = Said(
        name=message.assessment_name if named else None,
        rationale=(message.rationale or "") if "rationale" in paths else None,
        metadata=message.metadata if "metadata" in paths else None,
        **(_value(_only(message, kind)) if kind else {}),
    )
    return kind, said


def with_metadata(said: Said, present: Mapping[str, str]) -> Said:
    """The same, with metadata added to those that are there."""
    return replace(said, metadata={**present, **(said.metadata or {})})


def _only(message: wire.Assessment, kind: str) -> wire.Assessment:
    if kind == "feedback":
        return wire.Assessment(feedback=message.feedback or wire.Feedback(), error=message.error)
    return wire.Assessment(expectation=message.expectation or wire.Expectation())


def assessment(view: AssessmentView) -> wire.Assessment:
    """An assessment for a client."""
    return wire.Assessment(
        assessment_id=assessment_id(view.uid),
        assessment_name=view.name,
        trace_id="tr-" + view.trace_id,
        span_id=view.span_id,
        source=wire.Source(source_type=_SOURCE_NAMES[view.source], source_id=view.source_id),
        create_time=view.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        last_update_time=view.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        feedback=_feedback(view) if view.kind == "feedback" else None,
        expectation=_expectation(view.value) if view.kind == "expectation" else None,
        issue=wire.Issue(issue_name=str(view.value)) if view.kind == "issue" else None,
        rationale=view.rationale or None,
        metadata=dict(view.metadata),
        overrides=assessment_id(view.overrides) if view.overrides else None,
        valid=view.valid,
    )


def _feedback(view: AssessmentView) -> wire.Feedback:
    failure = view.failure
    if failure is None:
        return wire.Feedback(value=view.value)
    error = wire.Failure(error_code=failure.code, error_message=failure.message, stack_trace=failure.stack or None)
    return wire.Feedback(value=view.value, error=error)


def _expectation(value: object) -> wire.Expectation:
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
        return wire.Expectation(serialized_value=wire.Serialized(serialization_format=JSON_FORMAT, value=text))
    return wire.Expectation(value=value)

"""Assessments as values: what people, programs and other models say of a trace, or of one of its spans.

*Feedback* judges what was done, an *expectation* says what should have come out, an *issue* names a problem that the
trace shows. One may override another of the same trace, which is then no longer valid but stays.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.tracking.spans import Value, clean_span_id

NAME_LONGEST = 250
VALUE_LARGEST = 65_536
"""Characters of a value as JSON."""
RATIONALE_LONGEST = 65_536
SOURCE_LONGEST = 255
METADATA_MOST = 100
METADATA_LARGEST = 65_536
ERROR_LONGEST = 65_536
ASSESSMENTS_MOST = 1_000
"""Assessments of one trace."""
_NUMBER_LARGEST = 1e308


class AssessmentKind(StrEnum):
    """What an assessment is."""

    FEEDBACK = "feedback"
    EXPECTATION = "expectation"
    ISSUE = "issue"


class SourceKind(StrEnum):
    """Who says so; the principal that wrote it down is kept beside it."""

    UNKNOWN = "unknown"
    HUMAN = "human"
    MODEL = "model"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no value: a judge that failed."""

    code: str
    message: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What was said. `value` is plain JSON; `overrides` is the uid of the one that it takes the place of."""

    id: int
    uid: str
    trace_id: int
    trace_uid: str
    kind: AssessmentKind
    name: str
    value: Value
    failure: Failure | None
    source: SourceKind
    source_id: str
    rationale: str
    span_id: str | None
    metadata: Mapping[str, str]
    valid: bool
    overrides: str | None
    created_by: str
    recorded_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Said:
    """An assessment from outside, or the parts of one to change (what is None stays)."""

    name: str | None = None
    value: Value = None
    has_value: bool = False
    failure: Failure | None = None
    rationale: str | None = None
    metadata: Mapping[str, str] | None = None
    source: str | None = None
    source_id: str | None = None
    span_id: str | None = None


def clean_said(said: Said) -> Said:
    """The same, checked. :raises Invalid: a part breaks its rule. :raises TooLarge: a value or metadata too large."""
    if said.source is not None and said.source not in tuple(SourceKind):
        raise Invalid(f"The source of an assessment is one of {', '.join(SourceKind)}.")
    if said.has_value:
        value_text(said.value)
    return replace(
        said,
        name=None if said.name is None else clean_line(said.name, what="name", longest=NAME_LONGEST, error=Invalid),
        failure=None if said.failure is None else _failure(said.failure),
        rationale=_text(said.rationale, "rationale", RATIONALE_LONGEST),
        source_id=_text(said.source_id, "source", SOURCE_LONGEST),
        span_id=None if said.span_id is None else clean_span_id(said.span_id),
        metadata=None if said.metadata is None else _metadata(said.metadata),
    )


def _text(text: str | None, what: str, longest: int) -> str | None:
    return None if text is None else clean_text(text, what=what, longest=longest)


def _failure(failure: Failure) -> Failure:
    parts = (failure.code, failure.message, failure.stack)
    return Failure(*(clean_text(part, what="error", longest=ERROR_LONGEST) for part in parts))


def _metadata(found: Mapping[str, str]) -> dict[str, str]:
    if len(found) > METADATA_MOST or sum(len(key) + len(value) for key, value in found.items()) > METADATA_LARGEST:
        raise TooLarge(
            f"An assessment has at most {METADATA_MOST} metadata of {METADATA_LARGEST} characters.",
            limit=METADATA_LARGEST,
        )
    clean = clean_text
    return {
        clean(key, what="key", longest=NAME_LONGEST): clean(value, what="value", longest=METADATA_LARGEST)
        for key, value in found.items()
    }


def value_json(value: Value) -> str:
    """A value as it is stored."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (ValueError, RecursionError, UnicodeEncodeError):
        raise Invalid("The value of an assessment is plain JSON.") from None
    if len(text) > VALUE_LARGEST:
        raise TooLarge(f"The value of an assessment has at most {VALUE_LARGEST} characters.", limit=VALUE_LARGEST)
    return text


def value_text(value: Value) -> str | None:
    """What search compares texts with: a text as it is, everything else as JSON writes it; None of null."""
    stored = value_json(value)
    if value is None:
        return None
    if isinstance(value, str):
        return clean_text(value, what="value", longest=VALUE_LARGEST)
    return stored


def value_number(value: Value) -> float | None:
    """What search compares numbers with: a number, or a truth value as 1 or 0."""
    if isinstance(value, int | float) and abs(value) < _NUMBER_LARGEST:
        return float(value)
    return None

"""Figures over traces: how many, how long, how much, in groups and stretches of time. Asked as values, checked here."""

import re
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Atom
from strongroom.domain.tracking.assessments import AssessmentKind

GROUPS_MOST = 1_000
"""Groups in one answer."""
SUMMARIES_MOST = 20
STEP_LONGEST_S = 366 * 86_400
_MEMBER = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Of(StrEnum):
    """What is counted and measured."""

    TRACE = "trace"
    SPAN = "span"
    ASSESSMENT = "assessment"


class Kind(StrEnum):
    """How the values of a group become one figure."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    LEAST = "least"
    GREATEST = "greatest"
    PERCENTILE = "percentile"


@dataclass(frozen=True, slots=True)
class Member:
    """A number in a JSON object that a client keeps as the text of a trace's property, or a span's attribute."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A figure; `percent` of a percentile, from 0 to 100. Between two values it is in proportion, as numpy has it."""

    kind: Kind
    percent: float = 0.0


ROWS, SESSIONS, DURATION, NUMBER = "rows", "sessions", "duration_ms", "number"
MEASURED = {
    Of.TRACE: frozenset({ROWS, SESSIONS, DURATION}),
    Of.SPAN: frozenset({ROWS, DURATION}),
    Of.ASSESSMENT: frozenset({ROWS, NUMBER}),
}
GROUPED = {
    Of.TRACE: frozenset({"name", "state"}),
    Of.SPAN: frozenset({"name", "type", "status"}),
    Of.ASSESSMENT: frozenset({"name", "value"}),
}
ATTRIBUTES = "attributes."


@dataclass(frozen=True, slots=True)
class Figures:
    """What is asked. Rows without the value, or without something that they are grouped by, count nowhere.

    :param value: rows, different sessions, whole milliseconds, the number of an assessment (yes is 1, no 0), a member.
    :param by: what `GROUPED` has; of spans ``attributes.KEY`` too.
    :param step_s: seconds of a stretch of time. :param since, until: when the trace started, microseconds, both
        included; of a span's member when the span did.
    :param spans: what holds of the span. :param kind, name: of the assessments; only valid ones count.
    """

    of: Of
    value: str | Member
    summaries: tuple[Summary, ...]
    by: tuple[str, ...] = ()
    step_s: int | None = None
    since: int | None = None
    until: int | None = None
    spans: tuple[Atom, ...] = ()
    kind: AssessmentKind | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One group: the start of its stretch (seconds since 1970), what it is grouped by, its figures in order."""

    start_s: int | None
    by: tuple[str, ...]
    values: tuple[float | None, ...]


def check_figures(asked: Figures) -> Figures:
    """The same, checked. :raises Invalid: a part that there is not, or too much of one."""
    if isinstance(asked.value, Member):
        if asked.of is Of.ASSESSMENT or not _MEMBER.fullmatch(asked.value.name) or '"' in asked.value.key:
            raise Invalid("Members are of a trace's properties and a span's attributes.")
    elif asked.value not in MEASURED[asked.of]:
        raise Invalid(f"Of a {asked.of} {', '.join(sorted(MEASURED[asked.of]))} can be measured.")
    for one in asked.by:
        of_span = asked.of is Of.SPAN and one.startswith(ATTRIBUTES) and '"' not in one
        if one not in GROUPED[asked.of] and not of_span:
            raise Invalid(f"Figures of a {asked.of} are grouped by {', '.join(sorted(GROUPED[asked.of]))}.")
    if len(set(asked.by)) < len(asked.by):
        raise Invalid("Figures are grouped by the same thing once.")
    if not 1 <= len(asked.summaries) <= SUMMARIES_MOST:
        raise Invalid(f"From 1 to {SUMMARIES_MOST} figures at a time.", limit=SUMMARIES_MOST)
    if any(not 0 <= one.percent <= 100 for one in asked.summaries):  # noqa: PLR2004 - percent
        raise Invalid("A percentile is from 0 to 100.")
    if asked.step_s is not None and not 1 <= asked.step_s <= STEP_LONGEST_S:
        raise Invalid(f"A stretch of time is from 1 to {STEP_LONGEST_S} seconds.", limit=STEP_LONGEST_S)
    return asked

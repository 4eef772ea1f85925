"""What an evaluation may say: forms and bounds of everything that comes from outside."""

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.model import Code, Data, Direction, Judge, Measure, MetricKind, SliceMeasure
from strongroom.domain.registry.fields import Scalar, clean_property, clean_tag_key
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.tracking.values import clean_key

MEASURES_MOST: Final = 200
SLICES_MOST: Final = 2_000
PROPERTIES_MOST: Final = 50
EVALUATIONS_MOST: Final = 1_000
"""Evaluations of one version, corrected and retracted ones among them."""
STATEMENT_LARGEST: Final = 256 * 1024
"""Bytes of one evaluation, all that is said in it."""
NAME_LONGEST: Final = 255
UNIT_LONGEST: Final = 32
COMMIT_LONGEST: Final = 128
PATH_LONGEST: Final = 1_000
NOTE_LONGEST: Final = 4_000
DIGEST_LONGEST: Final = 200
ROWS_LARGEST: Final = 2**53
TIME_LATEST: Final = 253_402_300_799_999_999
_DIGEST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:+/=._-]{7,199}")
_ALGORITHM: Final = "sha256:"

E = TypeVar("E", bound=StrEnum)


def one_of(kind: type[E], text: str, what: str) -> E:
    """The member of that name. :raises Invalid: none."""
    try:
        return kind(text)
    except ValueError:
        raise Invalid(f"A {what} is one of {', '.join(kind)}.") from None


def clean_measures(found: Sequence[Measure]) -> tuple[Measure, ...]:
    """Metrics, each of its own name. :raises Invalid: none, too many, one twice, or one that says nothing."""
    if not 1 <= len(found) <= MEASURES_MOST:
        raise Invalid(f"An evaluation has 1 to {MEASURES_MOST} metrics.", limit=MEASURES_MOST)
    clean = tuple(_measure(one) for one in found)
    if len({one.name for one in clean}) < len(clean):
        raise Invalid("A metric is given once.")
    return clean


def _measure(one: Measure) -> Measure:
    low, high, sure = one.low, one.high, one.confidence
    if (low is None) is not (high is None):
        raise Invalid("A confidence interval has two ends.")
    if low is not None and high is not None and not finite(low, "end") <= one.value <= finite(high, "end"):
        raise Invalid("A confidence interval holds the value of its metric.")
    if sure is not None and (low is None or not 0 < sure < 1):
        raise Invalid("The confidence is that of an interval, between 0 and 1, such as 0.95.")
    return Measure(
        clean_key(one.name),
        finite(one.value, "metric"),
        clean_line(one.unit, what="unit", longest=UNIT_LONGEST, error=Invalid) if one.unit else "",
        one_of(Direction, one.better, "direction"),
        one_of(MetricKind, one.kind, "kind of metric"),
        low,
        high,
        sure,
        _rows(one.rows),
    )


def finite(value: float, what: str) -> float:
    """A number that can be compared. :raises Invalid: NaN or infinite."""
    if not math.isfinite(value):
        raise Invalid(f"The value of a {what} is a finite number.")
    return float(value)


def _rows(count: int | None) -> int | None:
    if count is not None and not 0 <= count <= ROWS_LARGEST:
        raise Invalid("A number of rows is at least 0.", limit=ROWS_LARGEST)
    return count


def clean_slices(found: Sequence[SliceMeasure], metrics: Sequence[Measure]) -> tuple[SliceMeasure, ...]:
    """Values of slices, of metrics that the evaluation has. :raises Invalid: too many, one twice, an unknown metric."""
    if len(found) > SLICES_MOST:
        raise Invalid(f"An evaluation has at most {SLICES_MOST} values of slices.", limit=SLICES_MOST)
    known = {one.name for one in metrics}
    clean = tuple(
        SliceMeasure(
            clean_line(one.slice, what="slice", longest=NAME_LONGEST, error=Invalid),
            clean_key(one.metric),
            finite(one.value, "metric"),
            _rows(one.rows),
        )
        for one in found
    )
    if any(one.metric not in known for one in clean):
        raise Invalid("The metric of a slice is one of the evaluation's.")
    if len({(one.slice, one.metric) for one in clean}) < len(clean):
        raise Invalid("A metric of a slice is given once.")
    return clean


def clean_data(digest: str, name: str) -> Data:
    """The data set as a caller names it; none is *unbound*. A bare SHA-256 and ``sha256:`` before it are one.

    :raises Invalid: no digest, or no name, of a form that is kept.
    """
    digest = digest.removeprefix(_ALGORITHM)
    if digest and not _DIGEST.fullmatch(digest):
        raise Invalid(f"A digest has 8 to {DIGEST_LONGEST} letters, digits and : + / = . _ -", limit=DIGEST_LONGEST)
    return Data(digest, clean_line(name, what="data set", longest=NAME_LONGEST, error=Invalid) if name else "")


def clean_code(commit: str, path: str) -> Code:
    """The code's commit and path. :raises Invalid: of another form."""
    commit = clean_line(commit, what="commit", longest=COMMIT_LONGEST, error=Invalid) if commit else ""
    return Code(commit, clean_line(path, what="path", longest=PATH_LONGEST, error=Invalid) if path else "")


def clean_judge(judge: Judge | None) -> Judge | None:
    """The judge. :raises Invalid: without a name, or of another form."""
    if judge is None:
        return None
    rest = [
        clean_line(text, what=what, longest=NAME_LONGEST, error=Invalid) if text else ""
        for text, what in ((judge.version, "version of a judge"), (judge.model, "model of a judge"))
    ]
    return Judge(clean_line(judge.name, what="judge", longest=NAME_LONGEST, error=Invalid), *rest)


def clean_name(text: str) -> str:
    """What the evaluation, or the suite that it is of, is called. :raises Invalid: nothing, or of another form."""
    return clean_line(text, what="name", longest=NAME_LONGEST, error=Invalid)


def clean_note(text: str) -> str:
    """Free text beside it. :raises Invalid: too long."""
    return clean_text(text, what="note", longest=NOTE_LONGEST)


def clean_properties(found: Mapping[str, object]) -> Mapping[str, Scalar]:
    """Settings of the evaluation, such as a temperature or a number of shots. :raises Invalid: too many."""
    if len(found) > PROPERTIES_MOST:
        raise Invalid(f"An evaluation has at most {PROPERTIES_MOST} properties.", limit=PROPERTIES_MOST)
    return {clean_tag_key(key): clean_property(value) for key, value in found.items()}


def clean_time(claimed: int | None) -> int | None:
    """A time as somebody claims it, microseconds. :raises Invalid: before 1970, or after the year 9999."""
    if claimed is not None and not 0 <= claimed <= TIME_LATEST:
        raise Invalid("An evaluation is made between 1970 and the year 9999.")
    return claimed

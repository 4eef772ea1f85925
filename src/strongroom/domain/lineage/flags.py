"""Flags: somebody says that an object is bad, which matters to all that came of it."""

from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.model import Vertex


class FlagCause(StrEnum):
    """What is wrong."""

    BAD_DATA = "bad_data"
    LICENCE = "licence"
    VULNERABILITY = "vulnerability"
    RECALL = "recall"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Flag:
    """A statement that a version, run or node is bad, until it is removed. `set_by` and `removed_by` are ids.

    :ivar recall_id: of the recall that set it and is lifted instead.
    """

    id: int
    uid: str
    workspace_id: int
    vertex: Vertex
    cause: FlagCause
    reason: str
    set_by: int
    recorded_at: int
    removed_at: int | None = None
    removed_by: int | None = None
    removed_reason: str = ""
    recall_id: int | None = None


def parse_cause(text: str) -> FlagCause:
    """The cause of that name. :raises Invalid: none."""
    try:
        return FlagCause(text)
    except ValueError:
        raise Invalid(f"A flag's cause is one of {', '.join(FlagCause)}.") from None

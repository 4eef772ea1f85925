"""Small steps that several groups share: times, tags, views of what is deleted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from strongroom.application.registry.views import TagView
from strongroom.application.views import microseconds
from strongroom.dialects.mlflow.wire.codec import invalid, missing
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.domain.errors import Invalid

_STATES: Mapping[str, str] = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "trashed", "ALL": "all"}
_NUMBERS = dict(enumerate(_STATES, 1))
ENUM_LONGEST: Final = 10


def milliseconds(time: datetime) -> int:
    """A time as MLflow writes it."""
    return microseconds(time) // 1000


def time_us(time_ms: int | None) -> int | None:
    """A time from MLflow, in microseconds; whether a calendar shows it is for the core to say."""
    if time_ms is None:
        return None
    return time_ms * 1000


def state_of(view_type: str | int | None) -> str:
    """Which objects are asked for, by name or number of MLflow's view type. :raises Invalid: another."""
    if view_type is None:
        return "active"
    number = enum_number(view_type)
    name = view_type if number is None else _NUMBERS.get(number)
    if name not in _STATES:
        raise invalid("view_type", view_type)
    return _STATES[str(name)]


def enum_number(value: str | int) -> int | None:
    """The number of one of MLflow's words, where it came as one; -1, which none has, for what is far too long."""
    if isinstance(value, int):
        return value
    if not value.isdecimal():
        return None
    return int(value) if len(value) <= ENUM_LONGEST else -1


def tags_of(tags: Sequence[Tag], field: str = "tags") -> dict[str, str]:
    """Tags from a client; the last of one key counts. :raises Invalid: one has no key."""
    found = {}
    for number, tag in enumerate(tags):
        if not tag.key:
            raise missing(f"{field}[{number}].key")
        found[tag.key] = tag.value or ""
    return found


def tag_list(tags: Iterable[TagView]) -> list[Tag]:
    """Tags for a client."""
    return [Tag(key=tag.key, value=tag.value or "") for tag in tags]


def page_size(asked: int | None, default: int, most: int) -> int:
    """How many results are asked for. :raises Invalid: none, or above what MLflow allows."""
    size = default if asked is None else asked
    if not 1 <= size <= most:
        raise Invalid(
            f"Invalid value {size} for parameter 'max_results' supplied. It must be at least 1 and at most {most}."
        )
    return size

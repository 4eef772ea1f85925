"""Small steps that several groups share: times, tags, views of what is deleted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from strongroom.application.registry.views import TagView
from strongroom.application.views import microseconds
from strongroom.dialects.mlflow.wire.codec import invalid, missing
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.domain.errors import Invalid

_STATES: Mapping[str, str] = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "trashed", "ALL": "all"}
_NUMBERS = dict(enumerate(_STATES, 1))


def milliseconds(time: datetime) -> int:
    """A time as MLflow writes it."""
    return microseconds(time) // 1000


def time_us(time_ms: int | None) -> int | None:
    """A time from MLflow, in microseconds. :raises Invalid: one that no calendar shows."""
    if time_ms is None:
        return None
    return time_ms * 1000


def state_of(view_type: str | int | None) -> str:
    """Which objects are asked for, by name or number of MLflow's view type. :raises Invalid: another."""
    name = _NUMBERS.get(int(view_type)) if _is_number(view_type) else view_type  # type: ignore[arg-type]
    if name is None and view_type is None:
        return "active"
    if name not in _STATES:
        raise invalid("view_type", view_type)
    return _STATES[str(name)]


def _is_number(value: str | int | None) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())


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

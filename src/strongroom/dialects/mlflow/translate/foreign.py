"""Ids of another MLflow in a message, of what was imported from there (domain.md N3), and ours in their place.

Only the fields that name runs, experiments and logged models are looked at, and addresses that hold such ids.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strongroom.dialects.mlflow.wire.codec import Message

Id = tuple[str, str]
"""A kind of handle (`run`, `experiment`, `logged_model`) and an id as the client wrote it."""

_KINDS = {
    "run_id": "run",
    "run_uuid": "run",
    "source_run_id": "run",
    "run_ids": "run",
    "experiment_id": "experiment",
    "experiment_ids": "experiment",
    "model_id": "logged_model",
}
_ADDRESSES = ("path", "artifact_path", "source")
_PROXIED = r"(?:mlflow-artifacts:/+)?[^/:]+/"
_IN_ADDRESS = tuple(
    (kind, re.compile(f"({before})([^/]+)({after})", re.DOTALL))
    for kind, before, after in (
        ("run", "runs:/+", ".*"),
        ("logged_model", "models:/+(?=m-)", ".*"),
        ("logged_model", _PROXIED + "models/", "/artifacts(?:/.*)?"),
        ("run", _PROXIED, "/artifacts(?:/.*)?"),
    )
)
"""Kinds of ids, and the addresses that hold them."""
LONGEST = 512


def ids_in(message: Message) -> list[Id]:
    """The ids that may be another system's, each once."""
    found: list[Id] = []

    def note(id_: Id) -> str:
        found.append(id_)
        return id_[1]

    _walk(message, note)
    return [id_ for id_ in dict.fromkeys(found) if 0 < len(id_[1]) <= LONGEST]


def with_ids(message: Message, ours: Mapping[Id, str]) -> Message:
    """The message with our ids in the place of those that are known."""
    changed = _walk(message, lambda id_: ours.get(id_, id_[1]))
    return type(message)(**{name: changed.get(name, getattr(message, name)) for name in message.__struct_fields__})


def _walk(message: Message, each: Callable[[Id], str]) -> dict[str, Any]:
    """What every field that holds ids becomes, when `each` says what stands for an id."""
    changed: dict[str, Any] = {}
    for name in message.__struct_fields__:
        value = getattr(message, name)
        kind = _KINDS.get(name)
        if kind is not None and isinstance(value, str):
            changed[name] = each((kind, value))
        elif kind is not None and isinstance(value, Sequence):
            changed[name] = [each((kind, one)) if isinstance(one, str) else one for one in value]
        elif name in _ADDRESSES and isinstance(value, str):
            changed[name] = _address(value, each)
    return changed


def _address(text: str, each: Callable[[Id], str]) -> str:
    """An address with what stands for the id in it."""
    for kind, pattern in _IN_ADDRESS:
        if match := pattern.fullmatch(text):
            return f"{match[1]}{each((kind, match[2]))}{match[3]}"
    return text

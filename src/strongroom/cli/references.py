"""References where an operation wants a uid: ``asset archive prod/churn``, ``version delete churn:3``."""

import re
from collections.abc import Callable
from typing import Any

from strongroom.sdk import Client
from strongroom.sdk.lookup import asset_uid, version_uid
from strongroom.sdk.table import Op

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HINTS = {
    "uid": "A reference will do where it is an asset, a version or an experiment.",
    "to_uid": "A reference will do where it is a version.",
    "version_uid": "A reference to a version will do.",
    "other": "A reference to a version will do.",
    "base_uids": "References to versions will do.",
    "bases": "References to versions will do.",
}


def hint(name: str) -> str:
    """What to say of a parameter in the help."""
    return _HINTS.get(name, "")


def resolve_all(client: Client, op: Op, fields: dict[str, Any]) -> None:
    """Replace references by uids, in place. What is a uid already stays."""
    find = _finder(client, op, fields)
    if find is not None and fields.get("uid"):
        fields["uid"] = as_uid(fields["uid"], find)
    if fields.get("to_uid") and fields.get("to_kind") == "version":
        fields["to_uid"] = as_uid(fields["to_uid"], lambda text: version_uid(client.api, text))
    for name in ("version_uid", "other"):
        if fields.get(name):
            fields[name] = as_uid(fields[name], lambda text: version_uid(client.api, text))
    for name in ("base_uids", "bases"):
        if fields.get(name):
            fields[name] = [as_uid(text, lambda text: version_uid(client.api, text)) for text in fields[name]]


def _finder(client: Client, op: Op, fields: dict[str, Any]) -> Callable[[str], str] | None:
    """How the `uid` of an operation is found, by what its address says it is."""
    start = op.path.split("/")[1]
    kind = {"assets": "asset", "versions": "version", "experiments": "experiment"}.get(start, fields.get("kind"))
    match kind:
        case "asset":
            return lambda text: asset_uid(client.api, text)
        case "version":
            return lambda text: version_uid(client.api, text)
        case "experiment":
            return lambda text: client.runs.experiment(text).uid
    return None


def as_uid(text: str, find: Callable[[str], str]) -> str:
    """The uid that a text is, or that `find` makes of it."""
    return text if _UID.fullmatch(text) else find(text)

"""Routes for clients that send a slash inside one segment: a branch `refs/pr/1` comes as ``refs%2Fpr%2F1``.

Starlette matches the decoded path, in which that slash would end the segment.
"""

from typing import Any
from urllib.parse import unquote

from starlette.routing import Match, Route
from starlette.types import Scope

_ESCAPED = "%2F"


class WholeSegments(Route):
    """A route that is matched with escaped slashes left as they are, and hands them on decoded."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `Route.matches`."""
        if b"%2f" not in scope.get("raw_path", b"").lower():
            return super().matches(scope)
        match, child = super().matches({**scope, "path": _kept(scope["raw_path"])})
        if match is not Match.NONE:
            before: dict[str, Any] = scope.get("path_params", {})
            found = {name: _decoded(value) for name, value in child["path_params"].items() if name not in before}
            child["path_params"] = {**before, **found}
        return match, child


def _kept(raw_path: bytes) -> str:
    segments = raw_path.decode("ascii").split("/")
    return "/".join(unquote(segment).replace("%", "%25").replace("/", _ESCAPED) for segment in segments)


def _decoded(value: object) -> object:
    return value.replace(_ESCAPED, "/").replace("%25", "%") if isinstance(value, str) else value

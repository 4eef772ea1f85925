"""What can go wrong: one class for each code that the server answers, and a few that only the client knows.

All are :class:`StrongroomError`, so one ``except`` catches them; the code says which it was.
"""

import json
from collections.abc import Mapping
from typing import ClassVar


class StrongroomError(Exception):
    """Base of all failures.

    :ivar status: the HTTP status; None when the failure is the client's own.
    :ivar code: stable word for programs.
    :ivar detail: one sentence for people.
    :ivar request_id: what the server's log calls this request.
    :ivar details: plain JSON values, such as names of holders or the digests expected and found.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code or self.default_code
        self.detail = detail
        self.request_id = request_id
        self.details: Mapping[str, object] = dict(details or {})

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.detail, self.status, self.code, self.request_id, dict(self.details))


def _rebuild(
    kind: type[StrongroomError],
    detail: str,
    status: int | None,
    code: str,
    request_id: str | None,
    details: Mapping[str, object],
) -> StrongroomError:
    return kind(detail, status=status, code=code, request_id=request_id, details=details)


class Invalid(StrongroomError):
    """A value breaks a rule of form."""

    default_code = "invalid"


class BadPath(Invalid):
    """A path inside a version or folder that is not a plain relative path."""

    default_code = "bad_path"


class BadName(Invalid):
    """A name or reference that breaks the naming rules."""

    default_code = "bad_name"


class BadPageToken(Invalid):
    """A page token that does not belong to this listing."""

    default_code = "bad_page_token"


class BadManifest(Invalid):
    """A manifest that does not say what its kind must; `details["path"]` names the place in it."""

    default_code = "bad_manifest"


class BadVariable(Invalid):
    """A variable of a prompt that is missing, unknown or of another type; `details["variable"]` names it."""

    default_code = "bad_variable"


class DigestMismatch(Invalid):
    """Bytes do not have the digest that was claimed for them."""

    default_code = "digest_mismatch"


class SizeMismatch(Invalid):
    """Fewer or more bytes than announced."""

    default_code = "size_mismatch"


class FileChanged(Invalid):
    """A local file changed while it was being sent; `details["path"]` names it."""

    default_code = "file_changed"


class Unauthenticated(StrongroomError):
    """No token where one is needed, or one that is unknown, expired or revoked."""

    default_code = "unauthenticated"


class Forbidden(StrongroomError):
    """The token's principal may see the object, but not do this to it."""

    default_code = "forbidden"


class Gated(Forbidden):
    """The asset's files are for those who asked for access: ``client.access_requests.ask(asset)``."""

    default_code = "gated"


class NotFound(StrongroomError):
    """Nothing of that name, or nothing that the caller may know of."""

    default_code = "not_found"


class Purged(NotFound):
    """It existed and was removed for good."""

    default_code = "purged"


class Recalled(StrongroomError):
    """It must not be pulled: a recall stands; `details["recalls"]` say which, since when and why."""

    default_code = "recalled"


class Conflict(StrongroomError):
    """The object is not in a state that allows this."""

    default_code = "conflict"


class AlreadyExists(Conflict):
    """The name, number or label is taken."""

    default_code = "already_exists"


class Held(Conflict):
    """Deletion refused: something depends on it. `details["holders"]` names them."""

    default_code = "held"


class StageEdgeNotAllowed(Conflict):
    """The workspace's stages have no such edge."""

    default_code = "stage_edge_not_allowed"


class GateRefused(Conflict):
    """Rules keep a version back; `details["reasons"]`: what they say."""

    default_code = "gate_refused"


class NotPossessed(Conflict):
    """A digest was named whose bytes this caller has neither sent nor may read."""

    default_code = "not_possessed"


class MemberMismatch(Conflict):
    """Something was to be used with another thing than the one that its manifest names by digest."""

    default_code = "member_mismatch"


class PreconditionFailed(Conflict):
    """Compare-and-swap lost: somebody else changed it first. `details["etag"]` is where it is now."""

    default_code = "precondition_failed"


class IdempotencyMismatch(Conflict):
    """The idempotency key was used before with another request."""

    default_code = "idempotency_mismatch"


class RangeNotSatisfiable(StrongroomError):
    """A byte range outside the file."""

    default_code = "range_not_satisfiable"


class TooLarge(StrongroomError):
    """A body, batch or file above its limit, `details["limit"]`."""

    default_code = "too_large"


class Unavailable(StrongroomError):
    """The server cannot answer now; the same call may succeed later."""

    default_code = "unavailable"


class TooManyRequests(Unavailable):
    """The server asks for a pause; the client has made it and tried again, as often as it is told to."""

    default_code = "too_many_requests"


class Unreachable(Unavailable):
    """No answer came: connection refused, reset or timed out, or a certificate that is not trusted."""

    default_code = "unreachable"


class EndedEarly(Unreachable):
    """An answer began and broke off before its end."""

    default_code = "ended_early"


class StorageFull(Unavailable):
    """The server's disk or bucket takes no more bytes."""

    default_code = "storage_full"


class Corrupted(StrongroomError):
    """Bytes are not what was written. `details["blob"]` is the SHA-256, `details["path"]` the file, when known."""

    default_code = "corrupted"


class Drifted(Corrupted):
    """What a reference leads to is not what was pinned. `details["path"]` and `details["uri"]` say which."""

    default_code = "drifted"


class Unpinned(Conflict):
    """Nothing fixes what a reference leads to, or it cannot be compared here; `details["paths"]` names them."""

    default_code = "unpinned"


class NotConfigured(StrongroomError):
    """No address of a server is known: pass `url`, set STRONGROOM_URL or run ``strongroom login``."""

    default_code = "not_configured"


def _all(kind: type[StrongroomError]) -> list[type[StrongroomError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all(child))]


BY_CODE: Mapping[str, type[StrongroomError]] = {kind.default_code: kind for kind in _all(StrongroomError)}
_BY_STATUS: Mapping[int, type[StrongroomError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Purged,
    412: PreconditionFailed,
    413: TooLarge,
    416: RangeNotSatisfiable,
    422: Invalid,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    507: StorageFull,
}
_KNOWN = {"type", "title", "status", "detail", "code", "request_id"}


def error_of(status: int, body: bytes, request_id: str | None = None) -> StrongroomError:
    """The exception for an answer: by the problem's code, else by its status (a proxy's page, for example)."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        kind = _BY_STATUS.get(status, StrongroomError)
        return kind(f"The server answered with status {status}.", status=status, request_id=request_id)
    code = problem["code"]
    kind = BY_CODE.get(code) or _BY_STATUS.get(status, StrongroomError)
    return kind(
        str(problem.get("detail") or problem.get("title") or code),
        status=status,
        code=code,
        request_id=str(problem.get("request_id") or request_id or "") or None,
        details={key: value for key, value in problem.items() if key not in _KNOWN},
    )

"""The one table from domain errors to the Hub's: status and `X-Error-Code` by class, and the shape they are sent in.

The client tells errors apart by `X-Error-Code` alone: over plain HTTP it makes nothing of a bare 401 or 404.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from starlette.responses import Response

from strongroom.dialects.shared.refusals import Refusals, with_headers
from strongroom.domain import errors

REPO, REVISION, ENTRY, GATED = "RepoNotFound", "RevisionNotFound", "EntryNotFound", "GatedRepo"

#: 429, 500, 502, 503 and 504 are what the client asks for again: only what passes may answer so. What is recalled has
#: the code of a gate: whoever has none is taken for a connection that failed, and what was said is not shown.
TABLE: Mapping[type[errors.DomainError], tuple[int, str]] = {
    errors.Invalid: (400, ""),
    errors.BadPath: (400, ""),
    errors.BadName: (400, ""),
    errors.BadPageToken: (400, ""),
    errors.BadManifest: (400, ""),
    errors.BadVariable: (400, ""),
    errors.DigestMismatch: (400, ""),
    errors.SizeMismatch: (400, ""),
    errors.Unauthenticated: (401, ""),
    errors.Forbidden: (403, ""),
    errors.Gated: (403, GATED),
    errors.NotFound: (404, REPO),
    errors.Conflict: (409, ""),
    errors.AlreadyExists: (409, ""),
    errors.Held: (409, ""),
    errors.StageEdgeNotAllowed: (409, ""),
    errors.GateRefused: (409, ""),
    errors.MemberMismatch: (409, ""),
    errors.NotPossessed: (400, ""),
    errors.Purged: (404, REPO),
    errors.Recalled: (451, GATED),
    errors.PreconditionFailed: (412, ""),
    errors.TooLarge: (413, ""),
    errors.RangeNotSatisfiable: (416, ""),
    errors.IdempotencyMismatch: (409, ""),
    errors.TooManyRequests: (429, ""),
    errors.Corrupted: (500, ""),
    errors.Unavailable: (503, ""),
    errors.StorageFull: (507, ""),
}

#: What the client takes for a bad token, and not for a repository that it may not see.
BAD_CREDENTIAL: Final = "Invalid credentials in Authorization header"
_MESSAGE_LONGEST: Final = 500
_SAID, _COMMIT = "hub", "commit"


@contextmanager
def lacking(code: str, commit: str | None = None) -> Iterator[None]:
    """Say what is not there: a revision or an entry, where the table would say that the repository is not.

    :param commit: what was looked into; the client remembers by it that the file is not there.
    """
    try:
        yield
    except (errors.NotFound, errors.BadName) as error:
        raise errors.NotFound(error.message, **{_SAID: code, _COMMIT: commit}) from error


def spoken(status: int, message: str, code: str = "") -> Response:
    """An error in the Hub's shape."""
    line = " ".join(message.split())[:_MESSAGE_LONGEST]
    headers = {"X-Error-Message": line.encode("ascii", "replace").decode()}
    if code:
        headers["X-Error-Code"] = code
    return Response(json.dumps({"error": message}).encode(), status, headers, "application/json")


def refusal_of(error: errors.DomainError, *, anonymous: bool = False) -> Response:
    """A domain error by the one table.

    :param anonymous: no credential came: what is not shown to nobody is not there.
    """
    status, code = TABLE[type(error)]
    message = error.message
    if isinstance(error, errors.Unauthenticated):
        code, message = (REPO, message) if anonymous else ("", BAD_CREDENTIAL)
    if isinstance(error, errors.NotFound):
        code = str(error.details.get(_SAID, code))
    response = with_headers(spoken(status, message, code), error)
    if isinstance(error, errors.NotFound) and (commit := error.details.get(_COMMIT)):
        response.headers["X-Repo-Commit"] = str(commit)
    return response


def refusal(
    status: int, _code: str, detail: str, _request_id: str | None, _details: Mapping[str, Any] | None = None
) -> Response:
    """A refusal from outside the dialect: an address that nothing answers names no repository of ours."""
    return spoken(status, detail, REPO if status == 404 else "")  # noqa: PLR2004 - HTTP's own number


#: The Hub's own addresses; files and LFS are below the names of repositories.
ADDRESSES: Final = re.compile(
    r"/api/(?:(?:models|datasets|spaces|repos|lfs|organizations)/"
    r"|(?:models|datasets|spaces|whoami-v2|validate-yaml|settings/repositories)$)"
    r"|/(?!ajax-api/)(?:[^/]+/){1,20}(?:resolve/|info/lfs/|ask-access$)"
)
REFUSALS: Final = Refusals(
    lambda path: ADDRESSES.match(path) is not None, refusal, lambda error, _request_id: refusal_of(error)
)

"""Exit codes, and how a failure is told."""

import json
import sys

from strongroom.sdk import errors

OK = 0
FAILURE = 1
USAGE = 2
NOT_FOUND = 3
DENIED = 4
CONFLICT = 5
CORRUPTED = 6
UNAVAILABLE = 7
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    FAILURE: "failed otherwise",
    USAGE: "wrong usage, or no server configured",
    NOT_FOUND: "not found, or not visible to you",
    DENIED: "not logged in, or not allowed",
    CONFLICT: "conflict: it exists, is held, or changed meanwhile",
    CORRUPTED: "bytes or records are not what was written; a verification failed",
    UNAVAILABLE: "the server cannot be reached or cannot answer now",
    INTERRUPTED: "interrupted",
}
_CODES: tuple[tuple[type[errors.StrongroomError], int], ...] = (
    (errors.NotConfigured, USAGE),
    (errors.NotFound, NOT_FOUND),
    (errors.Unauthenticated, DENIED),
    (errors.Forbidden, DENIED),
    (errors.Conflict, CONFLICT),
    (errors.Corrupted, CORRUPTED),
    (errors.Unavailable, UNAVAILABLE),
)


def code_of(error: errors.StrongroomError) -> int:
    """The exit code for a failure."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILURE)


def explain(error: errors.StrongroomError, *, as_json: bool) -> None:
    """Tell of a failure on standard error: a sentence, or one JSON object."""
    if as_json:
        said = {**error.details, "code": error.code, "status": error.status, "detail": error.detail}
        sys.stderr.write(json.dumps({**said, "request_id": error.request_id}, default=str) + "\n")
        return
    sys.stderr.write(f"strongroom: {error.detail} [{error.code}]\n")
    for name, value in error.details.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        sys.stderr.write(f"  {name}: {shown}\n")

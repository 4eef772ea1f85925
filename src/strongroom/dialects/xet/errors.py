"""The one table from domain errors to statuses that the Rust client acts on.

It asks again after 408, 429 and most of 5xx, each time waiting longer, so only what passes by itself may answer so.
404 at an address of version 2 sends it to version 1; 403 at a fetching address makes it ask for a new address.
"""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from strongroom.dialects.shared.refusals import Refusals, with_headers
from strongroom.domain import errors

#: What is damaged or does not fit stays so: 422 and 413 end the client's attempt at once, 500 and 507 would not.
TABLE: Mapping[type[errors.DomainError], int] = {
    errors.Invalid: 400,
    errors.BadPath: 400,
    errors.BadName: 400,
    errors.BadPageToken: 400,
    errors.BadManifest: 400,
    errors.BadVariable: 400,
    errors.DigestMismatch: 400,
    errors.SizeMismatch: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Gated: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.AlreadyExists: 409,
    errors.Held: 409,
    errors.StageEdgeNotAllowed: 409,
    errors.GateRefused: 409,
    errors.MemberMismatch: 409,
    errors.NotPossessed: 400,
    errors.Purged: 404,
    errors.Recalled: 451,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.RangeNotSatisfiable: 416,
    errors.IdempotencyMismatch: 409,
    errors.TooManyRequests: 429,
    errors.Corrupted: 422,
    errors.Unavailable: 503,
    errors.StorageFull: 413,
}


def spoken(status: int, code: str, message: str) -> Response:
    """An error as the client shows it."""
    body = json.dumps({"code": code, "message": message}).encode()
    return Response(body, status, media_type="application/json")


def refusal_of(error: errors.DomainError, _request_id: str | None = None) -> Response:
    """A domain error by the one table."""
    return with_headers(spoken(TABLE[type(error)], error.code, error.message), error)


def refusal(
    status: int, code: str, detail: str, _request_id: str | None, _details: Mapping[str, Any] | None = None
) -> Response:
    """A refusal from outside the dialect."""
    return spoken(status, code, detail)


REFUSALS = Refusals(lambda path: path.startswith("/cas/"), refusal, refusal_of)

"""The one table from domain errors to MLflow's: status and error code by class, and the shape they are sent in."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from strongroom.dialects.shared.refusals import Refusals, with_headers
from strongroom.domain import errors

_INVALID = "INVALID_PARAMETER_VALUE"
_ABSENT = "RESOURCE_DOES_NOT_EXIST"

#: The client takes 408, 429, 500, 502, 503 and 504 for passing trouble and asks again for minutes: only what passes may
#: answer so. 404 with another code than ENDPOINT_NOT_FOUND is a missing object, never a missing endpoint.
TABLE: Mapping[type[errors.DomainError], tuple[int, str]] = {
    errors.Invalid: (400, _INVALID),
    errors.BadPath: (400, _INVALID),
    errors.BadName: (400, _INVALID),
    errors.BadPageToken: (400, _INVALID),
    errors.BadManifest: (400, _INVALID),
    errors.BadVariable: (400, _INVALID),
    errors.DigestMismatch: (400, _INVALID),
    errors.SizeMismatch: (400, _INVALID),
    errors.Unauthenticated: (401, "UNAUTHENTICATED"),
    errors.Forbidden: (403, "PERMISSION_DENIED"),
    errors.Gated: (403, "PERMISSION_DENIED"),
    errors.NotFound: (404, _ABSENT),
    errors.Conflict: (400, _INVALID),
    errors.AlreadyExists: (400, "RESOURCE_ALREADY_EXISTS"),
    errors.Held: (409, "RESOURCE_CONFLICT"),
    errors.StageEdgeNotAllowed: (400, _INVALID),
    errors.GateRefused: (400, _INVALID),
    errors.MemberMismatch: (409, "RESOURCE_CONFLICT"),
    errors.NotPossessed: (409, "RESOURCE_CONFLICT"),
    errors.Purged: (404, _ABSENT),
    errors.Recalled: (451, "PERMISSION_DENIED"),
    errors.PreconditionFailed: (409, "RESOURCE_CONFLICT"),
    errors.TooLarge: (400, _INVALID),
    errors.RangeNotSatisfiable: (416, _INVALID),
    errors.IdempotencyMismatch: (409, "RESOURCE_CONFLICT"),
    errors.TooManyRequests: (429, "REQUEST_LIMIT_EXCEEDED"),
    errors.Corrupted: (500, "DATA_LOSS"),
    errors.Unavailable: (503, "TEMPORARILY_UNAVAILABLE"),
    errors.StorageFull: (507, "RESOURCE_EXHAUSTED"),
}

#: For refusals that come before any operation is found: a wrong address, method, Host, header.
_OF_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}


class Spoken(Exception):
    """A refusal that MLflow's clients know by another code than the table's, or by its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def spoken(status: int, code: str, message: str) -> Response:
    """An error in MLflow's shape."""
    return Response(
        json.dumps({"error_code": code, "message": message}).encode(), status, media_type="application/json"
    )


def refusal_of(error: errors.DomainError, _request_id: str | None = None, absent: str | None = None) -> Response:
    """A domain error by the one table.

    :param absent: what to say instead of the core's words when something is not there.
    """
    status, code = TABLE[type(error)]
    words = absent if absent is not None and isinstance(error, errors.NotFound) else error.message
    return with_headers(spoken(status, code, words), error, "Basic")


def refusal(
    status: int, _code: str, detail: str, _request_id: str | None, _details: Mapping[str, Any] | None = None
) -> Response:
    """A refusal from outside the dialect, by its status.

    A method that an address does not take is an unknown endpoint: the client falls back on a 404, not on a 405.
    """
    status = 404 if status == 405 else status  # noqa: PLR2004 - HTTP's own numbers
    return spoken(status, _OF_STATUS.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"), detail)  # noqa: PLR2004


#: First parts of addresses that belong to MLflow's clients, whether or not anything answers there.
ADDRESSES = ("/api/", "/ajax-api/", "/get-artifact", "/model-versions/", "/graphql", "/v1/traces")
REFUSALS = Refusals(lambda path: path.startswith(ADDRESSES), refusal, refusal_of)

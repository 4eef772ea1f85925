"""The one table from domain errors to HTTP: status by class; the code is the class's own."""

from collections.abc import Mapping

from strongroom.domain import errors

STATUS: Mapping[type[errors.DomainError], int] = {
    errors.Invalid: 400,
    errors.BadPath: 400,
    errors.BadName: 400,
    errors.BadPageToken: 400,
    errors.DigestMismatch: 400,
    errors.SizeMismatch: 400,
    errors.BadManifest: 400,
    errors.BadVariable: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Gated: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.AlreadyExists: 409,
    errors.Held: 409,
    errors.StageEdgeNotAllowed: 409,
    errors.GateRefused: 409,
    errors.NotPossessed: 409,
    errors.MemberMismatch: 409,
    errors.Purged: 410,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.RangeNotSatisfiable: 416,
    errors.IdempotencyMismatch: 422,
    errors.TooManyRequests: 429,
    errors.Corrupted: 500,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

TITLES: Mapping[int, str] = {
    400: "The request is not valid",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict with the present state",
    410: "Gone for good",
    411: "Length required",
    412: "It changed meanwhile",
    413: "Too large",
    414: "The address is too long",
    415: "Unsupported media type",
    416: "No such range",
    422: "The idempotency key belongs to another request",
    429: "Too many requests",
    431: "The headers are too large",
    500: "The server failed",
    503: "Try again shortly",
    507: "The storage is full",
}

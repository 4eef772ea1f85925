"""How a dialect refuses: which addresses are its own, and its shapes of refusals there.

A client reads an error only in its own dialect's shape, and some act on what it says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from strongroom.domain.errors import DomainError, RangeNotSatisfiable, TooManyRequests, Unauthenticated, Unavailable

OfStatus = Callable[[int, str, str, str | None, Mapping[str, Any]], Response]
OfError = Callable[[DomainError, str | None], Response]


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a dialect declares for refusals that come before any operation is found.

    :param owns: whether an address, without the part that names a workspace, is the dialect's, though nothing answers.
    :param of_status: from status, code, words, id of the request, details. :param of_error: from a domain error.
    """

    owns: Callable[[str], bool]
    of_status: OfStatus
    of_error: OfError


def with_headers(response: Response, error: DomainError, challenge: str | None = None) -> Response:
    """An error's answer with the headers that HTTP has for it, in every dialect alike.

    :param challenge: how to present a credential, of a dialect whose clients ask.
    """
    if isinstance(error, Unauthenticated) and challenge:
        response.headers["WWW-Authenticate"] = f'{challenge} realm="strongroom"'
    if isinstance(error, RangeNotSatisfiable) and "size" in error.details:
        response.headers["Content-Range"] = f"bytes */{error.details['size']}"
    if isinstance(error, Unavailable | TooManyRequests):
        response.headers["Retry-After"] = "1" if isinstance(error, Unavailable) else "30"
    return response

"""A route of a foreign protocol as data, as every dialect hands it to the server's table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from strongroom.domain.identity.roles import Permission


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method.

    :param scoped: whether it also answers below ``/w/{workspace}``.
    :param whole: whether an escaped slash (``%2F``) stays inside its segment.
    """

    id: str
    method: str
    path: str
    permission: Permission
    endpoint: Callable[[Request], Awaitable[Response]]
    scoped: bool = True
    whole: bool = False

"""What the HTTP layer is handed by the composition root."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from strongroom.application.edge import Gateway

Endpoint = Callable[[Request], Awaitable[Response]]


class Page(Protocol):
    """A route of the web pages; the HTTP layer knows none of them."""

    @property
    def id(self) -> str:
        """Names it in logs and metrics."""
        ...

    @property
    def method(self) -> str:
        """HTTP's."""
        ...

    @property
    def path(self) -> str:
        """With parameters in braces."""
        ...

    @property
    def endpoint(self) -> Endpoint:
        """Answers it."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """A server as the HTTP layer sees it.

    :param ready: raises a domain error when requests cannot be answered now.
    :param used: told the id of each token that a request was answered for.
    :param pages: routes of the web pages; they ask for no permission, or see to it themselves.
    :param log: takes what the log says of each request.
    :param hosts: names that a Host header may have, in lower case, without port; ``*`` allows every name.
    """

    gateway: Gateway
    ready: Callable[[], Awaitable[None]]
    used: Callable[[str], None]
    log: Callable[[Mapping[str, object]], None]
    pages: Sequence[Page]
    hosts: frozenset[str]

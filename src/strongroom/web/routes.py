"""The routes of the web pages, as data. All are public: they show nothing that a stranger may not know."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from strongroom.application.edge import Gateway
from strongroom.web import home, setup


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One page, or the form it sends."""

    id: str
    method: str
    path: str
    endpoint: Callable[[Request], Awaitable[Response]]


def pages(gateway: Gateway, version: str) -> tuple[PageRoute, ...]:
    """Every page of a server."""
    link = setup.SetupPages(gateway)
    return (
        PageRoute("web.home", "GET", "/", home.HomePage(gateway, version).get),
        PageRoute("web.style", "GET", "/static/strongroom.css", home.style),
        PageRoute("web.setup", "GET", "/setup", link.form),
        PageRoute("web.setup_complete", "POST", "/setup", link.complete),
    )

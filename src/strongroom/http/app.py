"""The ASGI application: the route table below the layers that every request passes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from strongroom.domain.errors import DomainError
from strongroom.http.access import Access
from strongroom.http.guards import Guards
from strongroom.http.matching import IndexedRouter
from strongroom.http.problems import refusal_at, refusal_of
from strongroom.http.routes import PublicRoute, all_routes
from strongroom.http.segments import WholeSegments
from strongroom.http.services import Services

#: Parameter of the address below which every scoped route answers for one workspace.
AT_WORKSPACE = "at_workspace"
#: Starlette hands every method to our own dispatch, which names the allowed ones.
ANY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CODES = {404: "not_found", 405: "method_not_allowed"}
DETAILS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class Application:
    """What the server runs; see the module. `routes` is the inventory, `router` what Starlette made of it."""

    def __init__(self, outermost: ASGIApp, routes: Sequence[PublicRoute], router: Router) -> None:
        self._outermost = outermost
        self.routes = routes
        self.router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._outermost(scope, receive, send)


def create_app(services: Services) -> Application:
    """The application over a server's services.

    :raises ValueError: two routes answer the same method at the same addresses.
    """
    routes = all_routes(services)
    starlette: list[Route | Mount] = [*_routes(routes)]
    scoped = IndexedRouter(_routes(route for route in routes if route.scoped), _nowhere)
    starlette.append(Mount(f"/w/{{{AT_WORKSPACE}}}", scoped))
    router = IndexedRouter(starlette, _nowhere)
    answering = ExceptionMiddleware(router, handlers={HTTPException: _http_problem, DomainError: _domain_problem})
    access = Access(Guards(answering, services.hosts), services.used, services.log)
    return Application(access, routes, router)


def _shape(path: str) -> tuple[tuple[bool, str], ...]:
    """An address with its parameters unnamed; it sorts plain segments before parameters, so the narrower route wins."""
    return tuple((True, "") if part.startswith("{") else (False, part) for part in path.split("/"))


def _routes(routes: Iterable[PublicRoute]) -> list[Route]:
    """One Starlette route an address, for all its methods, so that 405 can name them."""
    table: dict[tuple[tuple[bool, str], ...], dict[str, PublicRoute]] = {}
    for route in routes:
        methods = table.setdefault(_shape(route.path), {})
        other = next(iter(methods.values()), route)
        if route.method in methods or route.path != other.path:
            raise ValueError(f"{route.id} and {other.id} answer the same addresses")
        methods[route.method] = route
    return [_of_address(methods) for _, methods in sorted(table.items())]


def _of_address(methods: Mapping[str, PublicRoute]) -> Route:
    first = next(iter(methods.values()))
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
    dispatch = _dispatch(methods, allowed)
    kind = WholeSegments if first.whole else Route
    made = kind(first.path, dispatch, name=first.id)
    made.methods = None  # every method arrives at the dispatch, which answers 405 in our own words
    made.app = _answering(dispatch)
    return made


def _answering(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """As Starlette would call it, less its own layer for errors: the one around the router answers them all."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def _dispatch(methods: Mapping[str, PublicRoute], allowed: Sequence[str]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of an address: leaves the route's id for logs and metrics, and the workspace for the use case."""

    async def answer(request: Request) -> Response:
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        state = request.scope["state"]
        state["operation"] = route.id
        if (workspace := request.path_params.pop(AT_WORKSPACE, None)) is not None:
            state["workspace"] = workspace
        return await route.endpoint(request)

    return answer


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise HTTPException(404)


async def _domain_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - it is registered for nothing else
    return refusal_of(request.scope["path"], error, request.scope["state"].get("request_id"))


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    status = error.status_code
    request_id = request.scope["state"].get("request_id")
    detail = DETAILS.get(status, error.detail)
    response = refusal_at(request.scope["path"], status, CODES.get(status, "invalid"), detail, request_id)
    response.headers.update(error.headers or {})
    return response

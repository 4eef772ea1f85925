"""No route without a declared permission, of any kind: the walk goes over the real application, not over the table."""

import re
from collections.abc import Iterator, Sequence

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route, Router

from strongroom.bootstrap.server import Server
from strongroom.dialects.native.routes import OPERATIONS, PREFIX
from strongroom.domain.identity.roles import Permission
from strongroom.http.app import AT_WORKSPACE

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BELOW_WORKSPACE = f"/w/{{{AT_WORKSPACE}}}"

pytestmark = pytest.mark.anyio

HUGGINGFACE = re.compile(
    r"/api/(models|datasets|spaces|repos|lfs|organizations|whoami-v2|validate-yaml|settings/repositories)|/.*/(resolve/|info/lfs/|ask-access)"
)
MLFLOW = re.compile(r"/(api/[23]\.\d|ajax-api/|get-artifact|model-versions/|v1/traces$)")

#: Every route that asks for no permission, by name: one more is a decision, made here.
PUBLIC = {
    "mlflow.server.health",
    "mlflow.server.info",
    "mlflow.server.info.ajax",
    "mlflow.server.version",
    "server.docs",
    "server.docs_style",
    "server.healthz",
    "server.metrics",
    "server.openapi",
    "server.readyz",
    "web.home",
    "web.setup",
    "web.setup_complete",
    "web.style",
}
PUBLIC_OPERATIONS = {"login.create", "setup.complete", "whoami.get"}


def walk(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    """The address of everything that Starlette would match; a kind of route that is not known here fails."""
    for route in routes:
        if isinstance(route, Mount):
            assert isinstance(route.app, Router), f"{prefix}{route.path} mounts an application that nobody inspects"
            yield from walk(route.app.routes, prefix + route.path)
        else:
            assert isinstance(route, Route), f"{route!r} is a kind of route without a permission"
            yield prefix + route.path


async def test_everything_that_answers_is_in_the_inventory(server: Server) -> None:
    inventory = {route.path for route in server.app.routes}
    inventory |= {BELOW_WORKSPACE + route.path for route in server.app.routes if route.scoped}
    found = list(walk(server.app.router.routes))
    assert sorted(found) == sorted(inventory)


async def test_every_route_declares_a_permission(server: Server) -> None:
    for route in server.app.routes:
        assert isinstance(route.permission, Permission), route.id


async def test_what_asks_for_no_permission_is_listed_here(server: Server) -> None:
    public = {route.id for route in server.app.routes if route.permission is Permission.PUBLIC}
    assert public - PUBLIC - PUBLIC_OPERATIONS == set()
    assert public >= PUBLIC


async def test_every_operation_of_the_native_api_is_served_and_keeps_its_permission(server: Server) -> None:
    served = {(route.method, route.path): route.permission for route in server.app.routes}
    for operation in OPERATIONS:
        assert served[operation.method, PREFIX + operation.path] is operation.permission


async def test_a_method_that_is_not_in_the_inventory_is_refused_and_the_allowed_ones_are_named(
    server: Server, client: httpx.AsyncClient
) -> None:
    table: dict[str, set[str]] = {}
    for route in server.app.routes:
        table.setdefault(route.path, set()).add(route.method)
    for path, methods in table.items():
        address = re.sub(r"\{[^}]*\}", "x", path)
        for method in set(METHODS) - methods:
            answer = await client.request(method, address)
            if HUGGINGFACE.match(address):  # its clients read the code of an error off a header
                assert answer.headers["x-error-message"]
                continue
            if MLFLOW.match(address):  # its clients fall back on what is not there, not on what is not allowed
                assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
                continue
            if answer.status_code == 405:
                assert methods <= set(re.split(", ", answer.headers["allow"]))
            else:  # a narrower address of the same shape takes it
                assert any(other != path and method in known for other, known in table.items())
            assert answer.json()["code"] in {"method_not_allowed", "unauthenticated", "invalid", "not_found"}


async def test_no_two_routes_share_an_id(server: Server) -> None:
    ids = [route.id for route in server.app.routes]
    assert len(ids) == len(set(ids))

"""An index finds the route that trying them all would find."""

import re

import pytest
from starlette.routing import Match, Mount, Router

from strongroom.bootstrap.server import Server
from strongroom.http.app import _nowhere
from strongroom.http.matching import IndexedRouter

pytestmark = pytest.mark.anyio


async def _which(router: Router, path: str) -> tuple[str, dict[str, object]]:
    """The route's name and what it took from the address."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}
    found: list[tuple[str, dict[str, object]]] = []
    for route in router.routes:
        match, child = route.matches(scope)
        if match is Match.FULL:
            found.append((getattr(route, "name", "") or "mount", dict(child["path_params"])))
    return found[0] if found else ("", {})


@pytest.mark.parametrize("value", ["x", "a.b", "versions", "%2e%2e", "x/y"])
async def test_every_address_has_the_same_route_as_without_the_index(server: Server, value: str) -> None:
    router = server.app.router
    assert isinstance(router, IndexedRouter)
    for route in server.app.routes:
        address = re.sub(r"\{[^}]*\}", value, route.path)
        for path in (address, address + "/", address + "/more", f"/w/{value}{address}"):
            first, taken = await _which(router, path)
            scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}
            indexed = next((r for r in router._candidates(path) if r.matches(scope)[0] is Match.FULL), None)
            assert (getattr(indexed, "name", "") or "mount" if indexed else "") == first, path
            assert (dict(indexed.matches(scope)[1]["path_params"]) if indexed else {}) == taken


async def test_a_mounted_table_is_indexed_too(server: Server) -> None:
    mount = next(route for route in server.app.router.routes if isinstance(route, Mount))
    assert isinstance(mount.app, IndexedRouter)


async def test_what_has_no_route_is_left_to_the_default() -> None:
    assert list(IndexedRouter([], _nowhere)._candidates("/a/b/c")) == []

"""From an address to its route without trying them all.

By the whole address; else by the plain segments that stand before its first parameter.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

_PARAMETER: Final = "{"


def _path(route: BaseRoute) -> str:
    assert isinstance(route, Route | Mount)  # noqa: S101 - no other kind of route is made
    return route.path + "/" if isinstance(route, Mount) else route.path


def _start(path: str) -> str:
    """The plain segments before the first parameter, with the slash behind them."""
    return path[: path.index(_PARAMETER)].rpartition("/")[0] + "/"


class IndexedRouter(Router):
    """Starlette's router over an index of its routes; see the module.

    Where several routes match an address, the one with the most plain segments at its start wins, then the order given.
    """

    def __init__(self, routes: Sequence[BaseRoute], default: ASGIApp) -> None:
        super().__init__(routes, redirect_slashes=False, default=default)
        self._whole: dict[str, BaseRoute] = {}
        self._starting: dict[str, list[BaseRoute]] = {}
        for route in routes:
            path = _path(route)
            if _PARAMETER in path:
                self._starting.setdefault(_start(path), []).append(route)
            else:
                self._whole[path] = route

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its route."""
        root, path = scope.get("root_path", ""), scope["path"]
        path = path[len(root) :] if root and path.startswith(root) else path
        for route in self._candidates(path):
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                await route.handle(scope, receive, send)
                return
        await self.default(scope, receive, send)

    def _candidates(self, path: str) -> Iterator[BaseRoute]:
        if (whole := self._whole.get(path)) is not None:
            yield whole
        end = path.rfind("/")
        while end >= 0:
            yield from self._starting.get(path[: end + 1], ())
            end = path.rfind("/", 0, end)

"""For operations that ask for more than their path: a request that their rules accept, a module an area.

A module here has ``REQUESTS``: operation id -> function from the world to what is asked. Modules are found by
themselves, so that two areas never edit the same list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from tests.support.api import Headers

if TYPE_CHECKING:
    from tests.support.api_world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what goes into the path, behind it, and below it."""

    path: Mapping[str, object]
    query: Mapping[str, object]
    json: Any = ...
    body: bytes | None = None
    headers: Headers = ()


Request = Callable[["World"], Asked]


@cache
def requests() -> Mapping[str, Request]:
    """Every area's requests."""
    found: dict[str, Request] = {}
    for module in iter_modules(__path__):
        said: Mapping[str, Request] = import_module(f"{__name__}.{module.name}").REQUESTS
        assert not found.keys() & said.keys(), "two modules speak for one operation"
        found |= said
    return found


def said(
    id_: str, json: object = ..., query: Mapping[str, object] | None = None, **path: object
) -> Mapping[str, Request]:
    """One regular operation: a body, a query, what its path has beside `{uid}`; functions are asked of the world."""

    def request(world: "World") -> Asked:
        there = {name: _of(world, value) for name, value in path.items()}
        asked = {name: _of(world, value) for name, value in (query or {}).items()}
        return Asked(world.place(id_) | there, asked, _of(world, json))

    return {id_: request}


def _of(world: "World", value: object) -> object:
    return value(world) if callable(value) else value

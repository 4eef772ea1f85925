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

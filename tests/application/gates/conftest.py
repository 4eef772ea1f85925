"""A model, policies, and what the edge does: questions are answered by the real process, and the work runs again."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.application.call import Call
from strongroom.application.edge import RequestEdge
from strongroom.application.gates import policies
from strongroom.application.gates.views import PolicyView
from strongroom.application.registry.views import AssetView
from tests.promises.conftest import home, site
from tests.promises.support import Site, make_asset

__all__ = ["home", "site"]

T = TypeVar("T")


class Gates:
    """A registry as requests see it, with what evaluates expressions. Calls are an admin's unless told otherwise."""

    def __init__(self, site: Site, runner: asyncio.Runner) -> None:
        self.site, self.world, self.runner = site, site.world, runner
        self.expressions = CelExpressions()
        self.gateway = replace(site.gateway, expressions=self.expressions)

    def do(self, work: Callable[[Call], T], who: str = "admin") -> T:
        """A command through the edge."""
        edge = RequestEdge(self.gateway, self.world.tokens[who], None)
        return self.runner.run(edge.command(work))

    def see(self, work: Callable[[Call], T], who: str = "admin") -> T:
        """A read through the edge."""
        edge = RequestEdge(self.gateway, self.world.tokens[who], None)
        return self.runner.run(edge.read(work))

    def apply(self, *rules: Mapping[str, Any], name: str = "production") -> PolicyView:
        """Put a policy of these rules in force."""
        document = {"policy": 1, "name": name, "rules": list(rules)}
        return self.do(lambda call: policies.apply(call, document))


@pytest.fixture
def model(site: Site) -> AssetView:
    return make_asset(site)


@pytest.fixture
def gates(site: Site) -> Iterator[Gates]:
    with asyncio.Runner() as runner:
        made = Gates(site, runner)
        yield made
        runner.run(made.expressions.aclose())


def rule(id_: str, expression: str, **applies: list[str]) -> dict[str, Any]:
    """A rule that says its id when it does not pass."""
    return {"id": id_, "expression": expression, "message": f"{id_} is missing.", "applies": applies}

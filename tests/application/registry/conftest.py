"""Assets and published versions, made the way every client makes them."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar, cast

import pytest

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from tests.application.conftest import World

T = TypeVar("T")


class WorldEdge:
    """The edge of one request of somebody in the world; no use case of these tests asks for more of it."""

    def __init__(self, world: World, who: str) -> None:
        self._world, self._who = world, who

    async def command(self, work: Callable[[Call], T]) -> T:
        return await asyncio.to_thread(self._world.command, self._who, work)

    async def finish(self, work: Callable[[Call], T]) -> T:
        return await self.command(work)

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:  # noqa: ARG002 - see `Edge`
        return await asyncio.to_thread(self._world.read, self._who, work)


def seal(world: World, who: str, draft_uid: str, details: PublishDetails) -> VersionView:
    """Seal a draft as somebody in the world."""
    return asyncio.run(publishing.seal(cast("Edge", WorldEdge(world, who)), draft_uid, details))


class Publish(Protocol):
    """Publish the next version of an asset; `content` tells one tree from another."""

    def __call__(
        self, asset: AssetView, details: PublishDetails = ..., *, who: str = ..., content: str = ...
    ) -> VersionView: ...


@pytest.fixture
def publish(world: World) -> Publish:
    def run(
        asset: AssetView,
        details: PublishDetails = PublishDetails(),  # noqa: B008 - frozen
        *,
        who: str = "contributor",
        content: str = "x",
    ) -> VersionView:
        draft = world.command(who, lambda call: publishing.create_draft(call, asset.uid, None, None))
        entry = PutEntry("weights", uri=f"s3://bucket/{content}", pin="etag:1")
        world.command(who, lambda call: folders.put(call, "draft", draft.uid, [entry]))
        return seal(world, who, draft.uid, details)

    return run


@pytest.fixture
def model(world: World) -> AssetView:
    """A model of the contributor, for everybody in the workspace."""
    return world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "churn", "risk")))

"""A model with three versions, and releases made of them."""

from collections.abc import Sequence

import pytest

from strongroom.application.delivery import board, environments, placing, releases
from strongroom.application.delivery.placing import Promote
from strongroom.application.delivery.releases import CreateRelease, WantedPart
from strongroom.application.delivery.views import PlacementView, ReleaseView
from strongroom.application.paging import PageRequest
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.delivery.model import Guard
from tests.application.conftest import World
from tests.application.registry.conftest import Publish, model, publish  # noqa: F401 - fixtures

LINE = "scoring"


class Delivery:
    """What the tests do again and again, as an admin unless somebody else is named."""

    def __init__(self, world: World, versions: Sequence[VersionView]) -> None:
        self.world, self.versions = world, versions
        self.releases = [self.release(version) for version in versions]

    def release(self, version: VersionView, *, who: str = "contributor") -> ReleaseView:
        command = CreateRelease(LINE, [WantedPart("model", version.uid)])
        return self.world.command(who, lambda call: releases.create(call, command))

    def promote(
        self,
        number: int,
        environment: str,
        *,
        who: str = "admin",
        mode: str = "live",
        share: int | None = None,
        guard: Guard | None = None,
        note: str = "",
        despite_freeze: bool = False,
    ) -> list[PlacementView]:
        release = self.releases[number - 1]
        asked = Promote(release.uid, mode, share, note, guard, despite_freeze)
        return self.world.command(who, lambda call: placing.promote(call, environment, asked))

    def roll_back(self, environment: str, *, who: str = "admin", note: str = "") -> list[PlacementView]:
        return self.world.command(who, lambda call: placing.rollback(call, environment, LINE, note))

    def history(self, environment: str) -> list[PlacementView]:
        """What ever ran there, the earliest first."""
        page = self.world.read("viewer", lambda call: board.history(call, environment, LINE, PageRequest()))
        return list(reversed(page.items))

    def free(self, environment: str, **changes: object) -> None:
        """Change an environment, so that anything may enter it, unless told otherwise."""
        command = environments.UpdateEnvironment(**({"after": ()} | changes))  # type: ignore[arg-type]
        self.world.command("admin", lambda call: environments.update(call, environment, command, None))


@pytest.fixture
def delivery(world: World, model: AssetView, publish: Publish) -> Delivery:  # noqa: F811 - fixtures
    return Delivery(world, [publish(model, content=str(number)) for number in range(3)])

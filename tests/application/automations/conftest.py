"""The office with automations that work when they are told to."""

import asyncio
from dataclasses import dataclass

import pytest

from strongroom.application.automations import automations, performing
from strongroom.application.automations.automations import CreateAutomation, WantedAction
from strongroom.application.automations.views import AutomationRunView, AutomationView
from strongroom.application.collaboration import comments
from strongroom.application.paging import PageRequest
from strongroom.application.registry import tags
from tests.application.collaboration.conftest import Office
from tests.application.conftest import World

SAY = WantedAction("comment", text="noted")
MARK = WantedAction("tag", key="checked", value="yes")


@dataclass
class Works(Office):
    """What these tests do often."""

    def automation(
        self, action: WantedAction, *types: str, about: str = "asset", who: str = "admin", **more: str
    ) -> AutomationView:
        self.number()
        wanted = CreateAutomation("a", types, about, action, **more)
        return self.world.command(who, lambda call: automations.create(call, wanted))

    def work(self) -> None:
        self.number()
        asyncio.run(performing.work(self.world.executor))
        self.number()

    def runs(self, uid: str, who: str = "admin") -> list[AutomationRunView]:
        """The oldest first."""
        page = self.world.read(who, lambda call: automations.runs(call, uid, None, PageRequest()))
        return list(page.items)[::-1]

    def states(self, uid: str) -> list[str]:
        return [f"{one.state} {one.code}".strip() for one in self.runs(uid)]

    def said(self, uid: str, kind: str = "asset") -> list[tuple[str, str | None]]:
        page = self.world.read("admin", lambda call: comments.listed(call, kind, uid, PageRequest()))
        return [(one.author_name, one.text) for one in page.items]

    def tags(self, uid: str, kind: str = "asset") -> dict[str, str | None]:
        found = self.world.read("admin", lambda call: tags.listed(call, kind, uid, None))
        return {tag.key: tag.value for tag in found}


@pytest.fixture
def works(world: World) -> Works:
    return Works(world)

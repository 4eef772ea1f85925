"""Automations: of one asset, so that they hear little."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World

#: A workspace holds so many; servers are shared, so the oldest make room.
AT_ONCE = 50


def _body(world: "World") -> dict[str, Any]:
    there = world.do("automation.list", query={"page_size": 1000})["items"]
    for old in there[: max(len(there) - AT_ONCE, 0)]:
        world.do("automation.delete", uid=old["uid"])
    return {
        "name": "a",
        "types": ["version.*"],
        "about": "asset",
        "action": {"kind": "tag", "key": "k"},
        "asset_uid": world.asset["uid"],
    }


def _made(world: "World") -> dict[str, object]:
    return {"uid": world.do("automation.create", _body(world))["uid"]}


REQUESTS: Mapping[str, Request] = {
    "automation.create": lambda world: Asked({}, {}, _body(world)),
    "automation.list": lambda _: Asked({}, {}),
    "automation.get": lambda world: Asked(_made(world), {}),
    "automation.update": lambda world: Asked(_made(world), {}, {"state": "disabled"}),
    "automation.delete": lambda world: Asked(_made(world), {}),
    "automation.runs": lambda world: Asked(_made(world), {}),
    "automation.test": lambda world: Asked(_made(world), {}),
}

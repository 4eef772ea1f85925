"""Retention, expiry and holds of the world's asset and versions."""

from collections.abc import Mapping
from typing import Any

from tests.support.api_world import World
from tests.support.plausible import Asked, said
from tests.support.plausible.refs import copied

RULE = {"rule": {"last": 3, "best": [{"metric": "acc", "count": 2}], "tags": ["keep"], "days": 7, "purge_days": 30}}


def held(world: World) -> str:
    """A hold that nobody needs, on a version that nobody else deletes."""
    return str(world.do("hold.place", {"reason": "r"}, uid=copied(world))["uid"])


def pointed(world: World) -> Asked:
    """An alias of its own, so that nobody else stands before it."""
    name = world.new("alias")
    world.do("alias.set", {"version_uid": world.version["uid"]}, uid=world.asset["uid"], name=name)
    return Asked({"uid": world.asset["uid"], "name": name}, {}, {"protected": True})


REQUESTS: Mapping[str, Any] = {
    **said("retention.set", {"rule": {"everything": True}}),
    **said("retention.simulate", RULE | {"kept": False}),
    "retention.set_default": lambda world: Asked({"uid": world.namespace["uid"]}, {}, {"rule": {"everything": True}}),
    "retention.get_default": lambda world: Asked({"uid": world.namespace["uid"]}, {}),
    **said("version.expire", {"expires_at": "2031-01-01T00:00:00Z"}),
    "hold.place": lambda world: Asked({"uid": copied(world)}, {}, {"reason": "the audit of 2031"}),
    "hold.release": lambda world: Asked({"uid": held(world)}, {}),
    "alias.protect": pointed,
}

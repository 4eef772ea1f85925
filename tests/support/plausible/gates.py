"""Access to gated assets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World


def _gated(world: "World") -> dict[str, object]:
    world.do("asset.update", {"gated": "manual"}, uid=world.asset["uid"])
    return {"uid": world.asset["uid"]}


REQUESTS: Mapping[str, Request] = {
    "access_request.create": lambda world: Asked(_gated(world), {}, {"message": "please"}),
    "access_request.list": lambda world: Asked(_gated(world), {"status": "pending"}),
    "access_request.own": lambda world: Asked(_gated(world), {}),
    "access_request.decide": lambda world: Asked(_gated(world), {}, {"principal": "viewer", "status": "accepted"}),
}

"""Series: comparing needs a run and a key; what none has is left out."""

from collections.abc import Mapping

from tests.support.api_world import World
from tests.support.plausible import Asked, Request


def compare(world: World) -> Asked:
    return Asked({}, {}, {"run_uids": [world.run["uid"]], "keys": ["loss"]})


REQUESTS: Mapping[str, Request] = {"metric.compare": compare}

"""What storing things costs: nothing but the thing is asked for."""

from collections.abc import Mapping
from typing import Any

from tests.support.api_world import World
from tests.support.plausible import Asked, said


def blob(world: World) -> Asked:
    """A file of the world's version."""
    page = world.do("file.list", uid=world.version["uid"])
    return Asked({"sha256": page["items"][0]["sha256"]}, {})


REQUESTS: Mapping[str, Any] = {**said("storage.workspace"), **said("storage.total"), "storage.why_blob": blob}

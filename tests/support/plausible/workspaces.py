"""Requests about workspaces."""

from typing import TYPE_CHECKING

from tests.support.plausible import Asked

if TYPE_CHECKING:
    from tests.support.api_world import World


def _delete(world: "World") -> Asked:
    """An empty one, made for it: it has the experiment that each begins with, and no runs."""
    made = world.do("workspace.create", {"slug": world.new("place")})
    return Asked({"slug": made["slug"]}, {})


REQUESTS = {"workspace.delete": _delete}

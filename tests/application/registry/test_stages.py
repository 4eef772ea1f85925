"""Stages that a workspace defines for itself."""

from functools import partial

import pytest

from strongroom.application.registry import stages
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import Forbidden, Invalid, PreconditionFailed, StageEdgeNotAllowed
from tests.application.conftest import World
from tests.application.registry.conftest import Publish

OWN = ("none", "shadow", "live")
EDGES = (("none", "shadow"), ("shadow", "live"), ("live", "none"))


def test_a_workspace_defines_its_stages_and_moves(world: World, model: AssetView, publish: Publish) -> None:
    """ "stages and allowed edges that a workspace can define"."""
    first = publish(model)
    before = world.read("viewer", lambda call: stages.of_workspace(call, "default"))
    assert "production" in before.stages
    world.command("admin", lambda call: stages.define(call, "default", OWN, EDGES, is_open=False, etag=before.etag))
    with pytest.raises(PreconditionFailed):
        world.command("admin", lambda call: stages.define(call, "default", OWN, (), is_open=False, etag=before.etag))

    def move(to: str) -> str | None:
        return world.command(
            "maintainer", lambda call: stages.place(call, first.uid, to, "", move_others=False, etag=None)
        ).stage

    with pytest.raises(StageEdgeNotAllowed):
        move("live")
    with pytest.raises(Invalid):
        move("production")
    assert [move("shadow"), move("live"), move("none")] == ["shadow", "live", None]


def test_only_an_admin_defines_stages_and_only_sound_ones(world: World) -> None:
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: stages.define(call, "default", OWN, (), is_open=True, etag=None))
    for names, edges in [(("a",), ()), (("none", "none"), ()), (("none",), (("none", "x"),))]:
        define = partial(stages.define, slug="default", names=names, edges=edges, is_open=False, etag=None)
        with pytest.raises(Invalid):
            world.command("admin", define)

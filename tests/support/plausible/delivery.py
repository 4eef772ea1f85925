"""Requests about environments, releases and targets. What runs is set in an environment of its own."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tests.support.plausible import Asked

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World

LINE = "scoring"
_SHARED: "WeakKeyDictionary[World, Decoded]" = WeakKeyDictionary()


def environment(world: "World") -> "Decoded":
    """One that anything may enter, of that world: a workspace does not have them without end."""
    if world not in _SHARED:
        _SHARED[world] = fresh(world)
    return _SHARED[world]


def fresh(world: "World") -> "Decoded":
    """The same, new each time."""
    return world.do("environment.create", {"name": world.new("place")})


def release(world: "World") -> "Decoded":
    parts = [{"role": "model", "version_uid": world.version["uid"]}]
    return world.do("release.create", {"line": LINE, "parts": parts})


def _named(json: object = ..., *, running: bool = False) -> object:
    def request(world: "World") -> Asked:
        name = environment(world)["name"]
        if running:
            world.do("release.promote", {"release_uid": release(world)["uid"]}, name=name)
        return Asked({"name": name}, {}, json)

    return request


def _promote(world: "World") -> Asked:
    return Asked({"name": environment(world)["name"]}, {}, {"release_uid": release(world)["uid"]})


def _rollback(world: "World") -> Asked:
    name = environment(world)["name"]
    world.do("release.promote", {"release_uid": release(world)["uid"]}, name=name)
    other = [{"role": "other", "version_uid": world.version["uid"]}]
    second = world.do("release.create", {"line": LINE, "parts": other})
    world.do("release.promote", {"release_uid": second["uid"]}, name=name)
    return Asked({"name": name}, {}, {"line": LINE})


def _target(world: "World") -> "Decoded":
    asked = {"environment": environment(world)["name"], "line": LINE, "name": "pod"}
    return world.do("target.register", asked)


def _register(world: "World") -> Asked:
    return Asked({}, {}, {"environment": environment(world)["name"], "line": LINE, "name": "pod"})


def _create(world: "World") -> Asked:
    return Asked({}, {}, {"line": LINE, "parts": [{"role": "model", "version_uid": world.version["uid"]}]})


REQUESTS = {
    "environment.list": lambda _world: Asked({}, {}),
    "environment.create": lambda world: Asked({}, {}, {"name": world.new("place")}),
    "environment.get": _named(),
    "environment.update": _named({"description": "d"}),
    "environment.delete": lambda world: Asked({"name": fresh(world)["name"]}, {}),
    "environment.board": lambda _world: Asked({}, {}),
    "environment.history": _named(),
    "release.create": _create,
    "release.list": lambda _world: Asked({}, {}),
    "release.get": lambda world: Asked({"uid": release(world)["uid"]}, {}),
    "release.promote": _promote,
    "release.rollback": _rollback,
    "release.demote": _named({"line": LINE}, running=True),
    "target.register": _register,
    "target.get": lambda world: Asked({"uid": _target(world)["uid"]}, {}),
    "target.wanted": lambda world: Asked({"uid": _target(world)["uid"]}, {}),
    "target.report": lambda world: Asked({"uid": _target(world)["uid"]}, {}, {"health": "healthy"}),
    "target.remove": lambda world: Asked({"uid": _target(world)["uid"]}, {}),
}

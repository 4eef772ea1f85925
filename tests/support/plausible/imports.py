"""Imports: an id of another system for the world's asset, and what that system said of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World


def _handle(world: "World") -> dict[str, Any]:
    return {"dialect": "mlflow", "kind": "run", "foreign": world.new("foreign")}


def _put(world: "World") -> Asked:
    return Asked({}, {}, {**_handle(world), "object_kind": "run", "uid": world.run["uid"]})


def _find(world: "World") -> Asked:
    handle = _handle(world)
    world.do("handle.put", {**handle, "object_kind": "run", "uid": world.run["uid"]})
    return Asked({}, {}, {**handle, "foreign": [handle["foreign"], "unknown"]})


def _annotations(world: "World") -> Asked:
    return Asked({"kind": "asset", "uid": world.asset["uid"]}, {})


def _annotate(world: "World") -> Asked:
    return Asked({"kind": "asset", "uid": world.asset["uid"]}, {}, {"annotations": {"mlflow": {"user": "ann"}}})


REQUESTS: Mapping[str, Request] = {
    "handle.put": _put,
    "handle.find": _find,
    "annotation.get": _annotations,
    "annotation.set": _annotate,
}

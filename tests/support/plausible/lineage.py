"""Lineage: a node that was read by the world's run, and flags on the world's version."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World


def _version(world: "World") -> Asked:
    return Asked({"kind": "version", "uid": world.version["uid"]}, {})


def _edge(world: "World") -> dict[str, Any]:
    """A data set that the world's run read, as somebody says it."""
    source, target = {"kind": "node", "uid": world.node["uid"]}, {"kind": "run", "uid": world.run["uid"]}
    return {"source": source, "type": "input", "target": target}


def _said(world: "World") -> Asked:
    return Asked({}, {}, {"edges": [_edge(world)]})


def _taken_back(world: "World") -> Asked:
    world.do("edge.assert", {"edges": [_edge(world)]})
    return Asked({}, {}, {"edges": [_edge(world)], "reason": "r"})


def _path(world: "World") -> Asked:
    start = {"kind": "run", "uid": world.run["uid"]}
    return Asked({**start, "to_kind": "version", "to_uid": world.version["uid"]}, {})


def _check(world: "World") -> Asked:
    own = {"name": "own", "types": ["input"], "forms": ["dataset"], "facts": ["digest"]}
    body = {"version_uid": world.version["uid"], "named": ["code_commit"], "requirements": [own]}
    return Asked({}, {}, body)


def _consumers(world: "World") -> Asked:
    return Asked({"uid": world.version["uid"]}, {})


def _gone(world: "World") -> Asked:
    return Asked({"uid": world.do("node.create", {"name": world.new("gone")})["uid"]}, {}, {"reason": "r"})


def _update(world: "World") -> Asked:
    return Asked({"uid": world.node["uid"]}, {}, {"state": "READY"})


def _flag(world: "World") -> dict[str, Any]:
    return {"kind": "version", "uid": world.version["uid"], "reason": "r", "cause": "recall"}


def _set(world: "World") -> Asked:
    return Asked({}, {}, _flag(world))


def _removed(world: "World") -> Asked:
    return Asked({"uid": world.do("flag.set", _flag(world))["uid"]}, {}, {"reason": "r"})


REQUESTS: Mapping[str, Request] = {
    "edge.assert": _said,
    "edge.remove": _taken_back,
    "edge.list": _version,
    "edge.history": _version,
    "flag.set": _set,
    "flag.remove": _removed,
    "flag.of": _version,
    "lineage.path": _path,
    "lineage.impact": _version,
    "lineage.check": _check,
    "version.consumers": _consumers,
    "node.update": _update,
    "node.delete": _gone,
}

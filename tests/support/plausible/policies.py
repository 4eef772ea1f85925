"""Requests about policies, gates and decisions."""

from typing import TYPE_CHECKING

from tests.support.plausible import Asked

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World


def _document(name: str) -> dict[str, object]:
    """A policy that stands before a stage that nothing else in the world is about."""
    applies = {"transitions": ["stage"], "targets": ["staging"]}
    rule = {"id": "any", "expression": "version.number > 0", "message": "It has no number.", "applies": applies}
    return {"policy": 1, "name": name, "rules": [rule]}


def _policy(world: "World") -> "Decoded":
    return world.do("policy.apply", {"document": _document("shared")})


def _decision(world: "World") -> "Decoded":
    _policy(world)
    uid = world.version["uid"]
    if not (kept := world.do("gate.decisions", uid=uid)["items"]):
        world.do("stage.set", {"stage": "none"}, uid=uid)
        world.do("stage.set", {"stage": "staging"}, uid=uid)
        kept = world.do("gate.decisions", uid=uid)["items"]
    return kept[0]


REQUESTS = {
    "policy.apply": lambda _: Asked({}, {}, {"document": _document("shared")}),
    "policy.try": lambda _: Asked({}, {}, {"document": _document("tried")}),
    "policy.list": lambda _: Asked({}, {}),
    "policy.get": lambda world: Asked({"uid": _policy(world)["uid"]}, {}),
    "policy.versions": lambda world: Asked({"uid": _policy(world)["uid"]}, {}),
    "policy.retire": lambda world: Asked({"uid": _policy(world)["uid"]}, {}),
    "gate.check": lambda world: Asked({"uid": world.version["uid"], "kind": "stage", "target": "staging"}, {}),
    "gate.decisions": lambda world: Asked({"uid": world.version["uid"]}, {}),
    "gate.decision": lambda world: Asked({"uid": _decision(world)["uid"]}, {}),
    "gate.risks": lambda world: Asked({}, {"version": world.version["uid"]}),
    "gate.replay": lambda world: Asked({"uid": _decision(world)["uid"]}, {}),
}

"""Approval and waivers. Nobody judges what they made or asked for: an author of its own makes and asks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World

AUTHOR = "author of what is judged"
SAID = {"transition": "stage", "target": "production", "note": "for the release of May", "days": 7}
#: It stands before nothing.
RULE = {"id": "r", "expression": "false", "message": "Never.", "applies": {"targets": ["nowhere"]}}
POLICY = {"policy": 1, "name": "waived", "rules": [RULE]}


def author(world: "World") -> str:
    """Somebody who may make and ask, with a token."""
    from tests.support.api_world import in_days

    if AUTHOR not in world.api.tokens:
        made = world.do("principal.create", {"kind": "user", "name": world.new("author")})
        world.do("grant.create", {"role": "contributor", "subject": made["uid"]})
        issued = world.do("token.issue", {"expires_at": in_days(30), "principal": made["uid"]})
        world.api.tokens[AUTHOR] = issued["token"]
    return AUTHOR


def _as_author(world: "World", id_: str, json: object = ..., body: bytes | None = None, **path: object) -> "Decoded":
    answer = world.ask(author(world), id_, Asked(path, {}, json, body))
    assert answer.status < 300, (id_, answer)
    return answer.json() if answer.body else None


def version(world: "World") -> "Decoded":
    """One that the author published."""
    run = _as_author(world, "run.create", {}, uid=world.experiment["uid"])
    _as_author(world, "folder.upload", body=world.new("bytes").encode(), kind="run", uid=run["uid"], path="model.bin")
    return _as_author(world, "version.register", {"run_uid": run["uid"]}, uid=world.asset["uid"])


def _theirs(world: "World") -> str:
    return str(_as_author(world, "approval.request", SAID, uid=version(world)["uid"])["uid"])


def _own(world: "World") -> str:
    return str(world.do("approval.request", SAID, uid=version(world)["uid"])["uid"])


def _given(world: "World") -> str:
    uid = _theirs(world)
    world.do("approval.give", {"verdict": "approve"}, uid=uid)
    return uid


def _asked(world: "World") -> dict[str, object]:
    from tests.support.api_world import in_days

    uid, policy = version(world)["uid"], world.do("policy.apply", {"document": POLICY})["uid"]
    return {"policy": policy, "rule": "r", "reason": "x", "ends_at": in_days(5), "version_uid": uid}


def _waiver(world: "World", *, own: bool = False) -> str:
    made = world.do("waiver.ask", _asked(world)) if own else _as_author(world, "waiver.ask", _asked(world))
    return str(made["uid"])


REQUESTS: Mapping[str, Request] = {
    "approval.request": lambda world: Asked({"uid": version(world)["uid"]}, {}, SAID),
    "approval.list": lambda world: Asked({"uid": world.version["uid"]}, {}),
    "approval.waiting": lambda _world: Asked({}, {}),
    "approval.get": lambda world: Asked({"uid": _given(world)}, {}),
    "approval.give": lambda world: Asked({"uid": _theirs(world)}, {}, {"verdict": "reject", "note": "not yet"}),
    "approval.take_back": lambda world: Asked({"uid": _given(world)}, {}),
    "approval.withdraw": lambda world: Asked({"uid": _own(world)}, {}),
    "waiver.ask": lambda world: Asked({}, {}, _asked(world)),
    "waiver.list": lambda world: Asked({}, {"asset": world.asset["uid"], "state": "asked"}),
    "waiver.get": lambda world: Asked({"uid": _waiver(world)}, {}),
    "waiver.grant": lambda world: Asked({"uid": _waiver(world)}, {}, {"note": "once"}),
    "waiver.refuse": lambda world: Asked({"uid": _waiver(world)}, {}, {"note": "no"}),
    "waiver.revoke": lambda world: Asked({"uid": _waiver(world, own=True)}, {}, {"reason": "not needed"}),
}

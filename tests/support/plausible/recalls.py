"""Requests about recalls, each of a digest of its own, so that nothing that other requests read is recalled."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.support.plausible import Asked

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World


def _said(world: "World") -> dict[str, object]:
    digest = sha256(world.new("bytes").encode()).hexdigest()
    return {"kind": "digest", "subject": digest, "reason": "it was found to be bad"}


def _recall(world: "World") -> "Decoded":
    return world.do("recall.say", _said(world))


def _asked() -> dict[str, object]:
    until = datetime.now(UTC) + timedelta(days=1)
    return {"reason": "to find out what is wrong with it", "until": until.isoformat()}


def _exemption(world: "World") -> Asked:
    """Asked for by somebody else than who gives it."""
    recall = _recall(world)["uid"]
    answers = (
        world.ask(who, "exemption.ask", Asked({"uid": recall}, {}, _asked())) for who in ("contributor", world.who)
    )
    made = next(answer for answer in answers if answer.status == 201)
    return Asked({"uid": made.json()["uid"]}, {})


REQUESTS = {
    "recall.say": lambda world: Asked({}, {}, _said(world)),
    "recall.list": lambda _world: Asked({}, {}),
    "recall.get": lambda world: Asked({"uid": _recall(world)["uid"]}, {}),
    "recall.lift": lambda world: Asked({"uid": _recall(world)["uid"]}, {}, {"reason": "it was found to be good"}),
    "recall.impact": lambda world: Asked({"uid": _recall(world)["uid"]}, {}),
    "exemption.list": lambda world: Asked({"uid": _recall(world)["uid"]}, {}),
    "exemption.ask": lambda world: Asked({"uid": _recall(world)["uid"]}, {}, _asked()),
    "exemption.give": _exemption,
    "exemption.end": _exemption,
}

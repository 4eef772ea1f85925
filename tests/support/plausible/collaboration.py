"""Comments, discussions, watches, the inbox."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World


def _on(world: "World") -> dict[str, object]:
    return {"kind": "asset", "uid": world.asset["uid"]}


def _comment(world: "World") -> dict[str, object]:
    made = world.do("comment.create", {"text": "hello"}, kind="asset", uid=world.asset["uid"])
    return {"uid": made["uid"]}


def _discussion(world: "World") -> dict[str, object]:
    made = world.do("discussion.create", {"title": "t", "text": "hello"}, uid=world.asset["uid"])
    return {"uid": made["uid"]}


def _numbered(world: "World") -> Asked:
    _discussion(world)
    return Asked({"uid": world.asset["uid"], "number": 1}, {})


REQUESTS: Mapping[str, Request] = {
    "comment.create": lambda world: Asked(_on(world), {}, {"text": "hello @viewer"}),
    "comment.list": lambda world: Asked(_on(world), {}),
    "comment.get": lambda world: Asked(_comment(world), {}),
    "comment.history": lambda world: Asked(_comment(world), {}),
    "comment.update": lambda world: Asked(_comment(world), {}, {"text": "bye"}),
    "comment.delete": lambda world: Asked(_comment(world), {}, {"reason": "r"}),
    "discussion.create": lambda world: Asked({"uid": world.asset["uid"]}, {}, {"title": "t", "text": "x"}),
    "discussion.list": lambda world: Asked({"uid": world.asset["uid"]}, {}),
    "discussion.find": _numbered,
    "discussion.get": lambda world: Asked(_discussion(world), {}),
    "discussion.update": lambda world: Asked(_discussion(world), {}, {"title": "new"}),
    "watch.list": lambda _: Asked({}, {}),
    "watch.get": lambda world: Asked(_on(world), {}),
    "watch.set": lambda world: Asked(_on(world), {}, {"types": ["alias.*"]}),
    "watch.remove": lambda world: Asked(_on(world), {}),
    "inbox.list": lambda _: Asked({}, {}),
    "inbox.count": lambda _: Asked({}, {}),
    "inbox.mark": lambda _: Asked({}, {}, {"state": "read", "upto": 1}),
    "inbox.settings": lambda _: Asked({}, {}),
    "inbox.configure": lambda _: Asked({}, {}, {"automatic": True}),
}

"""Traces of the world's experiment, and what is said of them."""

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World

_numbers = count(1)


def body() -> dict[str, object]:
    span = {"span_id": "00000000000000aa", "name": "answer", "start_ns": 1_000, "end_ns": 3_000}
    return {"trace_id": f"{next(_numbers):032x}", "name": "q", "spans": [span], "tags": {"t": "1"}}


def made(world: "World") -> "Decoded":
    """A trace of the world's experiment, new each time."""
    return world.do("trace.record", body(), uid=world.experiment["uid"])


def of_trace(json: object = ...) -> Request:
    return lambda world: Asked({"uid": made(world)["uid"]}, {}, json)


def said(world: "World") -> "Decoded":
    return world.do("assessment.create", {"name": "good", "value": True}, uid=made(world)["uid"])


def of_said(json: object = ...) -> Request:
    return lambda world: Asked({"uid": said(world)["uid"]}, {}, json)


def linked(world: "World") -> Asked:
    return Asked({"uid": world.run["uid"]}, {}, {"traces": [made(world)["uid"]]})


def used(world: "World") -> Asked:
    return Asked({"uid": made(world)["uid"]}, {}, {"version_uid": world.version["uid"]})


def deleted(world: "World") -> Asked:
    return Asked({"uid": world.experiment["uid"]}, {}, {"trace_ids": [made(world)["trace_id"]]})


REQUESTS: Mapping[str, Request] = {
    "trace.search": lambda _: Asked({}, {}, {"filter": ""}),
    "trace.record": lambda world: Asked({"uid": world.experiment["uid"]}, {}, body()),
    "trace.list": lambda world: Asked({"uid": world.experiment["uid"]}, {}),
    "trace.delete_some": deleted,
    "trace.get": of_trace(),
    "trace.spans": of_trace(),
    "trace.tag": of_trace({"tags": {"team": "risk"}}),
    "trace.untag": of_trace({"keys": ["t"]}),
    "trace.link_run": linked,
    "trace.link_version": used,
    "trace.delete": of_trace(),
    "assessment.create": of_trace({"name": "good", "value": True}),
    "assessment.get": of_said(),
    "assessment.update": of_said({"value": False}),
    "assessment.delete": of_said(),
}

"""Requests about record sets."""

from typing import TYPE_CHECKING

from tests.support.plausible import Asked

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World

RECORDS = [{"inputs": {"question": "q"}, "expectations": {"answer": "a"}}]


def filled(world: "World") -> "Decoded":
    """A record set with one record, new each time."""
    made = world.do("record_set.create", {"name": world.new("records")})
    world.do("record_set.merge", {"records": RECORDS}, uid=made["uid"])
    return made


def _path(world: "World") -> dict[str, object]:
    return {"uid": filled(world)["uid"]}


def _freeze(world: "World") -> Asked:
    asset = world.do("asset.create", {"kind": "dataset", "name": world.new("frozen")})
    return Asked(_path(world), {}, {"asset_uid": asset["uid"]})


def _remove(world: "World") -> Asked:
    made = filled(world)
    (record,) = world.do("record_set.records", uid=made["uid"])["items"]
    return Asked({"uid": made["uid"]}, {}, {"uids": [record["uid"]]})


REQUESTS = {
    "record_set.create": lambda world: Asked({}, {}, {"name": world.new("records")}),
    "record_set.list": lambda world: Asked({}, {"name": filled(world)["name"]}),
    "record_set.get": lambda world: Asked(_path(world), {}),
    "record_set.update": lambda world: Asked(_path(world), {}, {"tags": {"k": "v"}}),
    "record_set.delete": lambda world: Asked(_path(world), {}),
    "record_set.merge": lambda world: Asked(_path(world), {}, {"records": RECORDS}),
    "record_set.records": lambda world: Asked(_path(world), {}),
    "record_set.remove": _remove,
    "record_set.freeze": _freeze,
}

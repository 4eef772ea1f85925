"""Branches, pins and revisions of the world's asset."""

from collections.abc import Mapping
from typing import Any

from tests.support.api import Decoded
from tests.support.api_world import World
from tests.support.plausible import Asked, Request


def put(world: World) -> dict[str, Any]:
    return {"verb": "reference", "path": world.new("path"), "uri": "s3://bucket/x", "pin": "etag:1"}


def commit(world: World, branch: str, start: str | None = None) -> Decoded:
    """The answer to a commit on the branch."""
    body = {"edits": [put(world)], "branch": branch, "start": start}
    return world.do("revision.commit", body, uid=asset(world))


def asset(world: World) -> str:
    """An asset whose `main` has two commits and the file of a version, and a pin."""
    made = vars(world).get("committed")
    if made is None:
        world.version  # noqa: B018 - made when it is asked for: main begins with its file
        made = vars(world)["committed"] = world.asset["uid"]
        commit(world, "main")
        commit(world, "main")
        world.do("pin.create", {"name": "v1"}, uid=made)
    return str(made)


def fresh(world: World) -> str:
    """A branch of its own, a commit ahead."""
    name: str = commit(world, world.new("branch"), "main")["branch"]["name"]
    return name


def fresh_pin(world: World) -> str:
    name = world.new("pin")
    world.do("pin.create", {"name": name}, uid=asset(world))
    return name


def on_asset(json: object = ..., **query: object) -> Request:
    return lambda world: Asked({"uid": asset(world)}, query, json(world) if callable(json) else json)


def shelf(world: World) -> str:
    """An asset of the kind of the world's own."""
    made = world.do("asset.create", {"kind": "model", "name": world.new("shelf")})
    return str(made["uid"])


def copied(world: World) -> str:
    """A version that is a copy."""
    made = world.do("version.copy", {"name": world.new("copy")}, uid=world.version["uid"])
    return str(made["uid"])


REQUESTS: Mapping[str, Any] = {
    "branch.list": on_asset(),
    "branch.get": lambda world: Asked({"uid": asset(world), "name": "main"}, {}),
    "branch.create": on_asset(lambda world: {"name": world.new("branch"), "revision": "main"}),
    "branch.update": lambda world: Asked({"uid": asset(world), "name": fresh(world)}, {}, {"protected": True}),
    "branch.delete": lambda world: Asked({"uid": asset(world), "name": fresh(world)}, {}),
    "branch.merge": on_asset(lambda world: {"source": fresh(world), "branch": "main"}),
    "branch.squash": on_asset(lambda world: {"branch": fresh(world)}),
    "pin.list": on_asset(),
    "pin.get": lambda world: Asked({"uid": asset(world), "name": "v1"}, {}),
    "pin.create": on_asset(lambda world: {"name": world.new("pin")}),
    "pin.update": lambda world: Asked({"uid": asset(world), "name": fresh_pin(world)}, {}, {"protected": True}),
    "pin.delete": lambda world: Asked({"uid": asset(world), "name": fresh_pin(world)}, {}),
    "publication.get": on_asset(),
    "publication.set": on_asset({"rule": "pin+quiet(60)"}),
    "publication.set_default": lambda world: Asked({"uid": world.namespace["uid"]}, {}, {"rule": "commit"}),
    "version.copy": lambda world: Asked({"uid": world.version["uid"]}, {}, {"name": world.new("copy")}),
    "version.verify_references": lambda world: Asked({"uid": world.version["uid"]}, {}),
    "version.link": lambda world: Asked({"uid": world.version["uid"]}, {}, {"asset_uid": shelf(world)}),
    "version.links": lambda world: Asked({"uid": world.version["uid"]}, {}),
    "version.origin": lambda world: Asked({"uid": copied(world)}, {}),
    "revision.diff": on_asset(before="main", after="v1"),
    "revision.commit": on_asset(lambda world: {"edits": [put(world)]}),
    "revision.list": on_asset(),
    "revision.get": on_asset(),
    "revision.compare": on_asset(before="main", after="v1"),
    "revision.files": on_asset(),
    "revision.file": lambda world: Asked({"uid": asset(world), "path": "model.bin"}, {}),
    "revision.publish": on_asset({"description": "d"}),
}

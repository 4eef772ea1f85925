"""Manifests need versions that have one: a prompt and an index of the world's maker, made once a world."""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World

PATIENCE_S = 60.0
ENCODER = "sha256:" + "1" * 64
PROMPT: Mapping[str, Any] = {
    "manifest": 1,
    "kind": "prompt",
    "messages": [{"role": "user", "content": "Hello {{ name }}"}],
    "variables": {"name": {"type": "string"}},
}
INDEX: Mapping[str, Any] = {
    "manifest": 1,
    "kind": "index",
    "encoder": {"uri": "https://example.com/encoder", "digest": ENCODER},
    "dimension": 3,
    "metric": "cosine",
}
_made: dict[tuple[str, str], str] = {}


def sealed(world: "World", kind: str, files: Mapping[str, bytes]) -> str:
    """The uid of a version of a new asset that holds these files."""
    asset = world.do("asset.create", {"kind": kind, "name": world.new(kind)})
    draft = world.do("draft.create", {}, uid=asset["uid"])
    for path, body in files.items():
        world.do("folder.upload", body=body, kind="draft", uid=draft["uid"], path=path)
    uid: str = world.do("draft.seal", {}, uid=draft["uid"])["uid"]
    return uid


def version_with(world: "World", manifest: Mapping[str, Any]) -> str:
    """The same with nothing but a manifest, the same version for a world every time."""
    key = (world.tag, manifest["kind"])
    if key not in _made:
        _made[key] = sealed(world, manifest["kind"], {"strongroom.json": msgspec.json.encode(manifest)})
    return _made[key]


def get(world: "World") -> Asked:
    return Asked({"uid": version_with(world, PROMPT)}, {})


def packaged(world: "World") -> Asked:
    """A version with an MLmodel file."""
    key = (world.tag, "packaged")
    if key not in _made:
        _made[key] = sealed(world, "model", {"MLmodel": b"flavors: {sklearn: {sklearn_version: 1.9.1}}"})
    return Asked({"uid": _made[key]}, {})


def diff(world: "World") -> Asked:
    uid = version_with(world, PROMPT)
    return Asked({"uid": uid, "other": uid}, {})


def check(world: "World") -> Asked:
    return Asked({"uid": version_with(world, INDEX)}, {}, {"encoder": ENCODER, "dimension": 3})


def validate(_: object) -> Asked:
    return Asked({}, {}, {"manifest": dict(PROMPT)})


def render(world: "World") -> Asked:
    return Asked({"uid": version_with(world, PROMPT)}, {}, {"variables": {"name": "you"}})


def data_set(world: "World", name: str) -> str:
    """The uid of a data set whose content no other has."""
    key = (world.tag, name)
    if key not in _made:
        _made[key] = sealed(world, "dataset", {"train.csv": f"x,y\n1,{world.tag}-{name}\n".encode()})
    return _made[key]


def scan(world: "World") -> Asked:
    return Asked({"uid": data_set(world, "scanned")}, {})


def statistics_diff(world: "World") -> Asked:
    """Of a data set whose statistics the server has made."""
    uid, until = data_set(world, "read"), monotonic() + PATIENCE_S
    while world.do("dataset.statistics", uid=uid)["state"] == "pending":
        assert monotonic() < until, "the server makes no statistics"
        sleep(0.1)
    return Asked({"uid": uid, "other": uid}, {})


def memory(world: "World") -> str:
    """The uid of a memory with one record; a new one each time, since what was taken out is gone."""
    return sealed(world, "memory", {"records/one": b"1", "records/two": b"2"})


def redact(world: "World") -> Asked:
    return Asked({"uid": memory(world)}, {}, {"record": "one", "reason": "asked"})


def fork(world: "World") -> Asked:
    asset = world.do("asset.create", {"kind": "memory", "name": world.new("fork")})
    return Asked({"uid": asset["uid"]}, {}, {"version_uid": memory(world)})


REQUESTS: Mapping[str, Request] = {
    "manifest.get": get,
    "version.packaging": packaged,
    "manifest.diff": diff,
    "manifest.check": check,
    "manifest.validate": validate,
    "prompt.render": render,
    "dataset.statistics": scan,
    "dataset.scan": scan,
    "dataset.diff": statistics_diff,
    "memory.redact": redact,
    "memory.fork": fork,
}

"""Manifests need versions that have one: a prompt and an index of the world's maker, made once a world."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World

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


def diff(world: "World") -> Asked:
    uid = version_with(world, PROMPT)
    return Asked({"uid": uid, "other": uid}, {})


def check(world: "World") -> Asked:
    return Asked({"uid": version_with(world, INDEX)}, {}, {"encoder": ENCODER, "dimension": 3})


def validate(_: object) -> Asked:
    return Asked({}, {}, {"manifest": dict(PROMPT)})


def render(world: "World") -> Asked:
    return Asked({"uid": version_with(world, PROMPT)}, {}, {"variables": {"name": "you"}})


REQUESTS: Mapping[str, Request] = {
    "manifest.get": get,
    "manifest.diff": diff,
    "manifest.check": check,
    "manifest.validate": validate,
    "prompt.render": render,
}

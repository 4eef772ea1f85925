"""Files, folders, blobs and uploads, all of the world's run."""

from collections.abc import Mapping

from tests.support.api_world import World, digest, frame
from tests.support.plausible import Asked, Request, said


def in_run(**more: object) -> Request:
    return lambda world: Asked({"kind": "run", "uid": world.run["uid"], **more}, {})


def put(world: World) -> Asked:
    reference = {"path": world.new("reference"), "uri": "s3://bucket/key"}
    return Asked(in_run()(world).path, {}, {"entries": [reference]})


def upload(world: World) -> Asked:
    return Asked(in_run(path=world.new("file"))(world).path, {}, body=world.new("bytes").encode())


def missing(world: World) -> Asked:
    return Asked(in_run()(world).path, {}, {"digests": [digest(world.bytes), "0" * 64]})


def send(world: World) -> Asked:
    return Asked(in_run()(world).path, {}, body=frame(world.new("bytes").encode()))


def begin(world: World) -> Asked:
    body = world.new("bytes").encode()
    return Asked(in_run()(world).path, {}, {"sha256": digest(body), "size": len(body)})


def part(world: World) -> Asked:
    return Asked({**world.place("upload.part"), "number": 1}, {"sha256": digest(world.bytes)}, body=world.bytes)


REQUESTS: Mapping[str, Request] = {
    "folder.list": in_run(),
    "folder.put": put,
    "folder.upload": upload,
    "folder.download": in_run(path="model.bin"),
    "folder.remove": in_run(path="model.bin"),
    "blob.missing": missing,
    "blob.send": send,
    "upload.begin": begin,
    "upload.part": part,
    **said("file.get", path="model.bin"),
}

"""Large files by Git LFS: what is to be sent, where to, and whether it came. The addresses are signed."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from strongroom.application.artifacts import folders, tickets, uploads
from strongroom.application.artifacts.tickets import Ticket
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.dialects.huggingface.operation import Asked, NoBody, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotPossessed
from strongroom.domain.identity.roles import Permission

OBJECTS_MOST = 256
MULTIPART_FROM = 64 * 1024 * 1024
"""Bytes from which a file is sent in parts, when the client can."""
PARTS_MOST = 100
MIB = 1024 * 1024

Oid = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Meta(ge=0, le=uploads.FILE_LARGEST)]


class LfsObject(msgspec.Struct, frozen=True):
    """A file by its SHA-256."""

    oid: Oid
    size: Size


class Batch(msgspec.Struct, frozen=True):
    """Files that the client wants to send."""

    objects: Annotated[list[LfsObject], Meta(max_length=OBJECTS_MOST)]
    operation: str = "upload"
    transfers: Annotated[list[str], Meta(max_length=20)] = []
    hash_algo: str = "sha256"


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part that the client has sent, and what it was answered."""

    part_number: Annotated[int, Meta(ge=1, le=uploads.PARTS_MOST)]
    etag: Annotated[str, Meta(max_length=100)]


class Completion(msgspec.Struct, frozen=True):
    """All parts of a file."""

    oid: Oid
    parts: Annotated[list[Part], Meta(max_length=uploads.PARTS_MOST)]


def part_size(size: int) -> int:
    """Bytes of each part but the last: whole MiB, so that there are at most 100."""
    return max(uploads.PART_SIZE, -(-size // (PARTS_MOST * MIB)) * MIB)


@flow("lfs.batch", "POST", "/{files}{repo}.git/info/lfs/objects/batch", Permission.VERSION_REGISTER, Batch)
async def batch(edge: Edge, asked: Asked[Batch]) -> dict[str, Any]:
    """Where to send each file; nothing for those that need not be sent (domain.md N16)."""
    body = asked.body
    if body.operation != "upload" or body.hash_algo != "sha256":
        raise Invalid("Only uploads of files named by SHA-256 are served; download files by their addresses.")
    uid = await found.uid_of(edge, asked, Permission.VERSION_REGISTER)
    oids = [one.oid for one in body.objects]
    absent = set(await edge.read(lambda call: folders.missing(call, "asset", uid, oids, ())))
    in_parts = "multipart" in body.transfers
    objects = []
    for one in body.objects:
        said: dict[str, Any] = {"oid": one.oid, "size": one.size, "authenticated": True}
        if one.oid in absent:
            large = in_parts and one.size >= MULTIPART_FROM
            said["actions"] = await (_parts if large else _whole)(edge, asked, uid, one)
        objects.append(said)
    transfer = "multipart" if any("chunk_size" in _header(one) for one in objects) else "basic"
    return {"transfer": transfer, "objects": objects, "hash_algo": "sha256"}


def _header(said: dict[str, Any]) -> dict[str, str]:
    header: dict[str, str] = said.get("actions", {}).get("upload", {}).get("header", {})
    return header


async def _whole(edge: Edge, asked: Asked[Batch], uid: str, one: LfsObject) -> dict[str, Any]:
    ticket = await edge.read(lambda call: tickets.seal(call, uid, one.oid, one.size))
    return {"upload": {"href": _place(asked, ticket)}, "verify": {"href": _verify(asked)}}


async def _parts(edge: Edge, asked: Asked[Batch], uid: str, one: LfsObject) -> dict[str, Any]:
    upload = await uploads.begin(edge, "asset", uid, one.oid, one.size, part_size(one.size))

    def seal(call: Call) -> list[str]:
        numbers = range(upload.parts + 1)
        return [tickets.seal(call, uid, one.oid, one.size, upload=upload.uid, part=n) for n in numbers]

    join, *parts = [_place(asked, ticket) for ticket in await edge.read(seal)]
    header = {"chunk_size": str(upload.part_size)} | {str(n): part for n, part in enumerate(parts, 1)}
    return {"upload": {"href": join, "header": header}, "verify": {"href": _verify(asked)}}


def _place(asked: Asked[Batch], ticket: str) -> str:
    return f"{asked.base}/api/lfs/{ticket}"


def _verify(asked: Asked[Batch]) -> str:
    return asked.here.removesuffix("/batch") + "/verify"


def _signed(asked: Asked[Any]) -> Ticket:
    assert asked.ticket is not None  # noqa: S101 - the pipeline opened it to make the edge
    return asked.ticket


@flow("lfs.put", "PUT", "/api/lfs/{ticket}", Permission.VERSION_REGISTER)
async def put(edge: Edge, asked: Asked[NoBody]) -> Response:
    """Take a file in, or a part of one, at a signed address; what is not the announced bytes is not kept."""
    ticket = _signed(asked)
    await edge.read(lambda call: _usable(call, ticket))
    if asked.size is not None and asked.size > ticket.size:
        raise Invalid(f"The file has {ticket.size} bytes.", limit=ticket.size)
    if ticket.upload is None:
        stored = await uploads.put_blob(edge, "asset", ticket.asset_uid, asked.chunks, ticket.sha256, ticket.size)
        return Response(headers={"ETag": f'"{stored.sha256}"'})
    if not ticket.part:
        raise Forbidden("This address joins the parts of a file: POST to it.")
    part = await uploads.put_part(edge, ticket.upload, ticket.part, None, asked.chunks)
    return Response(headers={"ETag": f'"{part.sha256}"'})


def _usable(call: Call, ticket: Ticket) -> None:
    tickets.must_be_valid(call, ticket)
    folders.intake(call, "asset", ticket.asset_uid)


@flow("lfs.complete", "POST", "/api/lfs/{ticket}", Permission.VERSION_REGISTER, Completion)
async def complete(edge: Edge, asked: Asked[Completion]) -> dict[str, Any]:
    """Join the parts of a file and verify the whole."""
    ticket, body = _signed(asked), asked.body
    await edge.read(lambda call: _usable(call, ticket))
    if ticket.upload is None or ticket.part != 0 or body.oid != ticket.sha256:
        raise Forbidden("This address was signed for something else.")
    upload = await edge.read(lambda call: uploads.get(call, ticket.upload or ""))
    if sorted(part.part_number for part in body.parts) != list(range(1, upload.parts + 1)):
        raise Conflict(f"The file has {upload.parts} parts.", parts=upload.parts)
    stored = await uploads.complete(edge, ticket.upload)
    return {"oid": stored.sha256, "size": stored.size}


@read("lfs.verify", "POST", "/{files}{repo}.git/info/lfs/objects/verify", Permission.VERSION_REGISTER, LfsObject)
def verify(call: Call, asked: Asked[LfsObject]) -> dict[str, Any]:
    """Whether a file came, as large as announced. :raises NotPossessed: the caller has not sent it."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    body = asked.body
    here = folders.possessed_by(call, asset.id, [body.oid]).get(body.oid)
    if here is None or here.size != body.size:
        raise NotPossessed("These bytes have not arrived.", digests=[body.oid], count=1)
    return {"oid": body.oid, "size": body.size}


OPERATIONS = (batch, put, complete, verify)

"""Big files in parts, through us: every step asks for the right to write, or read, what it names.

The addresses of parts and of files are tickets on this server: the bytes are hashed on the way in and checked on the
way out, whatever the store, which no address of a bucket would do for a client that compares nothing. Tickets stand in
the query, which is not logged.
"""

import mimetypes
import re

from starlette.responses import Response

from strongroom.application.artifacts import file_uploads, reading
from strongroom.application.artifacts.file_uploads import Target
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import tickets
from strongroom.application.identity.tickets import TicketEdge
from strongroom.dialects.mlflow.operation import Transfer, flow
from strongroom.dialects.mlflow.translate.places import Place, file_place
from strongroom.dialects.mlflow.wire import artifacts as wire
from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.identity.roles import Permission

_PROXY = "/mlflow-artifacts"
_BASE = "/api/2.0"
_ABSENT = "No such artifact or upload: '{artifact_path}'"
_READ, _WRITE = Permission.FOLDER_READ, Permission.FOLDER_WRITE
DOWNLOAD = "file-download"
DOWNLOAD_LIFE_US = 3600 * 1_000_000
_LAST = re.compile(r"[^/\\]*\Z")


def _target(directory: str, name: str | None) -> Target:
    """Where a file goes: the directory, and the last part of the client's own path.

    :raises Invalid: a registered version, which does not change; a path that is none.
    """
    found = _LAST.search(name or "")
    place = file_place(f"{directory.rstrip('/')}/{found[0] if found else ''}")
    if place.kind == "version":
        raise Invalid("The files of a registered version do not change.")
    return Target(place.kind, place.uid, place.path)


@flow(
    "transfers.create",
    "POST",
    _PROXY + "/mpu/create/{artifact_path:path}",
    _WRITE,
    wire.CreateUpload,
    required=("path",),
    absent=_ABSENT,
    placed=True,
)
async def create(edge: Edge, message: wire.CreateUpload, origin: str) -> wire.UploadAnswer:
    """Begin a file in parts."""
    to = _target(message.artifact_path, message.path)
    begun = await file_uploads.begin(edge, to, message.num_parts)
    address = f"{origin}{_BASE}{_PROXY}/mpu/part?ticket="
    parts = [wire.Credential(url=address + one, part_number=n) for n, one in enumerate(begun.tickets, 1)]
    return wire.UploadAnswer(upload_id=begun.uid, credentials=parts)


@flow("transfers.part", "PUT", _PROXY + "/mpu/part", _WRITE, wire.Ticket, raw=True)
async def put_part(edge: Edge, sent: Transfer[wire.Ticket]) -> Response:
    """Take a part in, at its own address."""
    part = await file_uploads.put_part(edge, sent.message.ticket, sent.chunks, sent.size)
    return Response(b"", headers={"ETag": f'"{part.sha256}"'})


@flow(
    "transfers.complete",
    "POST",
    _PROXY + "/mpu/complete/{artifact_path:path}",
    _WRITE,
    wire.EndUpload,
    required=("path", "upload_id"),
    absent=_ABSENT,
)
async def complete(edge: Edge, message: wire.EndUpload) -> Message:
    """Join the parts to the file."""
    to = _target(message.artifact_path, message.path)
    digests = {part.part_number: (part.etag or "").strip('"') for part in message.parts}
    media_type = mimetypes.guess_type(to.path)[0]
    await file_uploads.complete(edge, to, message.upload_id or "", digests, media_type)
    return Message()


@flow(
    "transfers.abort",
    "POST",
    _PROXY + "/mpu/abort/{artifact_path:path}",
    _WRITE,
    wire.EndUpload,
    required=("path", "upload_id"),
    absent=_ABSENT,
)
async def abort(edge: Edge, message: wire.EndUpload) -> Message:
    """Give a file up."""
    await file_uploads.abort(edge, _target(message.artifact_path, message.path), message.upload_id or "")
    return Message()


@flow(
    "transfers.presign",
    "GET",
    _PROXY + "/presigned/{artifact_path:path}",
    _READ,
    wire.ArtifactPath,
    absent=_ABSENT,
    placed=True,
)
async def presign(edge: Edge, message: wire.ArtifactPath, origin: str) -> wire.Presigned:
    """An address of a file for an hour, good for the bytes that it has now."""
    place = file_place(message.artifact_path)
    found = await _open(edge, place)

    def issue(call: Call) -> str:
        call.ask(_READ)
        return tickets.issue(call, DOWNLOAD, DOWNLOAD_LIFE_US, (place.kind, place.uid, place.path, found.blob.sha256))

    ticket = await edge.read(issue)
    return wire.Presigned(url=f"{origin}{_BASE}{_PROXY}/ticket?ticket={ticket}", file_size=found.blob.size)


@flow("transfers.download", "GET", _PROXY + "/ticket", _READ, wire.Ticket, raw=True)
async def download(edge: Edge, sent: Transfer[wire.Ticket]) -> OpenFile:
    """The bytes of a file at its address; never those of another that took its place, which would tear it."""
    acting = TicketEdge(edge, DOWNLOAD, sent.message.ticket)
    kind, uid, path, sha256 = (str(fact) for fact in acting.facts)
    await acting.read(lambda call: call.ask(_READ))
    found = await _open(acting, Place(kind, uid, path))
    if found.blob.sha256 != sha256:
        raise Conflict("The file was replaced meanwhile; ask for its address again.")
    return found


async def _open(edge: Edge, place: Place) -> OpenFile:
    if place.kind == "version":
        await edge.read(lambda call: call.ask(_READ))
        return await reading.open_version_file(edge, place.uid, place.path)
    return await reading.open_folder_file(edge, place.kind, place.uid, place.path)


OPERATIONS = (create, put_part, complete, abort, presign, download)

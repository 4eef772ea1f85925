"""Big files into folders in parts, for clients that know neither digest nor token when they send a part.

Each part has an address of its own, a ticket. The file is hashed when it is joined, and enters the folder by the same
command as one that was sent whole. What is abandoned expires with its parts.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.blobstore import PartInfo
from strongroom.application.artifacts.folders import PutEntry, open_folder, put
from strongroom.application.artifacts.uploads import FILE_LARGEST, note
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import tickets
from strongroom.application.identity.tickets import TicketEdge
from strongroom.domain.artifacts.model import FileUpload, UploadPart
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge, TooManyRequests

PURPOSE: Final = "file-upload-part"
LIFE_US: Final = 24 * 3600 * 1_000_000
"""How long a file may take; then its parts are dropped."""
FILE_PARTS_MOST: Final = 10_000
FILE_PART_LARGEST: Final = 1024**3
OPEN_FILES_MOST: Final = 200
"""Files that one principal may have on their way at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes: the folder of a run or logged model, and the path in it."""

    kind: str
    uid: str
    path: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A file on its way, with the ticket of each part, from part 1 on."""

    uid: str
    tickets: Sequence[str]


async def begin(edge: Edge, to: Target, parts: int) -> Begun:
    """Begin a file. :raises TooManyRequests: the caller has many on their way."""
    if not 1 <= parts <= FILE_PARTS_MOST:
        raise Invalid(f"Between 1 and {FILE_PARTS_MOST} parts.", limit=FILE_PARTS_MOST)

    def add(call: Call) -> Begun:
        open_folder(call, to.kind, to.uid, write=True)
        path = clean_path(to.path)
        if call.tx.file_uploads.open_of(call.actor.id) >= OPEN_FILES_MOST:
            raise TooManyRequests(f"At most {OPEN_FILES_MOST} files are on their way at once.", limit=OPEN_FILES_MOST)
        uid, until = call.tx.new_uid(), call.now + LIFE_US
        new = FileUpload(uid, call.actor.id, call.workspace.id, to.kind, to.uid, path, parts, "open", until)
        call.tx.file_uploads.add(new)
        issued = [tickets.issue(call, PURPOSE, LIFE_US, (uid, number)) for number in range(1, parts + 1)]
        return Begun(uid, issued)

    begun = await edge.command(add)
    await edge.store.begin_upload(begun.uid)
    return begun


async def put_part(edge: Edge, ticket: str, chunks: AsyncIterator[bytes], size: int | None) -> PartInfo:
    """Take the part of a ticket in; sending it again replaces it. Needs what writing to the folder needs."""
    acting = TicketEdge(edge, PURPOSE, ticket)
    uid, number = str(acting.facts[0]), int(str(acting.facts[1]))

    def check(call: Call) -> None:
        upload = _open(call, uid)
        open_folder(call, upload.owner_kind, upload.owner_uid, write=True)

    await acting.read(check)
    part = await edge.store.put_part(
        uid, number, chunks, expect_sha256=None, expect_size=size, max_size=FILE_PART_LARGEST
    )

    def enter(call: Call) -> None:
        check(call)
        call.tx.uploads.add_part(uid, UploadPart(number, part.size, part.sha256))

    await acting.command(enter)
    return part


async def complete(edge: Edge, to: Target, uid: str, digests: Mapping[int, str], media_type: str | None) -> None:
    """Join the parts and write the file into its folder.

    :param digests: part -> SHA-256 as it was answered: nothing else is joined.
    :raises Conflict: parts are missing. :raises Invalid: other parts were meant.
    """

    def gather(call: Call) -> tuple[FileUpload, list[PartInfo]]:
        upload = _mine(call, to, uid)
        found = {part.number: part for part in call.tx.uploads.parts(uid)}
        if missing := [n for n in range(1, upload.parts + 1) if n not in found]:
            raise Conflict("Parts are missing.", missing=missing[:100], count=len(missing))
        if digests != {part.number: part.sha256 for part in found.values()}:
            raise Invalid("These are not the parts that were sent: a part's ETag is what its answer said.")
        return upload, [PartInfo(part.number, part.size, part.sha256) for _, part in sorted(found.items())]

    upload, parts = await edge.read(gather)
    if sum(part.size for part in parts) > FILE_LARGEST:
        raise TooLarge(f"A file has at most {FILE_LARGEST} bytes.", limit=FILE_LARGEST)
    stored = await edge.store.complete_upload(uid, parts, expect_sha256=None, expect_size=None)

    def enter(call: Call) -> None:
        _mine(call, to, uid)
        note(call, [stored])
        entry = PutEntry(upload.path, stored.sha256, stored.size, media_type=media_type)
        put(call, upload.owner_kind, upload.owner_uid, [entry])
        call.tx.file_uploads.finish(uid, "complete")

    await edge.command(enter)
    await edge.store.abort_upload(uid)


async def abort(edge: Edge, to: Target, uid: str) -> None:
    """End a file on its way and drop its parts."""

    def finish(call: Call) -> None:
        call.tx.file_uploads.finish(_mine(call, to, uid).uid, "aborted")

    await edge.command(finish)
    await edge.store.abort_upload(uid)


def _mine(call: Call, to: Target, uid: str) -> FileUpload:
    """A file of the caller on its way to this very place, which the caller may write."""
    open_folder(call, to.kind, to.uid, write=True)
    upload = _open(call, uid)
    if (upload.owner_kind, upload.owner_uid, upload.path) != (to.kind, to.uid, clean_path(to.path)):
        raise NotFound("There is no such upload.")
    return upload


def _open(call: Call, uid: str) -> FileUpload:
    upload = call.tx.file_uploads.get(uid)
    if upload is None or upload.principal_id != call.actor.id or upload.workspace_id != call.workspace.id:
        raise NotFound("There is no such upload.")
    if upload.state != "open" or upload.expires_at <= call.now:
        raise Conflict("The upload is ended or expired; begin it again.", state=upload.state)
    return upload

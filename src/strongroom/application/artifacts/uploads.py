"""Bytes coming in: whole files, many small files at once, and big files in parts that can be resumed."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from strongroom.application.artifacts.blobstore import SMALL, PartInfo, StoredBlob
from strongroom.application.artifacts.folders import PutEntry, intake, open_folder, put_sent
from strongroom.application.artifacts.spare import drop_spare
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.views import time_of
from strongroom.domain.artifacts.model import Blob, Upload, UploadPart
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.artifacts.tree import SIZE_LARGEST
from strongroom.domain.errors import Conflict, DigestMismatch, Invalid, NotFound, SizeMismatch, TooLarge
from strongroom.domain.identity.roles import Permission

LEDGER_US = 48 * 3600 * 1_000_000
UPLOAD_LIFE_US = 7 * 24 * 3600 * 1_000_000
PART_SIZE = 8 * 1024 * 1024
PARTS_MOST = 100_000
SMALL_BLOBS_MOST = 1_000
SMALL_BYTES_MOST = 32 * 1024 * 1024
FILE_LARGEST = 5 * 1024**4


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload in parts: which parts (from 1) are here, and until when it may be resumed."""

    uid: str
    sha256: str
    size: int
    part_size: int
    parts: int
    received: Sequence[int]
    state: str
    expires_at: datetime


def note(call: Call, stored: Sequence[StoredBlob]) -> Mapping[str, Blob]:
    """Record blobs that the store holds durably, and that the caller has sent them (domain.md N16)."""
    blobs = call.tx.blobs.add(stored)
    call.tx.blobs.note_sent(call.actor.id, [blob.id for blob in blobs.values()], call.now + LEDGER_US)
    return blobs


async def put_file(
    edge: Edge,
    kind: str,
    uid: str,
    path: str,
    chunks: AsyncIterator[bytes],
    *,
    expect_sha256: str | None,
    expect_size: int | None,
    media_type: str | None,
) -> StoredBlob:
    """Take one file in whole and write it into a folder: the bytes first, then the entry, in one command.

    :raises BadPath: before any byte is read, unless it is a small file.
    """

    def check(call: Call) -> None:
        open_folder(call, kind, uid, write=True)
        clean_path(path)

    if expect_size is not None and expect_size <= SMALL:
        stored = await _store_small(edge, check, await _whole(chunks, expect_size), expect_sha256)
    else:
        await edge.read(check, brief=True)
        stored = await edge.store.put(
            chunks, expect_sha256=expect_sha256, expect_size=expect_size, max_size=FILE_LARGEST
        )

    def enter(call: Call) -> Blob:
        blob = note(call, [stored])[stored.sha256]
        put_sent(call, kind, uid, PutEntry(path, stored.sha256, stored.size, media_type=media_type), blob)
        return blob

    drop_spare(edge, stored, await edge.command(enter))
    return stored


async def put_blob(edge: Edge, kind: str, uid: str, chunks: AsyncIterator[bytes], sha256: str, size: int) -> StoredBlob:
    """Take one file in whole that no path names yet, and record that the caller has sent it.

    :raises DigestMismatch, SizeMismatch: it is not what was announced; nothing is kept.
    """
    await edge.read(lambda call: intake(call, kind, uid))
    stored = await edge.store.put(chunks, expect_sha256=sha256, expect_size=size, max_size=FILE_LARGEST)
    await edge.command(lambda call: note(call, [stored]))
    return stored


async def _whole(chunks: AsyncIterator[bytes], size: int) -> bytes:
    """A small body of an announced size. :raises SizeMismatch: more or fewer bytes came."""
    received = bytearray()
    async for chunk in chunks:
        received += chunk
        if len(received) > size:
            raise SizeMismatch("More bytes came than announced.", expected=size)
    if len(received) != size:
        raise SizeMismatch("Fewer bytes came than announced.", expected=size, found=len(received))
    return bytes(received)


async def _store_small(edge: Edge, check: Callable[[Call], None], data: bytes, claimed: str | None) -> StoredBlob:
    """Store a file beside other small ones, which share the wait for the disk; one read checks all it needs to."""
    digest = hashlib.sha256(data).hexdigest()

    def look(call: Call) -> Mapping[str, Blob]:
        check(call)
        return call.tx.blobs.fresh([digest])

    found = as_stored(await edge.read(look, brief=True))
    if claimed is not None and claimed != digest:
        raise DigestMismatch("The bytes do not have the digest claimed.", expected=claimed, found=digest)

    async def known_already(_digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        return found

    return (await edge.store.put_small([data], known_already))[0]


def as_stored(blobs: Mapping[str, Blob]) -> Mapping[str, StoredBlob]:
    """Blobs as the store knows them."""
    return {digest: StoredBlob(b.sha256, b.size, b.place, b.blocks, None) for digest, b in blobs.items()}


async def known(edge: Edge, digests: Sequence[str]) -> Mapping[str, StoredBlob]:
    """Those of the digests whose bytes are stored, and where; for the store alone, never for a client (N16)."""
    return as_stored(await edge.read(lambda call: call.tx.blobs.fresh(digests)))


async def put_small(edge: Edge, kind: str, uid: str, blobs: Sequence[tuple[str, bytes]]) -> int:
    """Take many small blobs in, each with its claimed digest; returns how many.

    :raises DigestMismatch: one of them is not what was claimed; none is kept.
    """
    if len(blobs) > SMALL_BLOBS_MOST:
        raise TooLarge(f"At most {SMALL_BLOBS_MOST} blobs at a time.", limit=SMALL_BLOBS_MOST)
    await edge.read(lambda call: intake(call, kind, uid))

    stored = await edge.store.put_small([body for _, body in blobs], partial(known, edge))
    for (claimed, _), blob in zip(blobs, stored, strict=True):
        if claimed != blob.sha256:
            raise DigestMismatch("A blob does not have its digest.", expected=claimed, found=blob.sha256)
    noted = await edge.command(lambda call: note(call, stored))
    for blob in stored:
        drop_spare(edge, blob, noted[blob.sha256])
    return len(stored)


def view(upload: Upload, parts: Sequence[UploadPart]) -> UploadView:
    """An upload for its owner."""
    return UploadView(
        upload.uid,
        upload.sha256,
        upload.size,
        upload.part_size,
        upload.parts,
        [part.number for part in parts],
        upload.state,
        time_of(upload.expires_at),
    )


async def begin(edge: Edge, kind: str, uid: str, sha256: str, size: int, part_size: int = PART_SIZE) -> UploadView:
    """Begin an upload in parts, or find the one that this caller began for the same bytes.

    Only the parts that are not `received` need to be sent.
    """
    if not 0 <= size <= min(FILE_LARGEST, SIZE_LARGEST, PART_SIZE * PARTS_MOST):
        raise TooLarge("A file is at most 800 GB.", limit=PART_SIZE * PARTS_MOST)

    def find_or_add(call: Call) -> UploadView:
        intake(call, kind, uid)
        found = call.tx.uploads.resumable(call.actor.id, call.workspace.id, sha256, size)
        if found is not None:
            return view(found, call.tx.uploads.parts(found.uid))
        new = Upload(
            uid=call.tx.new_uid(),
            principal_id=call.actor.id,
            workspace_id=call.workspace.id,
            sha256=sha256,
            size=size,
            part_size=part_size,
            state="open",
            expires_at=call.now + UPLOAD_LIFE_US,
        )
        call.tx.uploads.add(new)
        return view(new, [])

    upload = await edge.command(find_or_add)
    await edge.store.begin_upload(upload.uid)
    return upload


def _own(call: Call, uid: str) -> Upload:
    """An open upload of the caller. Others' uploads do not exist for it."""
    call.require(Permission.SELF)
    upload = call.tx.uploads.get(uid)
    if upload is None or upload.principal_id != call.actor.id or upload.workspace_id != call.workspace.id:
        raise NotFound("There is no such upload.")
    if upload.state != "open" or upload.expires_at <= call.now:
        raise Conflict("The upload is ended or expired; begin it again.", state=upload.state)
    return upload


async def put_part(edge: Edge, uid: str, number: int, sha256: str | None, chunks: AsyncIterator[bytes]) -> PartInfo:
    """Take one part in; sending it again replaces it.

    :param number: 1 to the number of parts. :param sha256: of the part's own bytes; None where the client has none.
    """
    upload = await edge.read(lambda call: _own(call, uid))
    if not 1 <= number <= upload.parts:
        raise Invalid(f"Parts are numbered 1 to {upload.parts}.", limit=upload.parts)
    size = upload.size_of_part(number - 1)
    part = await edge.store.put_part(
        uid, number, chunks, expect_sha256=sha256, expect_size=size, max_size=upload.part_size
    )
    await edge.command(lambda call: call.tx.uploads.add_part(uid, UploadPart(number, part.size, part.sha256)))
    return part


async def complete(edge: Edge, uid: str) -> StoredBlob:
    """Join the parts, verify the whole, and record that the caller has sent it.

    :raises Conflict: parts are missing; `details["missing"]` names the first ones.
    """

    def gather(call: Call) -> tuple[Upload, Sequence[UploadPart]]:
        upload = _own(call, uid)
        parts = call.tx.uploads.parts(uid)
        have = {part.number for part in parts}
        if missing := [n for n in range(1, upload.parts + 1) if n not in have]:
            raise Conflict("Parts are missing.", missing=missing[:100], count=len(missing))
        return upload, parts

    upload, parts = await edge.read(gather)
    infos = [PartInfo(part.number, part.size, part.sha256) for part in parts]
    stored = await edge.store.complete_upload(uid, infos, expect_sha256=upload.sha256, expect_size=upload.size)

    def finish(call: Call) -> Blob:
        blob = note(call, [stored])[stored.sha256]
        call.tx.uploads.finish(uid, "complete")
        return blob

    drop_spare(edge, stored, await edge.command(finish))
    await edge.store.abort_upload(uid)
    return stored


def get(call: Call, uid: str) -> UploadView:
    """One upload of the caller, with the parts that are here."""
    upload = _own(call, uid)
    return view(upload, call.tx.uploads.parts(uid))


async def abort(edge: Edge, uid: str) -> None:
    """End an upload and drop its parts."""

    def finish(call: Call) -> None:
        call.tx.uploads.finish(_own(call, uid).uid, "aborted")

    await edge.command(finish)
    await edge.store.abort_upload(uid)


SMALL_BLOB_LARGEST = SMALL

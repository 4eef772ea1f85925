"""Opening a file for reading: of a version (counted for audit) or of a folder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from strongroom.application.artifacts import folders, trees
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.audit.reads import Window, open_window, window_of
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.integrity.marking import mark_read
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import locate, versions
from strongroom.domain.artifacts.model import Blob, FolderEntry
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Corrupted, TooLarge


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that may be read.

    :param counted: to call with the number of bytes that went out.
    :param damaged: to call when the store finds that its bytes are not what was written.
    """

    blob: StoredBlob
    name: str
    counted: Callable[[int], None]
    damaged: Callable[[Corrupted], Awaitable[None]]


def stored(blob: Blob) -> StoredBlob:
    """A blob as the store knows it."""
    return StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)


async def open_version_file(edge: Edge, version_uid: str, path: str) -> OpenFile:
    """A file of a version, when the caller may read its bytes; the read is counted for audit."""

    def find(call: Call) -> tuple[Blob, str, Window]:
        entry, blob = trees.file_of(call, version_uid, path)
        _asset, version = versions.readable(call, version_uid)
        refuse_recalled(call, Content(version.tree, entry.sha256, version))
        return blob, entry.path, window_of(call, version.id)

    blob, name, window = await edge.read(find, brief=True)
    if not edge.reads.is_open(window):
        await edge.command(lambda call: open_window(call, window))
        edge.reads.opened(window)
    subject = Subject("version", version_uid)
    return opening(edge, blob, name, subject, lambda sent: edge.reads.count(window, sent))


async def open_revision_file(edge: Edge, asset_uid: str, revision: str, path: str) -> OpenFile:
    """A file of a revision, when the caller may read its bytes; where it is a version's, the read is counted so."""

    def find(call: Call) -> tuple[Blob, str, str | None]:
        asset, found = locate.content_of(call, asset_uid, revision)
        entry, blob = trees.file_in(call, trees.load_root(call, found.tree), path)
        version = call.tx.versions.by_revision(asset.id, found.digest)
        refuse_recalled(call, Content(found.tree, entry.sha256, version))
        return blob, entry.path, version.uid if version else None

    blob, name, version_uid = await edge.read(find)
    if version_uid is not None:
        return await open_version_file(edge, version_uid, path)
    return opening(edge, blob, name, Subject("asset", asset_uid), lambda _sent: None)


async def open_folder_file(edge: Edge, kind: str, uid: str, path: str) -> OpenFile:
    """A file of the folder of a run, logged model or draft."""

    def find(call: Call) -> tuple[FolderEntry, Blob]:
        owner, entry, blob = folders.file_of(call, kind, uid, path)
        refuse_recalled(call, Content(sha256=blob.sha256, owner=owner))
        return entry, blob

    entry, blob = await edge.read(find, brief=True)
    return opening(edge, blob, entry.path, Subject("version" if kind == "draft" else kind, uid), lambda _sent: None)


async def read_whole(edge: Edge, version_uid: str, path: str, largest: int) -> bytes:
    """A small file of a version, checked like any other read and counted for audit.

    :raises TooLarge: it is larger than expected.
    """
    found = await open_version_file(edge, version_uid, path)
    if found.blob.size > largest:
        raise TooLarge(f"The file has more than {largest} bytes.", limit=largest)
    try:
        body = b"".join([chunk async for chunk in edge.store.read(found.blob)])
    except Corrupted as error:
        await found.damaged(error)
        raise
    found.counted(len(body))
    return body


def opening(edge: Edge, blob: Blob, path: str, subject: Subject, counted: Callable[[int], None]) -> OpenFile:
    """A file that the caller may read. :param counted: what is told how many of its bytes went out."""

    async def damaged(error: Corrupted) -> None:
        details: dict[str, Json] = {"blob": blob.sha256, "block": int(str(error.details.get("block", 0)))}

        def note(call: Call) -> None:
            call.record("blob.corrupted", subject, details)
            mark_read(call.tx, stored(blob), error)

        await edge.command(note)

    return OpenFile(stored(blob), path.rpartition("/")[2], counted, damaged)

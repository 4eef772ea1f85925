"""Folders of runs, logged models and drafts, and the bytes that go into them."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.artifacts import folders, reading, uploads
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.dialects.native.framing import MEDIA_TYPE, parse_frames
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.wire import ByUid, Paged, Path, Sha256, Size, Uid
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

ENTRIES_BODY = 16 * 1024 * 1024


class Folder(Struct, frozen=True, kw_only=True):
    """The folder of a run, logged model, trace or draft. `kind` is `run`, `logged_model`, `trace` or `draft`."""

    kind: str
    uid: Uid


class ListFolder(Paged, frozen=True, kw_only=True):
    """What lies in a directory of a folder."""

    kind: str
    uid: Uid
    path: Path = ""
    recursive: bool = False


class FolderFile(Folder, frozen=True, kw_only=True):
    """One file of a folder."""

    path: Path


class PutFile(FolderFile, frozen=True, kw_only=True):
    """One file to write; `sha256` is checked when given."""

    sha256: Sha256 | None = None


class Missing(Struct, frozen=True, kw_only=True):
    """Digests to ask for, and versions that the caller may read and builds on."""

    digests: Annotated[list[Sha256], Meta(max_length=10_000)]
    bases: Annotated[list[Uid], Meta(max_length=20)] = []


class MissingAnswer(Struct, frozen=True, kw_only=True):
    """Digests whose bytes must be sent."""

    missing: list[str]


class Entry(Struct, frozen=True, kw_only=True):
    """A path to write: a file by digest, or a reference to elsewhere."""

    path: Path
    sha256: Sha256 | None = None
    size: Size | None = None
    uri: Annotated[str, Meta(max_length=4096)] | None = None
    pin: Annotated[str, Meta(max_length=512)] | None = None
    media_type: Annotated[str, Meta(max_length=255)] | None = None


class PutEntries(Struct, frozen=True, kw_only=True):
    """Paths to write, replacing those that exist, all or none."""

    entries: Annotated[list[Entry], Meta(min_length=1, max_length=10_000)]
    bases: Annotated[list[Uid], Meta(max_length=20)] = []


class Generation(Struct, frozen=True, kw_only=True):
    """How often the folder was changed."""

    generation: int


class BlobAnswer(Struct, frozen=True, kw_only=True):
    """Bytes that the store holds durably."""

    sha256: str
    size: int


class SmallAnswer(Struct, frozen=True, kw_only=True):
    """How many blobs were taken in."""

    blobs: int


class BeginUpload(Struct, frozen=True, kw_only=True):
    """A file that will come in parts."""

    sha256: Sha256
    size: Size


class Part(Struct, frozen=True, kw_only=True):
    """One part of an upload, from 1; `sha256` is of the part's own bytes."""

    uid: Uid
    number: Annotated[int, Meta(ge=1, le=100_000)]
    sha256: Sha256


@read(
    "folder.list",
    "/folders/{kind}/{uid}/files",
    Permission.FOLDER_READ,
    "What lies in a directory of a folder",
    params=ListFolder,
    answer=Page[EntryView],
)
def list_folder(call: Call, request: Request[ListFolder, Any]) -> Page[EntryView]:
    p = request.params
    return folders.listed(call, p.kind, p.uid, p.path, p.page(), recursive=p.recursive)


@command(
    "folder.put",
    "POST",
    "/folders/{kind}/{uid}/entries",
    Permission.FOLDER_WRITE,
    "Write paths by digest or reference, all or none",
    params=Folder,
    body=PutEntries,
    answer=Generation,
    body_largest=ENTRIES_BODY,
)
def put_entries(call: Call, request: Request[Folder, PutEntries]) -> Generation:
    entries = [folders.PutEntry(**structs.asdict(entry)) for entry in request.body.entries]
    p = request.params
    return Generation(generation=folders.put(call, p.kind, p.uid, entries, request.body.bases))


@flow(
    "folder.upload",
    "PUT",
    "/folders/{kind}/{uid}/files/{path:path}",
    Permission.FOLDER_WRITE,
    "Write one file with its bytes",
    params=PutFile,
    raw_body="application/octet-stream",
    answer=BlobAnswer,
)
async def put_file(edge: Edge, request: Request[PutFile, Any]) -> BlobAnswer:
    p = request.params
    if request.chunks is None:
        raise Invalid("Send the bytes of the file.")
    stored = await uploads.put_file(
        edge,
        p.kind,
        p.uid,
        p.path,
        request.chunks,
        expect_sha256=p.sha256,
        expect_size=request.size,
        media_type=request.media_type,
    )
    return BlobAnswer(sha256=stored.sha256, size=stored.size)


@flow(
    "folder.download",
    "GET",
    "/folders/{kind}/{uid}/files/{path:path}",
    Permission.FOLDER_READ,
    "The bytes of a file of a folder; Range is honoured",
    params=FolderFile,
    raw_answer="application/octet-stream",
)
async def get_file(edge: Edge, request: Request[FolderFile, Any]) -> OpenFile:
    p = request.params
    return await reading.open_folder_file(edge, p.kind, p.uid, p.path)


@command(
    "folder.remove",
    "DELETE",
    "/folders/{kind}/{uid}/files/{path:path}",
    Permission.FOLDER_WRITE,
    "Remove a file, or everything below a directory",
    params=FolderFile,
)
def remove_file(call: Call, request: Request[FolderFile, Any]) -> None:
    folders.remove(call, request.params.kind, request.params.uid, request.params.path)


@read(
    "blob.missing",
    "/folders/{kind}/{uid}/missing",
    Permission.FOLDER_WRITE,
    "Which of these digests must be sent",
    method="POST",
    params=Folder,
    body=Missing,
    answer=MissingAnswer,
)
def missing(call: Call, request: Request[Folder, Missing]) -> MissingAnswer:
    p, body = request.params, request.body
    return MissingAnswer(missing=folders.missing(call, p.kind, p.uid, body.digests, body.bases))


@flow(
    "blob.send",
    "POST",
    "/folders/{kind}/{uid}/blobs",
    Permission.FOLDER_WRITE,
    "Send many small blobs in one body of frames",
    params=Folder,
    body=bytes,
    raw_body=MEDIA_TYPE,
    answer=SmallAnswer,
    body_largest=uploads.SMALL_BYTES_MOST + 64 * 1024,
)
async def send_blobs(edge: Edge, request: Request[Folder, bytes]) -> SmallAnswer:
    blobs = list(parse_frames(request.body, largest=uploads.SMALL_BLOB_LARGEST))
    count = await uploads.put_small(edge, request.params.kind, request.params.uid, blobs)
    return SmallAnswer(blobs=count)


@flow(
    "upload.begin",
    "POST",
    "/folders/{kind}/{uid}/uploads",
    Permission.FOLDER_WRITE,
    "Begin or resume an upload in parts",
    params=Folder,
    body=BeginUpload,
    answer=uploads.UploadView,
    status=201,
)
async def begin_upload(edge: Edge, request: Request[Folder, BeginUpload]) -> uploads.UploadView:
    p, body = request.params, request.body
    return await uploads.begin(edge, p.kind, p.uid, body.sha256, body.size)


@read(
    "upload.get",
    "/uploads/{uid}",
    Permission.SELF,
    "One upload of yours, with the parts that are here",
    params=ByUid,
    answer=uploads.UploadView,
)
def get_upload(call: Call, request: Request[ByUid, Any]) -> uploads.UploadView:
    return uploads.get(call, request.params.uid)


@flow(
    "upload.part",
    "PUT",
    "/uploads/{uid}/parts/{number}",
    Permission.SELF,
    "Send one part",
    params=Part,
    raw_body="application/octet-stream",
    answer=BlobAnswer,
)
async def put_part(edge: Edge, request: Request[Part, Any]) -> BlobAnswer:
    p = request.params
    if request.chunks is None:
        raise Invalid("Send the bytes of the part.")
    part = await uploads.put_part(edge, p.uid, p.number, p.sha256, request.chunks)
    return BlobAnswer(sha256=part.sha256, size=part.size)


@flow(
    "upload.complete",
    "POST",
    "/uploads/{uid}/complete",
    Permission.SELF,
    "Join the parts and verify the whole",
    params=ByUid,
    answer=BlobAnswer,
)
async def complete_upload(edge: Edge, request: Request[ByUid, Any]) -> BlobAnswer:
    stored = await uploads.complete(edge, request.params.uid)
    return BlobAnswer(sha256=stored.sha256, size=stored.size)


@flow("upload.abort", "DELETE", "/uploads/{uid}", Permission.SELF, "End an upload and drop its parts", params=ByUid)
async def abort_upload(edge: Edge, request: Request[ByUid, Any]) -> None:
    await uploads.abort(edge, request.params.uid)


OPERATIONS = (
    list_folder,
    put_entries,
    put_file,
    get_file,
    remove_file,
    missing,
    send_blobs,
    begin_upload,
    get_upload,
    put_part,
    complete_upload,
    abort_upload,
)

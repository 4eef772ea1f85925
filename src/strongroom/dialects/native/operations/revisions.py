"""Revisions: listed, read, related to each other, published."""

from typing import Any

from msgspec import structs

from strongroom.application.artifacts import reading
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.registry import history
from strongroom.application.registry.history import Relation
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import RevisionView, VersionView
from strongroom.dialects.native.operation import Request, Struct, flow, read
from strongroom.dialects.native.operations.refs import Revision
from strongroom.dialects.native.operations.versions import Publish
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Path, Uid
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission


class ListRevisions(PagedByUid, frozen=True, kw_only=True):
    """What a revision came from, itself first."""

    revision: Revision = ""
    first_parent: bool = False


class RevisionOf(Struct, frozen=True, kw_only=True):
    """One revision of an asset."""

    uid: Uid
    revision: Revision = ""


class Related(Struct, frozen=True, kw_only=True):
    """Two revisions of an asset."""

    uid: Uid
    before: Revision = ""
    after: Revision = ""


class FilesOf(Paged, frozen=True, kw_only=True):
    """What lies in a directory of a revision."""

    uid: Uid
    revision: Revision = ""
    path: Path = ""
    recursive: bool = False


class FileAt(RevisionOf, frozen=True, kw_only=True):
    """One file of a revision."""

    path: Path


class PublishBody(Publish, frozen=True, kw_only=True):
    """What is said of the version that a revision becomes."""

    revision: Revision = ""


@read(
    "revision.list",
    "/assets/{uid}/revisions",
    Permission.ASSET_READ,
    "History: a revision and what it came from, newest first",
    params=ListRevisions,
    answer=Page[RevisionView],
)
def list_revisions(call: Call, request: Request[ListRevisions, Any]) -> Page[RevisionView]:
    p = request.params
    return history.listed(call, p.uid, p.revision, p.page(), first_parent=p.first_parent)


@read(
    "revision.get",
    "/assets/{uid}/revision",
    Permission.ASSET_READ,
    "One revision",
    params=RevisionOf,
    answer=RevisionView,
)
def get_revision(call: Call, request: Request[RevisionOf, Any]) -> RevisionView:
    return history.get(call, request.params.uid, request.params.revision)


@read(
    "revision.compare",
    "/assets/{uid}/relation",
    Permission.ASSET_READ,
    "Where two revisions parted, and how far they are ahead of each other",
    params=Related,
    answer=Relation,
)
def compare(call: Call, request: Request[Related, Any]) -> Relation:
    return history.compare(call, request.params.uid, request.params.before, request.params.after)


@read(
    "revision.files",
    "/assets/{uid}/files",
    Permission.VERSION_BYTES,
    "What lies in a directory of a revision",
    params=FilesOf,
    answer=Page[EntryView],
)
def list_files(call: Call, request: Request[FilesOf, Any]) -> Page[EntryView]:
    p = request.params
    return history.files(call, p.uid, p.revision, p.path, p.page(), recursive=p.recursive)


@flow(
    "revision.file",
    "GET",
    "/assets/{uid}/files/{path:path}",
    Permission.VERSION_BYTES,
    "The bytes of a file of a revision; Range is honoured",
    params=FileAt,
    raw_answer="application/octet-stream",
)
async def get_file(edge: Edge, request: Request[FileAt, Any]) -> OpenFile:
    p = request.params
    return await reading.open_revision_file(edge, p.uid, p.revision, p.path)


@flow(
    "revision.publish",
    "POST",
    "/assets/{uid}/publish",
    Permission.VERSION_REGISTER,
    "Make a version of a revision",
    params=ByUid,
    body=PublishBody,
    answer=VersionView,
    status=201,
)
async def publish(edge: Edge, request: Request[ByUid, PublishBody]) -> VersionView:
    fields = structs.asdict(request.body)
    revision = fields.pop("revision")
    if fields["parents"] or fields["message"]:
        raise Invalid("A revision has its parents and its message; a version of it gets no others.")
    return await history.publish(edge, request.params.uid, revision, PublishDetails(**fields))


OPERATIONS = (list_revisions, get_revision, compare, list_files, get_file, publish)

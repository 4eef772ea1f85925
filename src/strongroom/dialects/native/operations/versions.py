"""Versions: published from drafts or runs, read, compared, staged, deleted."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.artifacts import reading, trees
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.registry import publishing, purging, sources, stages, versions
from strongroom.application.registry.views import StageView, VersionView
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.operations.assets import Purge, Scalar, VersionDeletion
from strongroom.dialects.native.operations.imports import ImportedBody, claimed, keep
from strongroom.dialects.native.wire import ByUid, Name, Paged, PagedByUid, Path, Uid
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class ListVersions(PagedByUid, frozen=True, kw_only=True):
    """Which versions of an asset to list. `tag` is `key` or `key=value`."""

    state: str = "active"
    stage: Name | None = None
    tag: Annotated[str, Meta(max_length=6000)] | None = None


class UpdateVersion(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays."""

    description: str | None = None
    signature: dict[str, Any] | None = None


class CreateDraft(Struct, frozen=True, kw_only=True):
    """A version in the making. `life_s` is seconds until it expires (7 days)."""

    label: Name | None = None
    life_s: Annotated[int, Meta(ge=1, le=30 * 24 * 3600)] | None = None


class Publish(Struct, frozen=True, kw_only=True):
    """What is said of a version as it is published.

    `origin` is the address of its content as it was named elsewhere.
    """

    description: str = ""
    label: Name | None = None
    number: Number | None = None
    message: str = ""
    parents: Annotated[list[str], Meta(max_length=64)] = []
    tags: dict[str, str | None] = {}
    properties: dict[str, Scalar] = {}
    signature: dict[str, Any] = {}
    aliases: Annotated[list[Name], Meta(max_length=100)] = []
    run_uid: Uid | None = None
    base_uids: Annotated[list[Uid], Meta(max_length=20)] = []
    origin: Annotated[str, Meta(max_length=versions.ORIGIN_LONGEST)] | None = None


class PublishNew(Publish, frozen=True, kw_only=True):
    """What is said of a version whose content comes with it. `imported` says where it came from."""

    imported: ImportedBody | None = None


class Register(PublishNew, frozen=True, kw_only=True):
    """Publish what lies at or below a path (everything when empty) of a run's folder, or of a logged model's.

    `uri` publishes an address elsewhere instead, unpinned: nothing says what lies there tomorrow.
    """

    logged_model_uid: Uid | None = None
    path: Path = ""
    uri: Annotated[str, Meta(max_length=4096)] | None = None


class SetStage(Struct, frozen=True, kw_only=True):
    """Where a version stands from now on; `move_others` archives those that stand there."""

    stage: Name
    note: str = ""
    move_others: bool = False


class ListFiles(Paged, frozen=True, kw_only=True):
    """What lies in a directory of a version."""

    uid: Uid
    path: Path = ""
    recursive: bool = False


class FileOf(Struct, frozen=True, kw_only=True):
    """One file of a version."""

    uid: Uid
    path: Path


class Compare(Struct, frozen=True, kw_only=True):
    """Two versions."""

    uid: Uid
    other: Uid


def _details(body: PublishNew) -> publishing.PublishDetails:
    said = {name: value for name, value in structs.asdict(body).items() if name not in {"path", "uri", "imported"}}
    return publishing.PublishDetails(**said, claimed_at=claimed(body.imported))


def _kept(body: PublishNew) -> publishing.After:
    return lambda call, uid: keep(call, "version", uid, body.imported)


@read(
    "version.list",
    "/assets/{uid}/versions",
    Permission.ASSET_READ,
    "Versions of an asset, newest first",
    params=ListVersions,
    answer=Page[VersionView],
)
def list_versions(call: Call, request: Request[ListVersions, Any]) -> Page[VersionView]:
    p = request.params
    return versions.listed(call, p.uid, versions.ListVersions(p.state, p.stage, p.tag), p.page())


@flow(
    "version.register",
    "POST",
    "/assets/{uid}/versions",
    Permission.VERSION_REGISTER,
    "Publish a version from the files of a run or logged model, frozen at this moment, or of an address elsewhere",
    params=ByUid,
    body=Register,
    answer=VersionView,
    status=201,
)
async def register(edge: Edge, request: Request[ByUid, Register]) -> VersionView:
    uid, body = request.params.uid, request.body
    if body.uri is not None:
        if body.logged_model_uid is not None or body.path:
            raise Invalid("A version is of an address or of files, not of both.")
        return await sources.register_mount(edge, uid, body.uri, _details(body), _kept(body))
    if body.logged_model_uid is not None:
        return await publishing.register_logged_model(
            edge, uid, body.logged_model_uid, body.path, _details(body), _kept(body)
        )
    if body.run_uid is None:
        raise Invalid("Name the run or the logged model whose files are to be published, or an address elsewhere.")
    return await publishing.register(edge, uid, body.run_uid, body.path, _details(body), _kept(body))


@command(
    "draft.create",
    "POST",
    "/assets/{uid}/drafts",
    Permission.VERSION_REGISTER,
    "Begin a version: a folder to fill and seal",
    params=ByUid,
    body=CreateDraft,
    answer=VersionView,
    status=201,
)
def create_draft(call: Call, request: Request[ByUid, CreateDraft]) -> VersionView:
    return publishing.create_draft(call, request.params.uid, request.body.label, request.body.life_s)


@flow(
    "draft.seal",
    "POST",
    "/drafts/{uid}/seal",
    Permission.VERSION_REGISTER,
    "Make a draft a version",
    params=ByUid,
    body=PublishNew,
    answer=VersionView,
    status=201,
)
async def seal(edge: Edge, request: Request[ByUid, PublishNew]) -> VersionView:
    return await publishing.seal(edge, request.params.uid, _details(request.body), _kept(request.body))


@command(
    "draft.abort", "DELETE", "/drafts/{uid}", Permission.VERSION_REGISTER, "End a draft without a version", params=ByUid
)
def abort_draft(call: Call, request: Request[ByUid, Any]) -> None:
    publishing.abort_draft(call, request.params.uid)


@read(
    "version.get",
    "/versions/{uid}",
    Permission.ASSET_READ,
    "One version, draft or tombstone",
    params=ByUid,
    answer=VersionView,
)
def get_version(call: Call, request: Request[ByUid, Any]) -> VersionView:
    return versions.get(call, request.params.uid)


@command(
    "version.update",
    "PATCH",
    "/versions/{uid}",
    Permission.VERSION_EDIT,
    "Change what is said of a version",
    params=ByUid,
    body=UpdateVersion,
    answer=VersionView,
)
def update_version(call: Call, request: Request[ByUid, UpdateVersion]) -> VersionView:
    changes = versions.UpdateVersion(request.body.description, request.body.signature)
    return versions.update(call, request.params.uid, changes, request.etag)


@command(
    "version.archive",
    "POST",
    "/versions/{uid}/archive",
    Permission.VERSION_EDIT,
    "Hide a version from default lists",
    params=ByUid,
    answer=VersionView,
)
def archive_version(call: Call, request: Request[ByUid, Any]) -> VersionView:
    return versions.archive(call, request.params.uid, archived=True, etag=request.etag)


@command(
    "version.unarchive",
    "POST",
    "/versions/{uid}/unarchive",
    Permission.VERSION_EDIT,
    "Show a version again",
    params=ByUid,
    answer=VersionView,
)
def unarchive_version(call: Call, request: Request[ByUid, Any]) -> VersionView:
    return versions.archive(call, request.params.uid, archived=False, etag=request.etag)


@command(
    "version.delete",
    "DELETE",
    "/versions/{uid}",
    Permission.VERSION_DELETE,
    "Move a version to the trash",
    params=VersionDeletion,
    answer=VersionView,
)
def delete_version(call: Call, request: Request[VersionDeletion, Any]) -> VersionView:
    p = request.params
    return versions.delete(
        call, p.uid, release_aliases=p.release_aliases, release_links=p.release_links, etag=request.etag
    )


@command(
    "version.restore",
    "POST",
    "/versions/{uid}/restore",
    Permission.VERSION_DELETE,
    "Take a version out of the trash",
    params=ByUid,
    answer=VersionView,
)
def restore_version(call: Call, request: Request[ByUid, Any]) -> VersionView:
    return versions.restore(call, request.params.uid)


@command(
    "version.purge",
    "POST",
    "/versions/{uid}/purge",
    Permission.ASSET_PURGE,
    "Remove a trashed version for good; its tombstone stays",
    params=ByUid,
    body=Purge,
    answer=VersionView,
)
def purge_version(call: Call, request: Request[ByUid, Purge]) -> VersionView:
    return purging.purge(call, request.params.uid, request.body.reason)


@command(
    "stage.set",
    "PUT",
    "/versions/{uid}/stage",
    Permission.STAGE_SET,
    "Place a version at a stage",
    params=ByUid,
    body=SetStage,
    answer=VersionView,
)
def set_stage(call: Call, request: Request[ByUid, SetStage]) -> VersionView:
    body = request.body
    return stages.place(
        call, request.params.uid, body.stage, body.note, move_others=body.move_others, etag=request.etag
    )


@read(
    "stage.history",
    "/versions/{uid}/stage-history",
    Permission.ASSET_READ,
    "Every stage a version ever stood at, newest first",
    params=ByUid,
    answer=list[StageView],
)
def stage_history(call: Call, request: Request[ByUid, Any]) -> list[StageView]:
    return stages.history(call, request.params.uid)


@read(
    "file.list",
    "/versions/{uid}/files",
    Permission.VERSION_BYTES,
    "What lies in a directory of a version",
    params=ListFiles,
    answer=Page[EntryView],
)
def list_files(call: Call, request: Request[ListFiles, Any]) -> Page[EntryView]:
    p = request.params
    return trees.listed(call, p.uid, p.path, p.page(), recursive=p.recursive)


@flow(
    "file.get",
    "GET",
    "/versions/{uid}/files/{path:path}",
    Permission.VERSION_BYTES,
    "The bytes of a file of a version; Range is honoured",
    params=FileOf,
    raw_answer="application/octet-stream",
)
async def get_file(edge: Edge, request: Request[FileOf, Any]) -> OpenFile:
    return await reading.open_version_file(edge, request.params.uid, request.params.path)


OPERATIONS = (
    list_versions,
    register,
    create_draft,
    seal,
    abort_draft,
    get_version,
    update_version,
    archive_version,
    unarchive_version,
    delete_version,
    restore_version,
    purge_version,
    set_stage,
    stage_history,
    list_files,
    get_file,
)

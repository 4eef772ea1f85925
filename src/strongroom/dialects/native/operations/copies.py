"""Versions compared, copied to other assets and workspaces, and what they refer to elsewhere looked at."""

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, field, structs

from strongroom.application.artifacts import references
from strongroom.application.artifacts.references import ReferenceView
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.registry import comparing, copying, links
from strongroom.application.registry.comparing import DiffView
from strongroom.application.registry.copying import OriginView
from strongroom.application.registry.views import VersionView
from strongroom.dialects.native.operation import Request, Struct, flow, read
from strongroom.dialects.native.operations.revisions import Related
from strongroom.dialects.native.operations.versions import Compare
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Path, Uid
from strongroom.domain.identity.roles import Permission

Kept = Literal["tags", "properties", "description", "signature", "card", "evaluations"]


class CopyBody(Struct, frozen=True, kw_only=True):
    """Where a version is copied to, and what goes along. `workspace` is a slug; left out, it stays in this one."""

    name: Name
    namespace: Path = ""
    workspace: Name | None = None
    create: bool = True
    keep: Annotated[list[Kept], Meta(max_length=6)] = field(default_factory=lambda: list(get_args(Kept)))
    label: Name | None = None
    aliases: Annotated[list[Name], Meta(max_length=100)] = []


@flow(
    "version.diff",
    "GET",
    "/versions/{uid}/diff/{other}",
    Permission.VERSION_BYTES,
    "What differs between two versions: files, card, params and metrics of their runs",
    params=Compare,
    answer=DiffView,
)
async def diff(edge: Edge, request: Request[Compare, Any]) -> DiffView:
    return await comparing.of_versions(edge, request.params.uid, request.params.other)


@flow(
    "revision.diff",
    "GET",
    "/assets/{uid}/diff",
    Permission.VERSION_BYTES,
    "What differs between two revisions: files, card, params and metrics of their runs",
    params=Related,
    answer=DiffView,
)
async def diff_revisions(edge: Edge, request: Request[Related, Any]) -> DiffView:
    p = request.params
    return await comparing.of_revisions(edge, p.uid, p.before, p.after)


@flow(
    "version.copy",
    "POST",
    "/versions/{uid}/copy",
    Permission.VERSION_REGISTER,
    "Copy a version to another asset or workspace; no bytes move",
    params=ByUid,
    body=CopyBody,
    answer=VersionView,
    status=201,
)
async def copy(edge: Edge, request: Request[ByUid, CopyBody]) -> VersionView:
    return await copying.copy(edge, request.params.uid, copying.CopyVersion(**structs.asdict(request.body)))


class LinkBody(Struct, frozen=True, kw_only=True):
    """The asset that a version is linked in, and the aliases there that then point at the link."""

    asset_uid: Uid
    aliases: Annotated[list[Name], Meta(max_length=100)] = []


@flow(
    "version.link",
    "POST",
    "/versions/{uid}/links",
    Permission.ASSET_SHARE,
    "Link a version in another asset, whose readers then read it there; needs the right to share it",
    params=ByUid,
    body=LinkBody,
    answer=VersionView,
    status=201,
)
async def link(edge: Edge, request: Request[ByUid, LinkBody]) -> VersionView:
    return await links.link(edge, request.params.uid, links.LinkVersion(**structs.asdict(request.body)))


@read(
    "version.links",
    "/versions/{uid}/links",
    Permission.ASSET_READ,
    "The links that show a version, as far as you may see them",
    params=PagedByUid,
    answer=Page[VersionView],
)
def list_links(call: Call, request: Request[PagedByUid, Any]) -> Page[VersionView]:
    return links.listed(call, request.params.uid, request.params.page())


@read(
    "version.origin",
    "/versions/{uid}/origin",
    Permission.LINEAGE_READ,
    "Where a copied version came from",
    params=ByUid,
    answer=OriginView,
)
def origin(call: Call, request: Request[ByUid, Any]) -> OriginView:
    return copying.origin(call, request.params.uid)


@flow(
    "version.verify_references",
    "GET",
    "/versions/{uid}/references",
    Permission.VERSION_BYTES,
    "Look at what a version refers to elsewhere: ok, drifted, unreachable, unpinned or unknown",
    params=PagedByUid,
    answer=Page[ReferenceView],
)
async def verify_references(edge: Edge, request: Request[PagedByUid, Any]) -> Page[ReferenceView]:
    return await references.verify(edge, request.params.uid, request.params.page())


OPERATIONS = (diff, diff_revisions, copy, link, list_links, origin, verify_references)

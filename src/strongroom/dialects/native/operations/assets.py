"""Assets, and references to them."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import assets, locate
from strongroom.application.registry.views import AssetView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.imports import ImportedBody, claimed, keep
from strongroom.dialects.native.wire import ByUid, Name, Paged, Path, Time, Uid, time_us
from strongroom.domain.identity.roles import Permission

Scalar = str | int | float | bool | None


class ListAssets(Paged, frozen=True, kw_only=True):
    """Which assets to list. `tag` is `key` or `key=value`."""

    kind: Name | None = None
    namespace: Path | None = None
    name_prefix: Name | None = None
    tag: Annotated[str, Meta(max_length=6000)] | None = None
    state: str = "active"


class CreateAsset(Struct, frozen=True, kw_only=True):
    """A new asset; missing namespaces are made. `imported` says where it came from.

    Versions without a number of their own begin with `first_number`: those before were issued elsewhere.
    """

    kind: Name
    name: Name
    namespace: Path = ""
    type: str = ""
    display_name: str = ""
    description: str = ""
    card: str = ""
    visibility: str = "workspace"
    tags: dict[str, str | None] = {}
    properties: dict[str, Scalar] = {}
    first_number: Annotated[int, Meta(ge=1, le=2**53 - 1)] = 1
    imported: ImportedBody | None = None


class UpdateAsset(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays."""

    display_name: str | None = None
    description: str | None = None
    card: str | None = None
    type: str | None = None
    visibility: str | None = None
    gated: str | None = None


class RenameAsset(Struct, frozen=True, kw_only=True):
    """A new name, namespace or both."""

    name: Name | None = None
    namespace: Path | None = None


class Deletion(Struct, frozen=True, kw_only=True):
    """One object, and whether aliases may go with it."""

    uid: Uid
    release_aliases: bool = False


class VersionDeletion(Deletion, frozen=True, kw_only=True):
    """One version, and whether aliases and the links that show it may go with it."""

    release_links: bool = False


class Purge(Struct, frozen=True, kw_only=True):
    """Why it goes for good."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


class Resolve(Struct, frozen=True, kw_only=True):
    """A reference such as `prod/churn@champion`, `churn:3` or `churn`; for an alias also as of a time."""

    reference: Annotated[str, Meta(min_length=1, max_length=8192)]
    kind: Name | None = None
    at: Time | None = None


@read(
    "asset.list",
    "/assets",
    Permission.ASSET_READ,
    "Assets that you may see, newest first",
    params=ListAssets,
    answer=Page[AssetView],
)
def list_assets(call: Call, request: Request[ListAssets, Any]) -> Page[AssetView]:
    p = request.params
    return assets.listed(call, assets.ListAssets(p.kind, p.namespace, p.name_prefix, p.tag, p.state), p.page())


@command(
    "asset.create",
    "POST",
    "/assets",
    Permission.ASSET_CREATE,
    "Create an asset",
    body=CreateAsset,
    answer=AssetView,
    status=201,
)
def create_asset(call: Call, request: Request[Any, CreateAsset]) -> AssetView:
    b = request.body
    said = {name: value for name, value in structs.asdict(b).items() if name != "imported"}
    view = assets.create(call, assets.CreateAsset(**said, claimed_at=claimed(b.imported)))
    keep(call, "asset", view.uid, b.imported)
    return view


@read(
    "asset.resolve",
    "/resolve",
    Permission.ASSET_READ,
    "What a reference means",
    params=Resolve,
    answer=locate.Located,
    brief=True,
)
def resolve(call: Call, request: Request[Resolve, Any]) -> locate.Located:
    p = request.params
    return locate.resolve(call, p.reference, p.kind, time_us(p.at))


@read("asset.get", "/assets/{uid}", Permission.ASSET_READ, "One asset", params=ByUid, answer=AssetView, brief=True)
def get_asset(call: Call, request: Request[ByUid, Any]) -> AssetView:
    return assets.get(call, request.params.uid)


@command(
    "asset.update",
    "PATCH",
    "/assets/{uid}",
    Permission.ASSET_EDIT,
    "Change what is said of an asset",
    params=ByUid,
    body=UpdateAsset,
    answer=AssetView,
)
def update_asset(call: Call, request: Request[ByUid, UpdateAsset]) -> AssetView:
    changes = assets.UpdateAsset(**structs.asdict(request.body))
    return assets.update(call, request.params.uid, changes, request.etag)


@command(
    "asset.rename",
    "POST",
    "/assets/{uid}/rename",
    Permission.ASSET_RENAME,
    "Rename or move an asset; the old name leads to it",
    params=ByUid,
    body=RenameAsset,
    answer=AssetView,
)
def rename_asset(call: Call, request: Request[ByUid, RenameAsset]) -> AssetView:
    return assets.rename(call, request.params.uid, request.body.namespace, request.body.name, request.etag)


@command(
    "asset.archive",
    "POST",
    "/assets/{uid}/archive",
    Permission.ASSET_DELETE,
    "Hide an asset from default lists",
    params=ByUid,
    answer=AssetView,
)
def archive_asset(call: Call, request: Request[ByUid, Any]) -> AssetView:
    return assets.archive(call, request.params.uid, archived=True, etag=request.etag)


@command(
    "asset.unarchive",
    "POST",
    "/assets/{uid}/unarchive",
    Permission.ASSET_DELETE,
    "Show an asset again",
    params=ByUid,
    answer=AssetView,
)
def unarchive_asset(call: Call, request: Request[ByUid, Any]) -> AssetView:
    return assets.archive(call, request.params.uid, archived=False, etag=request.etag)


@command(
    "asset.delete",
    "DELETE",
    "/assets/{uid}",
    Permission.ASSET_DELETE,
    "Move an asset to the trash",
    params=Deletion,
    answer=AssetView,
)
def delete_asset(call: Call, request: Request[Deletion, Any]) -> AssetView:
    p = request.params
    return assets.delete(call, p.uid, release_aliases=p.release_aliases, etag=request.etag)


@command(
    "asset.restore",
    "POST",
    "/assets/{uid}/restore",
    Permission.ASSET_DELETE,
    "Take an asset out of the trash",
    params=ByUid,
    answer=AssetView,
)
def restore_asset(call: Call, request: Request[ByUid, Any]) -> AssetView:
    return assets.restore(call, request.params.uid)


@command(
    "asset.purge",
    "POST",
    "/assets/{uid}/purge",
    Permission.ASSET_PURGE,
    "Remove a trashed asset for good; its tombstone stays",
    params=ByUid,
    body=Purge,
    answer=AssetView,
)
def purge_asset(call: Call, request: Request[ByUid, Purge]) -> AssetView:
    return assets.purge(call, request.params.uid, request.body.reason)


OPERATIONS = (
    list_assets,
    create_asset,
    resolve,
    get_asset,
    update_asset,
    rename_asset,
    archive_asset,
    unarchive_asset,
    delete_asset,
    restore_asset,
    purge_asset,
)

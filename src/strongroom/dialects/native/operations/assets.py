"""Assets, their aliases, tags and properties, and references to them."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import aliases, assets, locate, tags
from strongroom.application.registry.views import AliasView, AssetView, TagView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Name, Paged, PagedByUid, Path, Time, Uid, time_us
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
    """A new asset; missing namespaces are made."""

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


class UpdateAsset(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays."""

    display_name: str | None = None
    description: str | None = None
    card: str | None = None
    type: str | None = None
    visibility: str | None = None


class RenameAsset(Struct, frozen=True, kw_only=True):
    """A new name, namespace or both."""

    name: Name | None = None
    namespace: Path | None = None


class Deletion(Struct, frozen=True, kw_only=True):
    """One object, and whether aliases may go with it."""

    uid: Uid
    release_aliases: bool = False


class Purge(Struct, frozen=True, kw_only=True):
    """Why it goes for good."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


class AliasesAt(Struct, frozen=True, kw_only=True):
    """Aliases of an asset, now or at a time."""

    uid: Uid
    at: Time | None = None


class AliasOf(Struct, frozen=True, kw_only=True):
    """One alias of an asset."""

    uid: Uid
    name: Name


class AliasAt(AliasOf, frozen=True, kw_only=True):
    """One alias, now or at a time."""

    at: Time | None = None


class SetAlias(Struct, frozen=True, kw_only=True):
    """The version that an alias points at from now on."""

    version_uid: Uid


class AliasChange(Struct, frozen=True, kw_only=True):
    """One alias of a batch: `version_uid` null removes it; `etag` compares, 0 means that it must not exist."""

    name: Name
    version_uid: Uid | None = None
    etag: Annotated[int, Meta(ge=0)] | None = None


class AliasChanges(Struct, frozen=True, kw_only=True):
    """Several aliases, changed all or none."""

    changes: Annotated[list[AliasChange], Meta(min_length=1, max_length=100)]


class AliasHistory(PagedByUid, frozen=True, kw_only=True):
    """History of one alias, or of all."""

    name: Name | None = None


class Owner(Struct, frozen=True, kw_only=True):
    """What tags and properties are on: an asset or a version."""

    kind: str
    uid: Uid


class OwnerAt(Owner, frozen=True, kw_only=True):
    """The same, at a time."""

    at: Time | None = None


class SetTags(Struct, frozen=True, kw_only=True):
    """Tags to set; a null value is a bare word."""

    tags: dict[str, str | None]


class RemoveTags(Struct, frozen=True, kw_only=True):
    """Tag keys to remove."""

    keys: Annotated[list[str], Meta(max_length=200)]


class SetProperties(Struct, frozen=True, kw_only=True):
    """Typed properties to set; a null removes its key."""

    properties: dict[str, Scalar]


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
    return assets.create(call, assets.CreateAsset(**structs.asdict(request.body)))


@read(
    "asset.resolve", "/resolve", Permission.ASSET_READ, "What a reference means", params=Resolve, answer=locate.Located
)
def resolve(call: Call, request: Request[Resolve, Any]) -> locate.Located:
    p = request.params
    return locate.resolve(call, p.reference, p.kind, time_us(p.at))


@read("asset.get", "/assets/{uid}", Permission.ASSET_READ, "One asset", params=ByUid, answer=AssetView)
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


@read(
    "alias.list",
    "/assets/{uid}/aliases",
    Permission.ASSET_READ,
    "Aliases of an asset, now or at a time",
    params=AliasesAt,
    answer=list[AliasView],
)
def list_aliases(call: Call, request: Request[AliasesAt, Any]) -> list[AliasView]:
    return aliases.listed(call, request.params.uid, time_us(request.params.at))


@command(
    "alias.change",
    "POST",
    "/assets/{uid}/aliases",
    Permission.ALIAS_SET,
    "Change several aliases, all or none",
    params=ByUid,
    body=AliasChanges,
    answer=list[AliasView],
)
def change_aliases(call: Call, request: Request[ByUid, AliasChanges]) -> list[AliasView]:
    changes = [aliases.ChangeAlias(c.name, c.version_uid, c.etag) for c in request.body.changes]
    return aliases.change(call, request.params.uid, changes)


@read(
    "alias.get",
    "/assets/{uid}/aliases/{name}",
    Permission.ASSET_READ,
    "One alias, now or at a time",
    params=AliasAt,
    answer=AliasView,
)
def get_alias(call: Call, request: Request[AliasAt, Any]) -> AliasView:
    return aliases.get(call, request.params.uid, request.params.name, time_us(request.params.at))


@command(
    "alias.set",
    "PUT",
    "/assets/{uid}/aliases/{name}",
    Permission.ALIAS_SET,
    "Point an alias at a version; If-Match compares",
    params=AliasOf,
    body=SetAlias,
    answer=AliasView,
)
def set_alias(call: Call, request: Request[AliasOf, SetAlias]) -> AliasView:
    change = aliases.ChangeAlias(request.params.name, request.body.version_uid, request.etag)
    return aliases.change(call, request.params.uid, [change])[0]


@command(
    "alias.remove", "DELETE", "/assets/{uid}/aliases/{name}", Permission.ALIAS_SET, "Remove an alias", params=AliasOf
)
def remove_alias(call: Call, request: Request[AliasOf, Any]) -> None:
    aliases.change(call, request.params.uid, [aliases.ChangeAlias(request.params.name, None, request.etag)])


@read(
    "alias.history",
    "/assets/{uid}/alias-history",
    Permission.ASSET_READ,
    "Every version that an alias ever pointed at, newest first",
    params=AliasHistory,
    answer=Page[AliasView],
)
def alias_history(call: Call, request: Request[AliasHistory, Any]) -> Page[AliasView]:
    return aliases.history(call, request.params.uid, request.params.name, request.params.page())


@read(
    "tag.list",
    "/tags/{kind}/{uid}",
    Permission.ASSET_READ,
    "Tags of an object, now or at a time",
    params=OwnerAt,
    answer=list[TagView],
)
def list_tags(call: Call, request: Request[OwnerAt, Any]) -> list[TagView]:
    return tags.listed(call, request.params.kind, request.params.uid, time_us(request.params.at))


@command(
    "tag.set",
    "POST",
    "/tags/{kind}/{uid}",
    Permission.ASSET_EDIT,
    "Set tags; others stay",
    params=Owner,
    body=SetTags,
    answer=list[TagView],
)
def set_tags(call: Call, request: Request[Owner, SetTags]) -> list[TagView]:
    return tags.set_tags(call, request.params.kind, request.params.uid, request.body.tags)


@command(
    "tag.remove",
    "POST",
    "/tags/{kind}/{uid}/remove",
    Permission.ASSET_EDIT,
    "Remove tags",
    params=Owner,
    body=RemoveTags,
    answer=list[TagView],
)
def remove_tags(call: Call, request: Request[Owner, RemoveTags]) -> list[TagView]:
    return tags.remove_tags(call, request.params.kind, request.params.uid, request.body.keys)


@command(
    "property.set",
    "POST",
    "/properties/{kind}/{uid}",
    Permission.ASSET_EDIT,
    "Set typed properties; a null removes its key",
    params=Owner,
    body=SetProperties,
    answer=dict[str, Scalar],
)
def set_properties(call: Call, request: Request[Owner, SetProperties]) -> dict[str, Scalar]:
    return dict(tags.set_properties(call, request.params.kind, request.params.uid, request.body.properties))


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
    list_aliases,
    change_aliases,
    get_alias,
    set_alias,
    remove_alias,
    alias_history,
    list_tags,
    set_tags,
    remove_tags,
    set_properties,
)

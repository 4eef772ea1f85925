"""Aliases, tags and properties."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import aliases, tags
from strongroom.application.registry.views import AliasView, TagView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Time, Uid, time_us
from strongroom.domain.identity.roles import Permission


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


class ProtectAlias(Struct, frozen=True, kw_only=True):
    """Whether only those who may protect move or remove it."""

    protected: bool


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
    brief=True,
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


@command(
    "alias.protect",
    "PATCH",
    "/assets/{uid}/aliases/{name}",
    Permission.ALIAS_PROTECT,
    "Protect an alias, or end that",
    params=AliasOf,
    body=ProtectAlias,
    answer=AliasView,
)
def protect_alias(call: Call, request: Request[AliasOf, ProtectAlias]) -> AliasView:
    p, protected = request.params, request.body.protected
    return aliases.protect(call, p.uid, p.name, request.etag, protected=protected)


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
    return tags.set_tags(call, request.params.kind, request.params.uid, request.body.tags, request.etag)


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
    return tags.remove_tags(call, request.params.kind, request.params.uid, request.body.keys, request.etag)


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
    p = request.params
    return dict(tags.set_properties(call, p.kind, p.uid, request.body.properties, request.etag))


OPERATIONS = (
    list_aliases,
    change_aliases,
    get_alias,
    set_alias,
    remove_alias,
    protect_alias,
    alias_history,
    list_tags,
    set_tags,
    remove_tags,
    set_properties,
)

"""Versions: found, described, archived, deleted, restored and purged. `publishing` makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.manifests.summaries import content_of
from strongroom.application.paging import Key, Page, PageRequest, within_bytes
from strongroom.application.registry import assets
from strongroom.application.registry.views import VersionView, version_view, version_views, weight
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Held, Invalid, NotFound, Purged
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description, clean_tag_key
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.stages import clean_stage
from strongroom.domain.registry.text import clean_text
from strongroom.domain.tracking.source import without_user_info

STATES = ("active", "archived", "trashed", "purged", "draft", "all")
SIGNATURE_LARGEST = 256 * 1024
SIGNATURE_DEEPEST = 64
ORIGIN_LONGEST = 2_000
HOLDS_NAMED = 20


@dataclass(frozen=True, slots=True)
class UpdateVersion:
    """Changes to what is said of a version; what is None stays. Its content never changes."""

    description: str | None = None
    signature: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ListVersions:
    """Which versions of an asset to list."""

    state: str = "active"
    stage: str | None = None
    tag: str | None = None


def clean_signature(signature: Mapping[str, object]) -> Mapping[str, object]:
    """What goes into a model and comes out: plain JSON. :raises Invalid: above 256 KiB, or nested too deeply."""
    values: list[object] = [signature]
    for _ in range(SIGNATURE_DEEPEST + 1):
        inner = (v.values() if isinstance(v, Mapping) else v for v in values if isinstance(v, Mapping | list))
        values = [value for container in inner for value in container]
    if values:
        raise Invalid(f"A signature is nested at most {SIGNATURE_DEEPEST} levels deep.", limit=SIGNATURE_DEEPEST)
    if len(repr(signature)) > SIGNATURE_LARGEST:
        raise Invalid("The signature is too large.", limit=SIGNATURE_LARGEST)
    return signature


def clean_origin(text: str | None) -> str | None:
    """An address as the caller named it; user names and passwords in it are dropped. :raises Invalid: too long."""
    return None if text is None else without_user_info(clean_text(text, what="origin", longest=ORIGIN_LONGEST))


def by_uid(call: Call, uid: str, permission: Permission) -> tuple[Asset, Version]:
    """A version with its asset, when the caller may do this to the asset.

    :raises NotFound: none, or not visible.
    """
    version = call.tx.versions.by_uid(call.workspace.id, uid)
    asset = call.tx.assets.by_id(version.asset_id) if version else None
    call.require_asset(permission, asset, "version")
    assert asset is not None and version is not None  # noqa: S101, PT018 - require_asset refused None
    return asset, version


def locked(call: Call, uid: str, permission: Permission) -> tuple[Asset, Version]:
    """The same, with both rows locked (lock order: asset, version) until the end of the transaction."""
    asset, version = by_uid(call, uid, permission)
    asset = call.tx.assets.lock(asset.id)
    if asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    version = call.tx.versions.lock(version.id)
    if version.state is VersionState.PURGED:
        raise Purged("The version was purged; only its tombstone is left.")
    return asset, version


def get(call: Call, uid: str) -> VersionView:
    """One version, draft or tombstone, with what is known of its content."""
    asset, version = by_uid(call, uid, Permission.ASSET_READ)
    content = content_of(call, asset, version)
    view = version_view(call, asset, version)
    return replace(view, packaging=content.packaging, manifest=content.manifest, statistics=content.statistics)


def listed(call: Call, asset_uid: str, query: ListVersions, page: PageRequest) -> Page[VersionView]:
    """Versions of an asset, newest number first."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    if query.state not in STATES:
        raise Invalid(f"State is one of {', '.join(STATES)}.")
    key, sign, value = (query.tag or "").partition("=")
    listing = f"versions/{asset.id}/{query}"
    rows = call.tx.versions.list(
        asset.id,
        state=query.state,
        stage=clean_stage(query.stage) if query.stage else None,
        tag=(clean_tag_key(key), value if sign else None) if query.tag else None,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, _place)
    return within_bytes(
        kept, partial(version_views, call, asset), weight, lambda row: call.sealer.seal(listing, _place(row))
    )


def _place(version: Version) -> Key:
    return version.number or 0, version.id


def update(call: Call, uid: str, command: UpdateVersion, etag: int | None) -> VersionView:
    """Change what is said of a version."""
    asset, version = locked(call, uid, Permission.VERSION_EDIT)
    check_etag(etag, version.etag)
    if version.locked:
        raise Conflict("The version's metadata is locked.")
    must_be_own(version)
    changes: dict[str, object] = {}
    if command.description is not None:
        changes["description"] = clean_description(command.description)
    if command.signature is not None:
        changes["signature"] = clean_signature(command.signature)
    changed = call.tx.versions.update(version, **changes)
    for link in call.tx.versions.links(version.id):
        call.tx.versions.update(link, **changes)
    asset = call.tx.assets.advance(asset)
    call.record("version.update", Subject("version", uid), {"changed": tuple(sorted(changes))}, asset=asset)
    return version_view(call, asset, changed)


def must_be_own(version: Version) -> None:
    """:raises Conflict: it is a link, which says what its source says."""
    if version.source_id is not None:
        raise Conflict("The version is a link: change the version that it shows.")


def archive(call: Call, uid: str, *, archived: bool, etag: int | None) -> VersionView:
    """Hide a version from default lists, or show it again."""
    asset, version = locked(call, uid, Permission.VERSION_EDIT)
    check_etag(etag, version.etag)
    _must_be(version, VersionState.LIVE)
    changed = call.tx.versions.update(version, archived_at=call.now if archived else None)
    asset = call.tx.assets.advance(asset)
    call.record("version.archive" if archived else "version.unarchive", Subject("version", uid), asset=asset)
    return version_view(call, asset, changed)


def _must_be(version: Version, state: VersionState) -> None:
    if version.state is not state:
        raise Conflict(f"The version is {version.state.value}, not {state.value}.", state=version.state.value)


def delete(
    call: Call,
    uid: str,
    *,
    release_aliases: bool,
    etag: int | None,
    release_links: bool = False,
    because: str | None = None,
) -> VersionView:
    """Move a version to the trash. Its number stays taken; `latest`, if it was this one, is the greatest live number.

    :param release_links: links that show it go along, where the caller may delete them.
    :param because: what retention says of it.
    :raises Held: aliases point at it and the caller did not ask to release them, or a protected one does; links show
        it that do not go along; somebody holds it; a release that runs or stays ready has it.
    """
    asset, version = locked(call, uid, Permission.VERSION_DELETE)
    check_etag(etag, version.etag)
    _must_be(version, VersionState.LIVE)
    refuse_held(call, version)
    aliases = call.tx.aliases.of_versions([version.id]).get(version.id, ())
    holders = [f"alias:{alias.name}" for alias in aliases if alias.protected or not release_aliases]
    if holders:
        raise Held("Aliases point at this version; move them, or pass release_aliases.", holders=holders)
    refuse_released(call.tx.placements.held(version_id=version.id))
    _release(call, version, drop=release_links, release_aliases=release_aliases)
    changed = call.tx.versions.update(version, state=VersionState.TRASHED.value, deleted_at=call.now)
    asset = _with_latest(call, asset) if asset.latest_version_id == version.id else call.tx.assets.advance(asset)
    for alias in aliases:
        call.tx.aliases.move(asset, alias.name, None, call.actor.id)
    details: dict[str, Json] = {"number": version.number, "released": tuple(alias.name for alias in aliases)}
    if because is not None:
        details["retention"] = because
    call.record("version.delete", Subject("version", uid), details, asset=asset)
    return version_view(call, asset, changed)


def refuse_released(held: Mapping[int, Sequence[str]]) -> None:
    """:raises Held: releases that run, or stay ready to be put back, hold it."""
    if held:
        holders = sorted({name for names in held.values() for name in names})[:HOLDS_NAMED]
        raise Held("Releases that run, or stay ready to be put back, hold it.", holders=holders)


def refuse_held(call: Call, version: Version) -> None:
    """:raises Held: there are holds on it."""
    holds = call.tx.holds.of_version(version.id, HOLDS_NAMED)
    if holds:
        raise Held("The version is on hold; an admin releases it.", holders=[f"hold:{one.uid}" for one in holds])


def _release(call: Call, source: Version, *, drop: bool, release_aliases: bool) -> None:
    """Let the links of a version go to the trash before it. :raises Held: some stay."""
    links = [one for one in call.tx.versions.links(source.id) if one.state is VersionState.LIVE]
    owners = call.tx.assets.by_ids(sorted({one.asset_id for one in links}))
    access = call.caller.access
    staying = [
        one
        for one in links
        if not drop or not access.allows(Permission.VERSION_DELETE, asset_target(owners[one.asset_id]))
    ]
    assets.refuse_links(call, staying)
    for one in links:
        delete(call, one.uid, release_aliases=release_aliases, etag=None)


def _with_latest(call: Call, asset: Asset) -> Asset:
    latest = call.tx.versions.latest_live(asset.id)
    return call.tx.assets.advance(asset, latest_version_id=latest.id if latest else None)


def restore(call: Call, uid: str) -> VersionView:
    """Take a version out of the trash."""
    asset, version = locked(call, uid, Permission.VERSION_DELETE)
    _must_be(version, VersionState.TRASHED)
    if version.source_id is not None:
        source = call.tx.versions.by_id(version.source_id)
        if source.state is not VersionState.LIVE or call.tx.assets.by_id(source.asset_id).deleted_at is not None:
            raise Conflict("What the link shows is not there any more, or in the trash.")
    changed = call.tx.versions.update(version, state=VersionState.LIVE.value, deleted_at=None)
    asset = _with_latest(call, asset)
    call.record("version.restore", Subject("version", uid), {"number": version.number}, asset=asset)
    return version_view(call, asset, changed)


def readable(call: Call, uid: str) -> tuple[Asset, Version]:
    """A version whose bytes the caller may read.

    :raises Conflict: it is a draft or in the trash. :raises Purged: its content is gone.
    """
    asset, version = by_uid(call, uid, Permission.VERSION_BYTES)
    if version.state is VersionState.PURGED:
        raise Purged("The version was purged; its content is gone.")
    if version.state is not VersionState.LIVE or asset.deleted_at is not None:
        raise Conflict("Only a published version outside the trash can be read.", state=version.state.value)
    if version.tree is None:
        raise NotFound("The version has no content.")
    return asset, version


def can_see(call: Call, asset: Asset) -> bool:
    """Whether the caller may know of the asset."""
    return call.caller.access.allows(Permission.ASSET_READ, asset_target(asset))

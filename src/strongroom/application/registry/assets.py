"""Assets: made, found, described, renamed, archived, deleted, restored and purged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.paging import Key, Page, PageRequest, within_bytes
from strongroom.application.registry import namespaces
from strongroom.application.registry.views import AssetView, asset_view, asset_views, weight
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Held, Invalid, Purged, TooLarge
from strongroom.domain.identity.requests import clean_gate
from strongroom.domain.identity.roles import Permission, Scope, Visibility
from strongroom.domain.registry.fields import (
    CARD_LARGEST,
    Scalar,
    clean_description,
    clean_property,
    clean_tag_key,
    clean_tag_value,
)
from strongroom.domain.registry.kinds import Kind, clean_type
from strongroom.domain.registry.model import Asset, Version
from strongroom.domain.registry.names import NUMBER_LARGEST, clean_name, slug_candidates, slug_key
from strongroom.domain.registry.text import clean_text
from strongroom.domain.tracking.source import maybe_claimed

STATES = ("active", "archived", "trashed", "all")
ATTACHMENTS_MOST = 200
HOLDS_NAMED = 20
TAGS_LARGEST = 1 << 20
"""Characters in all tags of one object."""
#: Characters that a slug keeps whatever number is put behind it.
SLUG_COMMON = 80


@dataclass(frozen=True, slots=True)
class CreateAsset:
    """A new asset; missing namespaces are made.

    :param exclusive: kinds that share one list of names for the caller's clients (domain.md N2, Addressing).
    :param claimed_at: when it was made elsewhere, microseconds since 1970 in UTC.
    :param first_number: of the versions that are given the next one: those before were issued elsewhere.
    """

    kind: str
    name: str
    namespace: str = ""
    type: str = ""
    display_name: str = ""
    description: str = ""
    card: str = ""
    visibility: str = "workspace"
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    exclusive: Sequence[str] = ()
    claimed_at: int | None = None
    first_number: int = 1


@dataclass(frozen=True, slots=True)
class UpdateAsset:
    """Changes to an asset; what is None stays."""

    display_name: str | None = None
    description: str | None = None
    card: str | None = None
    type: str | None = None
    visibility: str | None = None
    gated: str | None = None


@dataclass(frozen=True, slots=True)
class ListAssets:
    """Which assets to list."""

    kind: str | None = None
    namespace: str | None = None
    name_prefix: str | None = None
    tag: str | None = None
    state: str = "active"


def clean_tags(tags: Mapping[str, str | None]) -> dict[str, str | None]:
    """Tags from outside. :raises Invalid: a key, a value or their number breaks its rule."""
    if len(tags) > ATTACHMENTS_MOST:
        raise Invalid(f"At most {ATTACHMENTS_MOST} tags at a time.", limit=ATTACHMENTS_MOST)
    clean = {clean_tag_key(key): clean_tag_value(value) for key, value in tags.items()}
    check_size(clean)
    return clean


def check_size(tags: Mapping[str, str | None]) -> None:
    """:raises TooLarge: the tags of one object hold more text than it may have."""
    if sum(len(key) + len(value or "") for key, value in tags.items()) > TAGS_LARGEST:
        raise TooLarge(f"The tags of one object have at most {TAGS_LARGEST} characters.", limit=TAGS_LARGEST)


def clean_properties(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Properties from outside. :raises Invalid: a key, a value or their number breaks its rule."""
    if len(values) > ATTACHMENTS_MOST:
        raise Invalid(f"At most {ATTACHMENTS_MOST} properties at a time.", limit=ATTACHMENTS_MOST)
    return {clean_tag_key(key): clean_property(value) for key, value in values.items()}


def clean_visibility(text: str) -> Visibility:
    """Private, workspace or public. :raises Invalid: anything else."""
    try:
        return Visibility(text)
    except ValueError:
        raise Invalid("Visibility is private, workspace or public.") from None


def _clean_card(text: str) -> str:
    card = clean_text(text, what="card", longest=CARD_LARGEST)
    if len(card.encode()) > CARD_LARGEST:
        raise Invalid(f"A card is at most {CARD_LARGEST} bytes.", limit=CARD_LARGEST)
    return card


def clean_reason(text: str) -> str:
    """Why something is purged; the tombstone keeps it. :raises Invalid: empty or above 1,000 characters."""
    reason = clean_text(text, what="reason", longest=1_000).strip()
    if not reason:
        raise Invalid("Say why it is purged.")
    return reason


def create(call: Call, command: CreateAsset) -> AssetView:
    """Make an asset. Whoever makes a private one may do everything with it but purge it.

    :raises AlreadyExists: a live asset of that kind has the name.
    """
    kind, name = Kind.parse(command.kind), clean_name(command.name)
    visibility = clean_visibility(command.visibility)
    namespace = namespaces.ensure(call, command.namespace, Permission.ASSET_CREATE)
    call.require_namespace(Permission.ASSET_CREATE, namespace)
    _refuse_namesakes(call, namespace.id, name, [other for other in command.exclusive if other != kind.value])
    slug = _free_slug(call, namespace.id, kind.value, name)
    asset = call.tx.assets.add(
        Asset(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            namespace_id=namespace.id,
            namespace_path=namespace.path,
            namespace_slug_path=namespace.slug_path,
            kind=kind.value,
            type=clean_type(command.type) if command.type else "",
            name=name,
            slug=slug,
            display_name=clean_text(command.display_name, what="display name", longest=255),
            description=clean_description(command.description),
            card=_clean_card(command.card),
            visibility=visibility.value,
            next_number=_clean_first(command.first_number),
            latest_version_id=None,
            event_seq=1,
            etag=1,
            created_by=call.actor.uid,
            recorded_at=call.now,
            archived_at=None,
            deleted_at=None,
            purged_at=None,
            claimed_at=maybe_claimed(command.claimed_at),
        )
    )
    actor = call.actor
    call.tx.tags.set(call.workspace.id, "asset", asset.id, clean_tags(command.tags), actor.id)
    call.tx.tags.set_properties(call.workspace.id, "asset", asset.id, clean_properties(command.properties))
    call.record("asset.create", Subject("asset", asset.uid), {"kind": asset.kind, "slug": slug}, asset=asset)
    if visibility is Visibility.PRIVATE:
        scope = Scope.asset(call.workspace.id, asset.id)
        grant = call.tx.grants.add("principal", actor.uid, scope, "maintainer", actor.id)
        details = {"subject": actor.uid, "role": "maintainer", "level": "asset", "on": asset.uid}
        call.record("grant.create", Subject("grant", grant.uid), details)
    return asset_view(call, asset)


def _clean_first(number: int) -> int:
    if not 1 <= number <= NUMBER_LARGEST:
        raise Invalid(f"A version number is between 1 and {NUMBER_LARGEST}.", limit=NUMBER_LARGEST)
    return number


def _refuse_namesakes(call: Call, namespace_id: int, name: str, kinds: Sequence[str]) -> None:
    """:raises AlreadyExists: an asset of one of these kinds has the name now; what led to a renamed one gives way."""
    for other in call.tx.assets.by_name(namespace_id, name, kinds) if kinds else ():
        if other.name == name:
            raise AlreadyExists(f"There is a {other.kind} of that name already.", kind=other.kind)


def _free_slug(call: Call, namespace_id: int, kind: str, name: str, except_asset_id: int | None = None) -> str:
    """The first slug for a name that no other asset has; one look at those that begin alike, however many."""
    alike = slug_key(next(slug_candidates(name)))[:SLUG_COMMON]
    taken = call.tx.assets.slugs_like(namespace_id, kind, alike, except_asset_id)
    return next(slug for slug in slug_candidates(name) if slug_key(slug) not in taken)


def by_uid(call: Call, uid: str, permission: Permission) -> Asset:
    """The asset of that uid, when the caller may do this to it.

    :raises NotFound: none, or not visible. :raises Purged: only its tombstone is left.
    """
    asset = call.require_asset(permission, call.tx.assets.by_uid(call.workspace.id, uid))
    if asset.purged_at is not None and permission is not Permission.ASSET_READ:
        raise Purged("The asset was purged; only its record is left.")
    return asset


def named(call: Call, path: str, kinds: Sequence[str], permission: Permission) -> Asset:
    """The live asset of that name in a namespace, of the first of these kinds that has it, for clients that know none.

    :param path: the namespace's path and the name. :raises NotFound: none, or none that the caller may see.
    """
    space, _, name = path.rpartition("/")
    namespace = call.tx.namespaces.by_path(call.workspace.id, space)
    found = call.tx.assets.by_name(namespace.id, name, kinds) if namespace else []
    return call.require_asset(permission, min(found, key=lambda asset: kinds.index(asset.kind), default=None))


def locked(call: Call, uid: str, permission: Permission, *, live: bool = True) -> Asset:
    """The same, with its row locked until the end of the transaction.

    :param live: refuse an asset that is in the trash.
    """
    asset = call.tx.assets.lock(by_uid(call, uid, permission).id)
    if live and asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    return asset


def get(call: Call, uid: str) -> AssetView:
    """One asset."""
    return asset_view(call, by_uid(call, uid, Permission.ASSET_READ))


def listed(call: Call, query: ListAssets, page: PageRequest) -> Page[AssetView]:
    """The assets that the caller may see, newest first."""
    call.ask(Permission.ASSET_READ)
    if query.state not in STATES:
        raise Invalid(f"State is one of {', '.join(STATES)}.")
    key, sign, value = (query.tag or "").partition("=")
    tag = (clean_tag_key(key), value if sign else None) if query.tag else None
    namespace = None
    if query.namespace is not None:
        found = namespaces.find(call, query.namespace)
        if found is None:
            return Page([], None)
        namespace = found.slug_path
    listing = f"assets/{call.workspace.id}/{query}"
    rows = call.tx.assets.list(
        call.workspace.id,
        call.caller.access.visible(call.workspace.id),
        kind=Kind.parse(query.kind).value if query.kind else None,
        namespace=namespace,
        name_prefix=query.name_prefix,
        state=query.state,
        tag=tag,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, _place)
    return within_bytes(kept, partial(asset_views, call), weight, lambda row: call.sealer.seal(listing, _place(row)))


def _place(asset: Asset) -> Key:
    return asset.recorded_at, asset.id


def update(call: Call, uid: str, command: UpdateAsset, etag: int | None) -> AssetView:
    """Change what is said of an asset; who may see it needs the right to share."""
    asset = locked(call, uid, Permission.ASSET_EDIT)
    check_etag(etag, asset.etag)
    changes: dict[str, object] = {}
    if command.display_name is not None:
        changes["display_name"] = clean_text(command.display_name, what="display name", longest=255)
    if command.description is not None:
        changes["description"] = clean_description(command.description)
    if command.card is not None:
        changes["card"] = _clean_card(command.card)
    if command.type is not None:
        changes["type"] = clean_type(command.type) if command.type else ""
    if command.visibility is not None:
        call.require(Permission.ASSET_SHARE, asset_target(asset), Subject("asset", uid))
        changes["visibility"] = clean_visibility(command.visibility).value
    if command.gated is not None:
        call.require(Permission.ASSET_SHARE, asset_target(asset), Subject("asset", uid))
        changes["gated"] = clean_gate(command.gated).value
    changed = call.tx.assets.advance(asset, **changes)
    details: dict[str, Json] = {"changed": tuple(sorted(changes)), "visibility": changed.visibility}
    call.record("asset.update", Subject("asset", uid), details, asset=changed)
    return asset_view(call, changed)


def rename(call: Call, uid: str, namespace: str | None, name: str | None, etag: int | None) -> AssetView:
    """Give an asset another name or namespace; the old name leads to it until it is taken again.

    :raises AlreadyExists: a live asset of that kind has the new name. Needs the right at both ends.
    """
    asset = locked(call, uid, Permission.ASSET_RENAME)
    check_etag(etag, asset.etag)
    to = namespaces.ensure(call, asset.namespace_path if namespace is None else namespace, Permission.ASSET_CREATE)
    call.require_namespace(Permission.ASSET_CREATE, to)
    new = clean_name(asset.name if name is None else name)
    if (to.id, new) == (asset.namespace_id, asset.name):
        return asset_view(call, asset)
    slug = _free_slug(call, to.id, asset.kind, new, asset.id)
    changed = call.tx.assets.rename(asset, to, new, slug)
    call.record("asset.rename", Subject("asset", uid), {"slug": slug, "namespace": to.uid}, asset=changed)
    return asset_view(call, changed)


def archive(call: Call, uid: str, *, archived: bool, etag: int | None) -> AssetView:
    """Hide an asset from default lists, or show it again; everything keeps working."""
    asset = locked(call, uid, Permission.ASSET_DELETE)
    check_etag(etag, asset.etag)
    changed = call.tx.assets.advance(asset, archived_at=call.now if archived else None)
    call.record("asset.archive" if archived else "asset.unarchive", Subject("asset", uid), asset=changed)
    return asset_view(call, changed)


def delete(call: Call, uid: str, *, release_aliases: bool, etag: int | None) -> AssetView:
    """Move an asset to the trash, from where it can be restored; its name is free at once.

    :raises Held: an alias points at a version and the caller did not ask to release aliases, or a protected one does;
        a link of another asset shows a version; a version is on hold, or in a release that runs or stays ready.
    """
    asset = locked(call, uid, Permission.ASSET_DELETE)
    check_etag(etag, asset.etag)
    aliases = call.tx.aliases.current(asset.id)
    holders = [f"alias:{alias.name}" for alias in aliases if alias.protected or not release_aliases]
    if holders:
        raise Held("Aliases hold versions of this asset; pass release_aliases to drop them.", holders=holders)
    held = sorted({uid for uids in call.tx.holds.held(asset.id).values() for uid in uids})
    if held:
        raise Held("Versions of this asset are on hold.", holders=[f"hold:{uid}" for uid in held[:HOLDS_NAMED]])
    refuse_links(call, call.tx.versions.links_elsewhere(asset.id))
    released = sorted({name for names in call.tx.placements.held(asset_id=asset.id).values() for name in names})
    if released:
        why = "Releases that run, or stay ready to be put back, hold versions of this asset."
        raise Held(why, holders=released[:HOLDS_NAMED])
    changed = call.tx.assets.advance(asset, deleted_at=call.now)
    for alias in aliases:
        call.tx.aliases.move(changed, alias.name, None, call.actor.id)
    call.tx.assets.release_name(changed)
    call.record(
        "asset.delete", Subject("asset", uid), {"released": tuple(alias.name for alias in aliases)}, asset=changed
    )
    return asset_view(call, changed)


def refuse_links(call: Call, links: Sequence[Version]) -> None:
    """:raises Held: there are some; those that the caller may see are named."""
    if not links:
        return
    owners = call.tx.assets.by_ids(sorted({link.asset_id for link in links}))
    access = call.caller.access

    def name(link: Version) -> str:
        owner = owners[link.asset_id]
        seen = access.allows(Permission.ASSET_READ, asset_target(owner))
        return f"link:{owner.path}:{link.number}" if seen else "link"

    raise Held("Links of other assets show this; delete them first.", holders=sorted({name(link) for link in links}))


def restore(call: Call, uid: str) -> AssetView:
    """Take an asset out of the trash. :raises AlreadyExists: its name was taken meanwhile."""
    asset = locked(call, uid, Permission.ASSET_DELETE, live=False)
    if asset.deleted_at is None:
        raise Conflict("The asset is not in the trash.")
    taken = call.tx.assets.slugs_like(asset.namespace_id, asset.kind, slug_key(asset.slug), asset.id)
    free = slug_key(asset.slug) not in taken
    slug = asset.slug if free else _free_slug(call, asset.namespace_id, asset.kind, asset.name)
    call.tx.assets.claim_name(replace(asset, slug=slug))
    changed = call.tx.assets.advance(asset, slug=slug, deleted_at=None)
    call.record("asset.restore", Subject("asset", uid), asset=changed)
    return asset_view(call, changed)


def purge(call: Call, uid: str, reason: str) -> AssetView:
    """Remove a trashed asset for good: content goes, the tombstone with numbers, labels and digests stays.

    :raises Conflict: it is not in the trash.
    """
    asset = locked(call, uid, Permission.ASSET_PURGE, live=False)
    if asset.deleted_at is None:
        raise Conflict("Only an asset in the trash can be purged.")
    why = clean_reason(reason)
    trees = call.tx.versions.trees_beside(asset.id, 0)
    call.tx.versions.purge_of(asset.id, call.now, why)
    call.tx.comments.erase_of(asset.id)
    call.tx.annotations.erase_of(asset.id)
    call.tx.evaluations.forget_of(asset.id, call.actor.id)
    call.tx.refs.remove_all(asset.id)
    call.tx.publication.done(asset.id)
    call.tx.retention.set_rule("asset", asset.id, None)
    call.tx.blobs.review(asset.id, call.now)
    call.tx.manifests.forget(trees)
    changed = call.tx.assets.advance(
        asset, purged_at=call.now, description=why, card="", display_name="", latest_version_id=None
    )
    call.record("asset.purge", Subject("asset", uid), {"purged_at": call.now}, asset=changed)
    return asset_view(call, changed)

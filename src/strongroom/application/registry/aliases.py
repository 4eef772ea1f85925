"""Aliases: names that point at exactly one version, moved by compare-and-swap, with their whole history."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Crossing
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets
from strongroom.application.registry.views import AliasView, alias_view
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound, PreconditionFailed
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.names import clean_alias

CHANGES_MOST = 100


@dataclass(frozen=True, slots=True)
class ChangeAlias:
    """Point an alias at a version of the asset, or remove it (`version_uid` None).

    :param etag: the alias must be at this ETag; 0 means that it must not exist yet; None does not compare.
    """

    name: str
    version_uid: str | None
    etag: int | None = None


def change(call: Call, asset_uid: str, changes: Sequence[ChangeAlias]) -> list[AliasView]:
    """Change several aliases of one asset, all or none, each with its own compare-and-swap (domain.md N8).

    :raises PreconditionFailed: an alias is not at the stated ETag; nothing is changed.
    :raises Forbidden: one is protected, and the caller may not protect. :raises GateRefused: a rule keeps it back.
    """
    asset = assets.locked(call, asset_uid, Permission.ALIAS_SET)
    if not 1 <= len(changes) <= CHANGES_MOST:
        raise Invalid(f"Between 1 and {CHANGES_MOST} aliases at a time.", limit=CHANGES_MOST)
    if len({clean_alias(change.name) for change in changes}) < len(changes):
        raise Invalid("The same alias stands twice in one request.")
    asset = call.tx.assets.advance(asset)
    return [view for item in changes if (view := _change_one(call, asset, item)) is not None]


def _change_one(call: Call, asset: Asset, change: ChangeAlias) -> AliasView | None:
    name = clean_alias(change.name)
    version = _target(call, asset, change.version_uid) if change.version_uid else None
    before = call.tx.aliases.get(asset.id, name)
    found = before.etag if before else 0
    if change.etag is not None and change.etag != found:
        at = before.version_number if before else None
        raise PreconditionFailed(f"The alias {name!r} is not where you think.", etag=found, version=at)
    if version is None and before is None:
        raise NotFound(f"There is no alias {name!r}.")
    if before is not None and before.protected:
        call.require(Permission.ALIAS_PROTECT, asset_target(asset), Subject("asset", asset.uid))
    decisions = _let_pass(call, asset, name, version, protected=before is not None and before.protected)
    moved = call.tx.aliases.move(asset, name, version, call.actor.id)
    call.record(
        "alias.set" if version else "alias.remove",
        Subject("asset", asset.uid),
        {
            "alias": name,
            "from": before.version_uid if before else None,
            "to": version.uid if version else None,
            "number": version.number if version else None,
            "tree": version.tree if version else None,
            **passing.told(decisions),
        },
        asset=asset,
    )
    return alias_view(moved) if moved else None


def _let_pass(call: Call, asset: Asset, name: str, version: Version | None, *, protected: bool) -> list[str]:
    """Gates stand before protected aliases, and before those that a rule names."""
    if version is None:
        return []
    way = Transition(TransitionKind.ALIAS, name)
    return passing.require(call, [Crossing(asset, version, way, named=not protected)])


def protect(call: Call, asset_uid: str, name: str, etag: int | None, *, protected: bool) -> AliasView:
    """Protect an alias, or end that: only who may protect moves or removes it, and what it points at stays.

    :raises NotFound: there is no such alias.
    """
    asset = assets.locked(call, asset_uid, Permission.ALIAS_PROTECT)
    before = call.tx.aliases.get(asset.id, clean_alias(name))
    if before is None:
        raise NotFound(f"There is no alias {name[:64]!r}.")
    check_etag(etag, before.etag)
    asset = call.tx.assets.advance(asset)
    changed = call.tx.aliases.protect(asset, before.name, protected=protected)
    details: dict[str, Json] = {"alias": before.name, "to": before.version_uid, "protected": protected}
    call.record("alias.protect", Subject("asset", asset.uid), details, asset=asset)
    return alias_view(changed)


def _target(call: Call, asset: Asset, uid: str) -> Version:
    version = call.tx.versions.by_uid(call.workspace.id, uid)
    if version is None or version.asset_id != asset.id:
        raise NotFound("There is no such version of this asset.")
    version = call.tx.versions.lock(version.id)
    if version.state is not VersionState.LIVE:
        raise Conflict("An alias points only at a published version.", state=version.state.value)
    return version


def listed(call: Call, asset_uid: str, at: int | None) -> list[AliasView]:
    """The aliases of an asset, now or as they were at a time (microseconds UTC)."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    found = call.tx.aliases.current(asset.id) if at is None else call.tx.aliases.at(asset.id, at)
    return [alias_view(alias) for alias in found]


def get(call: Call, asset_uid: str, name: str, at: int | None = None) -> AliasView:
    """One alias, now or as it was at a time."""
    for alias in listed(call, asset_uid, at):
        if alias.name == name:
            return alias
    raise NotFound(f"There is no alias {name[:64]!r}.")


def history(call: Call, asset_uid: str, name: str | None, page: PageRequest) -> Page[AliasView]:
    """Every version that an alias (or any) ever pointed at, newest first."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    listing = f"alias-history/{asset.id}/{name}"
    rows = call.tx.aliases.history(asset.id, name, call.sealer.open(listing, page.token), page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda a: (a.valid_from, a.name)).map(alias_view)

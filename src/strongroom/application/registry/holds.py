"""Holds on versions: as long as one is there, nobody deletes or purges the version, and no retention rule does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.retention import Hold
from strongroom.application.registry import assets, versions
from strongroom.application.views import time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState
from strongroom.domain.registry.text import clean_text

HOLDS_MOST: Final = 20
REASON_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold on a version, and why."""

    uid: str
    version_uid: str
    version: int | None
    reason: str
    placed_by: str
    placed_at: datetime


def hold_view(hold: Hold) -> HoldView:
    """As callers see it."""
    placed_at = time_of(hold.placed_at)
    return HoldView(hold.uid, hold.version_uid, hold.version_number, hold.reason, hold.placed_by, placed_at)


def place(call: Call, version_uid: str, reason: str) -> HoldView:
    """Hold a version, in the trash as well. :raises Conflict: it is a draft, or has as many holds as there may be."""
    asset, version = versions.locked(call, version_uid, Permission.HOLD_PLACE)
    if version.state is VersionState.DRAFT:
        raise Conflict("Only a published version can be held.", state=version.state.value)
    why = clean_text(reason, what="reason", longest=REASON_LONGEST).strip()
    if not why:
        raise Invalid("Say why it is held.")
    if len(call.tx.holds.of_version(version.id, HOLDS_MOST)) >= HOLDS_MOST:
        raise Conflict(f"A version has at most {HOLDS_MOST} holds.", limit=HOLDS_MOST)
    hold = call.tx.holds.add(version, why, call.actor.id)
    asset = call.tx.assets.advance(asset)
    call.record("hold.place", Subject("version", version.uid), {"hold": hold.uid}, asset=asset)
    return hold_view(hold)


def release(call: Call, uid: str) -> None:
    """End a hold; others of the version stay. :raises NotFound: there is none, or on nothing that the caller sees."""
    hold = call.tx.holds.by_uid(call.workspace.id, uid)
    asset = call.require_asset(Permission.HOLD_RELEASE, call.tx.assets.by_id(hold.asset_id) if hold else None, "hold")
    assert hold is not None  # noqa: S101 - require_asset refused None
    asset = call.tx.assets.lock(asset.id)
    call.tx.holds.remove(uid)
    asset = call.tx.assets.advance(asset)
    call.record("hold.release", Subject("version", hold.version_uid), {"hold": uid}, asset=asset)


def listed(call: Call, asset_uid: str, page: PageRequest) -> Page[HoldView]:
    """The holds on versions of an asset."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    listing = f"holds/{asset.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.holds.list(asset.id, str(after[0]) if after else None, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda hold: (hold.uid,)).map(hold_view)

"""Access to gated assets: asked for, given, refused, taken back (domain.md N13). What is accepted makes a grant."""

from dataclasses import dataclass, replace
from datetime import datetime

from strongroom.application.call import Call, asset_target
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.model import Principal
from strongroom.domain.identity.requests import (
    AccessRequest,
    Gate,
    RequestStatus,
    clean_message,
    clean_status,
)
from strongroom.domain.identity.roles import Permission, Scope
from strongroom.domain.registry.model import Asset

_HERE = "access_request"


@dataclass(frozen=True, slots=True)
class AccessRequestView:
    """A request for access. `principal` is a uid; `reason` is what whoever decided said."""

    uid: str
    asset_uid: str
    principal: str
    principal_name: str
    display_name: str
    status: str
    message: str
    reason: str
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class StandingView:
    """How the caller stands to an asset's gate: `passes` is whether it may read the files, `request` what it asked."""

    asset_uid: str
    gated: str
    passes: bool
    request: AccessRequestView | None


def ask(call: Call, asset_uid: str, message: str) -> AccessRequestView:
    """Ask for the files of a gated asset; a gate that opens by itself gives them at once. Again changes nothing.

    Who passes the gate already is accepted without a grant. :raises Conflict: there is no gate, or it refused before.
    """
    call.require(Permission.SELF)
    asset = assets.locked(call, asset_uid, Permission.ASSET_READ)
    actor = call.actor
    before = call.tx.access_requests.get(asset.id, actor.id)
    if before is not None and before.status is not RequestStatus.REJECTED:
        return _view(call, asset, before)
    if before is not None:
        raise Conflict("Your request was refused; ask the maintainers of the asset.", status=before.status.value)
    if not asset.gated:
        raise Conflict("There is no gate here.")
    made = call.tx.access_requests.put(_new(call, asset, actor, clean_message(message)), None)
    call.record("access.request", Subject(_HERE, made.uid), {"asset": asset.uid}, asset=call.tx.assets.tick(asset))
    if asset.gated == Gate.AUTO or call.allows(Permission.VERSION_BYTES, asset_target(asset)):
        made = _decide(call, asset, made, RequestStatus.ACCEPTED, "", call.tx.principals.system().id)
    return _view(call, asset, made)


def _new(call: Call, asset: Asset, principal: Principal, message: str) -> AccessRequest:
    return AccessRequest(
        0,
        call.tx.new_uid(),
        asset.workspace_id,
        asset.id,
        principal.id,
        principal.uid,
        RequestStatus.PENDING,
        message,
        "",
        None,
        call.now,
        None,
        None,
    )


def own(call: Call, asset_uid: str) -> StandingView:
    """How the caller stands to the gate of an asset, and what became of its request."""
    call.require(Permission.SELF)
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    found = call.tx.access_requests.get(asset.id, call.actor.id)
    passes = call.allows(Permission.VERSION_BYTES, asset_target(asset))
    return StandingView(asset.uid, asset.gated, passes, _view(call, asset, found) if found else None)


def listed(call: Call, asset_uid: str, status: str | None, page: PageRequest) -> Page[AccessRequestView]:
    """Requests for an asset, the oldest first; for those who may decide."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_SHARE)
    wanted = clean_status(status).value if status is not None else None
    listing = f"access-requests/{asset.id}/{wanted}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.access_requests.list(asset.id, wanted, int(after[0] or 0) if after else 0, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row.id,))
    return kept.map(lambda row: _view(call, asset, row))


def decide(call: Call, asset_uid: str, who: str, status: str, reason: str) -> AccessRequestView:
    """Accept a request, refuse it, or put it back; what acceptance gave is taken back with it.

    :param who: uid or name of the principal; one that has not asked may be accepted all the same.
    """
    asset = assets.locked(call, asset_uid, Permission.ASSET_SHARE)
    principal = call.tx.principals.by_uid(who) or call.tx.principals.by_name(who)
    if principal is None or principal.disabled_at is not None:
        raise NotFound("There is no such principal.")
    wanted = clean_status(status)
    found = call.tx.access_requests.get(asset.id, principal.id)
    if found is None and wanted is not RequestStatus.ACCEPTED:
        raise NotFound("This principal has not asked for access.")
    request = found or _new(call, asset, principal, "")
    if found is not None and found.status is wanted:
        return _view(call, asset, found)
    return _view(call, asset, _decide(call, asset, request, wanted, clean_message(reason), call.actor.id))


def _decide(
    call: Call, asset: Asset, request: AccessRequest, status: RequestStatus, reason: str, decider: int
) -> AccessRequest:
    grant_uid = request.grant_uid
    if status is RequestStatus.ACCEPTED:
        passes = request.principal_id == call.actor.id and call.allows(Permission.VERSION_BYTES, asset_target(asset))
        grant_uid = None if passes else _grant(call, asset, request.principal, decider)
    elif grant_uid is not None:
        if call.tx.grants.revoke(grant_uid):
            call.record("grant.revoke", Subject("grant", grant_uid), {"subject": request.principal})
        grant_uid = None
    decided = replace(request, status=status, reason=reason, grant_uid=grant_uid, decided_at=call.now)
    stored = call.tx.access_requests.put(decided, decider)
    details = {"asset": asset.uid, "principal": request.principal, "status": status.value}
    call.record("access.decide", Subject(_HERE, stored.uid), details, asset=call.tx.assets.tick(asset))
    return stored


def _grant(call: Call, asset: Asset, principal: str, by: int) -> str | None:
    """A viewer's role on the asset; None when the principal has one that is not of a request."""
    scope = Scope.asset(asset.workspace_id, asset.id)
    if call.tx.grants.current("principal", principal, scope, "viewer") is not None:
        return None
    row = call.tx.grants.add("principal", principal, scope, "viewer", by)
    details = {"subject": principal, "role": "viewer", "level": "asset", "on": asset.uid}
    call.record("grant.create", Subject("grant", row.uid), details)
    return row.uid


def _view(call: Call, asset: Asset, request: AccessRequest) -> AccessRequestView:
    who = call.tx.principals.by_id(request.principal_id)
    return AccessRequestView(
        request.uid,
        asset.uid,
        who.uid,
        who.name,
        who.display_name,
        request.status.value,
        request.message,
        request.reason,
        time_of(request.recorded_at),
        maybe_time(request.decided_at),
        request.decided_by,
    )

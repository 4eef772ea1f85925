"""Requests for approval: made, found, withdrawn, and those that wait for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from strongroom.application.approvals.telling import addressed, asked_by_rules
from strongroom.application.approvals.views import (
    ApprovalView,
    WaitingView,
    approval_views,
    waiting_views,
    weight,
)
from strongroom.application.approvals.ways import clean_way
from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.registry import versions
from strongroom.domain.approvals.fields import DAY_US, DAYS_USUAL, REQUESTS_MOST, clean_days, clean_note
from strongroom.domain.approvals.model import ApprovalRequest, RequestState, Way
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version, VersionState

PEOPLE = "user"


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask for approval of a version for a transition.

    :param strict: verdicts stand only as long as nothing else is evaluated, found or flagged.
    :param tell: names of people and teams; where it is empty the teams that rules ask are told.
    :param days: how long it waits for verdicts.
    """

    transition: str
    target: str
    note: str = ""
    strict: bool = False
    tell: Sequence[str] = ()
    days: int = DAYS_USUAL


def ask(call: Call, version_uid: str, command: AskApproval) -> ApprovalView:
    """Ask for approval. :raises AlreadyExists: the version waits for approval of that transition already."""
    asset, version = versions.locked(call, version_uid, Permission.APPROVAL_ASK)
    if version.state is not VersionState.LIVE:
        raise Conflict("Only a published version is approved.", state=version.state.value)
    way = clean_way(call, command.transition, command.target)
    _make_room(call, version, way)
    new = call.tx.approvals.add(_new(call, version, way, command), call.actor.id)
    whom = addressed(call, asset, command.tell) if command.tell else asked_by_rules(call, asset, version, way)
    call.tx.approvals.tell(new.uid, whom)
    moved = evidence(call, version)
    asset = call.tx.assets.advance(asset)
    more: dict[str, Json] = {"strict": new.strict, "expires_at": new.expires_at}
    call.record("approval.request", Subject("version", version.uid), details(new) | more, asset=asset)
    return approval_views(call, moved, [new])[0]


def _make_room(call: Call, version: Version, way: Way) -> None:
    before = call.tx.approvals.open_one(version.id, way)
    if before is not None and before.expires_at > call.now:
        raise AlreadyExists("The version waits for approval of that already.", approval=before.uid)
    if before is not None:
        call.tx.approvals.update(before, state=RequestState.DONE.value, ended_at=call.now)
    if call.tx.approvals.count(version.id) >= REQUESTS_MOST:
        raise Conflict(f"Approval of a version is asked for at most {REQUESTS_MOST} times.", limit=REQUESTS_MOST)


def _new(call: Call, version: Version, way: Way, command: AskApproval) -> ApprovalRequest:
    return ApprovalRequest(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        asset_id=version.asset_id,
        version_id=version.id,
        version_uid=version.uid,
        way=way,
        tree=version.tree or "",
        strict=command.strict,
        note=clean_note(command.note),
        requested_by=call.actor.uid,
        state=RequestState.OPEN,
        etag=1,
        recorded_at=call.now,
        expires_at=call.now + clean_days(command.days) * DAY_US,
        ended_at=None,
    )


def details(one: ApprovalRequest) -> dict[str, Json]:
    """What records of a request and of verdicts on it hold."""
    of: dict[str, Json] = {"approval": one.uid, "transition": one.way.kind.value, "target": one.way.target}
    return of | {"tree": one.tree, "requester": one.requested_by}


def evidence(call: Call, version: Version) -> Version:
    """What is decided of the version is to be decided again; verdicts that stood on the epoch before go along."""
    call.tx.approvals.take_along(version.id, version.evidence_epoch)
    return call.tx.versions.update(version, evidence_epoch=version.evidence_epoch + 1)


def found(call: Call, uid: str, permission: Permission) -> tuple[Asset, Version, ApprovalRequest]:
    """A request with its version, when the caller may do this to the asset. :raises NotFound: none, or not visible."""
    request = call.tx.approvals.by_uid(call.workspace.id, uid)
    owner = call.tx.assets.by_id(request.asset_id) if request else None
    asset = call.require_asset(permission, owner, "request for approval")
    assert request is not None  # noqa: S101 - require_asset refused None
    return asset, call.tx.versions.by_id(request.version_id), request


def locked(call: Call, uid: str, permission: Permission) -> tuple[Asset, Version, ApprovalRequest]:
    """The same with asset and version locked; what is read of the request is read under these locks."""
    _asset, version, _request = found(call, uid, permission)
    asset, version = versions.locked(call, version.uid, permission)
    request = call.tx.approvals.by_uid(call.workspace.id, uid)
    assert request is not None  # noqa: S101 - requests are never removed
    return asset, version, request


def get(call: Call, uid: str) -> ApprovalView:
    """One request, with what was said on it and why it stands or not."""
    _asset, version, request = found(call, uid, Permission.COMMENT_READ)
    return approval_views(call, version, [request])[0]


def listed(call: Call, version_uid: str, page: PageRequest) -> Page[ApprovalView]:
    """Requests for approval of a version, the latest first."""
    _asset, version = versions.by_uid(call, version_uid, Permission.COMMENT_READ)
    listing = f"approvals/{version.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.approvals.list(version.id, int(after[0] or 0) if after else None, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    views = partial(approval_views, call, version)
    return within_bytes(kept, views, weight, lambda one: call.sealer.seal(listing, (one.id,)))


def withdraw(call: Call, uid: str, etag: int | None) -> ApprovalView:
    """Ask no more; verdicts on it stand no more either. Its requester does, or who may set stages.

    :raises Conflict: it was withdrawn before.
    """
    asset, version, request = locked(call, uid, Permission.APPROVAL_ASK)
    check_etag(etag, request.etag)
    if request.requested_by != call.actor.uid:
        call.require(Permission.STAGE_SET, asset_target(asset), Subject("asset", asset.uid))
    if request.state is RequestState.WITHDRAWN:
        raise Conflict("The request was withdrawn before.")
    changed = call.tx.approvals.update(request, state=RequestState.WITHDRAWN.value, ended_at=call.now)
    moved = evidence(call, version)
    asset = call.tx.assets.advance(asset)
    call.record("approval.withdraw", Subject("version", version.uid), details(request), asset=asset)
    return approval_views(call, moved, [changed])[0]


def waiting(call: Call, page: PageRequest) -> Page[WaitingView]:
    """What waits for the caller's verdict in the workspace, the latest first; a page may hold less than its size."""
    call.require(Permission.SELF)
    actor = call.actor
    if actor.kind != PEOPLE:
        return Page([], None)
    access, workspace = call.caller.access, call.workspace.id
    listing = f"waiting/{actor.id}/{workspace}"
    after = call.sealer.open(listing, page.token)
    below = int(after[0] or 0) if after else None
    rows = call.tx.approvals.waiting(workspace, access.visible(workspace), actor.id, call.now, below, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    owners = call.tx.assets.by_ids(sorted({one.asset_id for one in kept.items}))
    mine = [one for one in kept.items if access.allows(Permission.VERDICT_GIVE, asset_target(owners[one.asset_id]))]
    return Page(waiting_views(call, [(one, owners[one.asset_id]) for one in mine]), kept.next_page_token)

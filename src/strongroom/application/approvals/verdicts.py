"""Verdicts: given by people who neither made nor ask for what they judge, and taken back."""

from dataclasses import dataclass

from strongroom.application.approvals import requests
from strongroom.application.approvals.requests import PEOPLE
from strongroom.application.approvals.views import ApprovalView, approval_views
from strongroom.application.call import Call, asset_target
from strongroom.domain.approvals.fields import DAY_US, DAYS_USUAL, VERDICTS_MOST, clean_days, clean_note, clean_said
from strongroom.domain.approvals.model import ApprovalRequest, RequestState, Verdict
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict
from strongroom.domain.identity.roles import Permission, Role
from strongroom.domain.registry.model import Asset, Version, VersionState


@dataclass(frozen=True, slots=True)
class GiveVerdict:
    """Approve or reject. :param tree: the digest that was looked at; refused when the version has another.

    :param days: how long it stands.
    """

    verdict: str
    note: str = ""
    tree: str | None = None
    days: int = DAYS_USUAL


def give(call: Call, uid: str, command: GiveVerdict) -> ApprovalView:
    """Approve or reject; it takes the place of what the caller said of this transition before.

    :raises Forbidden: the caller is an author, asked for it, or is no person.
    :raises Conflict: the request is not open any more, or the version is not what was looked at.
    """
    asset, version, request = requests.locked(call, uid, Permission.VERDICT_GIVE)
    refuse_interested(call, version, request)
    _must_be_open(call, version, request)
    if command.tree not in (None, version.tree):
        raise Conflict("The version holds something else than you looked at.", tree=version.tree)
    if len(call.tx.approvals.verdicts(version.id)) >= VERDICTS_MOST:
        raise Conflict(f"At most {VERDICTS_MOST} verdicts are given on a version.", limit=VERDICTS_MOST)
    moved = requests.evidence(call, version)
    new = call.tx.approvals.give(_new(call, asset, moved, request, command), request.id, call.actor.id)
    asset = call.tx.assets.advance(asset)
    call.record("approval.give", Subject("version", version.uid), _details(request, new), asset=asset)
    return approval_views(call, moved, [request])[0]


def refuse_interested(call: Call, version: Version, request: ApprovalRequest) -> None:
    """:raises Forbidden: the caller made it or asks for it, or is a service account; that is recorded."""
    actor, subject = call.actor, Subject("version", version.uid)
    if actor.kind != PEOPLE:
        call.refuse(Permission.VERDICT_GIVE, subject, "Verdicts are given by people, not by service accounts.")
    if actor.uid in call.tx.approvals.authors(version):
        call.refuse(Permission.VERDICT_GIVE, subject, "Who made a version does not judge it.")
    if actor.uid in call.tx.approvals.requesters(version.id).get(request.way, ()):
        call.refuse(Permission.VERDICT_GIVE, subject, "Who asks for approval does not give it.")


def _must_be_open(call: Call, version: Version, request: ApprovalRequest) -> None:
    if version.state is not VersionState.LIVE:
        raise Conflict("Only a published version is approved.", state=version.state.value)
    if request.state is not RequestState.OPEN:
        raise Conflict(f"The request is {request.state.value}.", state=request.state.value)
    if request.expires_at <= call.now:
        raise Conflict("The request waits no more; ask again.", state="expired")


def _new(call: Call, asset: Asset, version: Version, request: ApprovalRequest, command: GiveVerdict) -> Verdict:
    actor = call.actor
    role = call.caller.access.role_on(asset_target(asset)) or Role.VIEWER
    return Verdict(
        id=0,
        uid=call.tx.new_uid(),
        request_uid=request.uid,
        request_state=request.state,
        version_id=version.id,
        way=request.way,
        strict=request.strict,
        said=clean_said(command.verdict),
        by=actor.uid,
        disabled=False,
        tree=version.tree or "",
        epoch=version.evidence_epoch,
        role=role.name.lower(),
        teams=tuple(call.tx.approvals.teams_of(call.workspace.id, actor.id)),
        note=clean_note(command.note),
        recorded_at=call.now,
        expires_at=call.now + clean_days(command.days) * DAY_US,
        withdrawn_at=None,
    )


def _details(request: ApprovalRequest, one: Verdict) -> dict[str, Json]:
    teams = tuple(team.uid for team in one.teams)
    said: dict[str, Json] = {"verdict": one.uid, "said": one.said.value, "role": one.role, "teams": teams}
    return requests.details(request) | said | {"expires_at": one.expires_at}


def take_back(call: Call, uid: str) -> ApprovalView:
    """Take back what the caller said on a request. :raises Forbidden: it said nothing, or took it back before."""
    asset, version, request = requests.locked(call, uid, Permission.VERDICT_GIVE)
    mine = [
        one
        for one in call.tx.approvals.verdicts(version.id)
        if one.by == call.actor.uid and one.request_uid == uid and one.withdrawn_at is None
    ]
    if not mine:
        call.refuse(
            Permission.VERDICT_GIVE, Subject("version", version.uid), "Only what you said is yours to take back."
        )
    for one in mine:
        call.tx.approvals.withdraw(one, call.now)
    moved = requests.evidence(call, version)
    asset = call.tx.assets.advance(asset)
    details = requests.details(request) | {"verdict": mine[-1].uid}
    call.record("approval.take_back", Subject("version", version.uid), details, asset=asset)
    return approval_views(call, moved, [request])[0]

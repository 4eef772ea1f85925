"""Waivers: one rule does not stop a version, or an asset, until an end. Asked for by one person, granted by another."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.approvals.requests import PEOPLE, evidence
from strongroom.application.approvals.telling import addressed
from strongroom.application.approvals.views import WaiverView, waiver_views
from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets, versions
from strongroom.domain.approvals.fields import WAIVERS_MOST, clean_end, clean_note, clean_reason
from strongroom.domain.approvals.model import Waiver, WaiverState
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.gates.policy import Rule
from strongroom.domain.gates.question import StoredPolicy
from strongroom.domain.gates.waiving import digest_of
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version, VersionState

LISTED: frozenset[str] = frozenset(WaiverState)


@dataclass(frozen=True, slots=True)
class AskWaiver:
    """Ask that a rule of a policy does not stop a version, or any version of an asset: one of the two is named.

    :param ends_at: microseconds UTC. :param tell: names of people and teams.
    """

    policy: str
    rule: str
    reason: str
    ends_at: int
    version_uid: str | None = None
    asset_uid: str | None = None
    tell: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Granting, or refusing. :param ends_at: an earlier end than was asked for."""

    granted: bool
    note: str = ""
    ends_at: int | None = None


def ask(call: Call, command: AskWaiver) -> WaiverView:
    """Ask for a waiver. :raises Conflict: there are too many that are not past their end."""
    asset, version = _about(call, command)
    policy, rule = _rule(call, command)
    reason, ends_at = clean_reason(command.reason), clean_end(command.ends_at, call.now)
    if len(call.tx.waivers.current(asset.id, call.now, WAIVERS_MOST)) >= WAIVERS_MOST:
        raise Conflict(f"An asset has at most {WAIVERS_MOST} waivers at a time.", limit=WAIVERS_MOST)
    new = call.tx.waivers.add(_new(call, asset, version, (policy, rule), reason, ends_at), call.actor.id)
    call.tx.approvals.tell(new.uid, addressed(call, asset, command.tell))
    _record(call, asset, "waiver.ask", new)
    return waiver_views(call, [new])[0]


def _about(call: Call, command: AskWaiver) -> tuple[Asset, Version | None]:
    if (command.version_uid is None) == (command.asset_uid is None):
        raise Invalid("A waiver is for a version or for an asset.")
    if command.version_uid is None:
        return assets.locked(call, command.asset_uid or "", Permission.WAIVER_ASK), None
    asset, version = versions.locked(call, command.version_uid, Permission.WAIVER_ASK)
    if version.state is not VersionState.LIVE:
        raise Conflict("Only for a published version is a rule waived.", state=version.state.value)
    return asset, version


def _rule(call: Call, command: AskWaiver) -> tuple[StoredPolicy, Rule]:
    """The rule, of a policy that is in force. :raises NotFound: no such policy, or it has no such rule."""
    policies = call.tx.policies.standing(call.workspace.id)
    policy = next((one for one in policies if command.policy in (one.uid, one.policy.name)), None)
    rule = next((one for one in policy.policy.rules if one.id == command.rule), None) if policy else None
    if policy is None or rule is None:
        raise NotFound("No policy that is in force has such a rule.")
    return policy, rule


def _new(
    call: Call, asset: Asset, version: Version | None, of: tuple[StoredPolicy, Rule], reason: str, ends_at: int
) -> Waiver:
    policy, rule = of
    return Waiver(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        asset_id=asset.id,
        version_id=version.id if version else None,
        version_uid=version.uid if version else None,
        tree=(version.tree or "") if version else "",
        policy=policy.uid,
        policy_name=policy.policy.name,
        rule=rule.id,
        rule_digest=digest_of(rule),
        reason=reason,
        asked_by=call.actor.uid,
        state=WaiverState.ASKED,
        etag=1,
        recorded_at=call.now,
        ends_at=ends_at,
        decided_by=None,
        disabled=False,
        decided_at=None,
        decision_note="",
        revoked_by=None,
        revoked_at=None,
        revoked_reason="",
    )


def _record(call: Call, asset: Asset, action: str, one: Waiver) -> None:
    subject = Subject("version", one.version_uid) if one.version_uid else Subject("asset", asset.uid)
    details: dict[str, Json] = {"waiver": one.uid, "policy": one.policy, "rule": one.rule, "tree": one.tree or None}
    details |= {"asked_by": one.asked_by, "ends_at": one.ends_at}
    call.record(action, subject, details, asset=call.tx.assets.advance(asset))


def found(call: Call, uid: str, permission: Permission) -> tuple[Asset, Waiver]:
    """A waiver, when the caller may do this to its asset. :raises NotFound: none, or not visible."""
    one = call.tx.waivers.by_uid(call.workspace.id, uid)
    asset = call.require_asset(permission, call.tx.assets.by_id(one.asset_id) if one else None, "waiver")
    assert one is not None  # noqa: S101 - require_asset refused None
    return asset, one


def _locked(call: Call, uid: str, permission: Permission) -> tuple[Asset, Version | None, Waiver]:
    asset, one = found(call, uid, permission)
    asset = call.tx.assets.lock(asset.id)
    version = call.tx.versions.lock(one.version_id) if one.version_id is not None else None
    return asset, version, found(call, uid, permission)[1]


def decide(call: Call, uid: str, decision: Decision, etag: int | None) -> WaiverView:
    """Grant a waiver, or refuse it.

    :raises Forbidden: the caller asked for it, made the version, or is no person. :raises Conflict: it is decided, or
        past its end.
    """
    asset, version, one = _locked(call, uid, Permission.WAIVER_GRANT)
    check_etag(etag, one.etag)
    if decision.granted:
        _refuse_interested(call, version, one)
    if one.state is not WaiverState.ASKED:
        raise Conflict(f"The waiver is {one.state.value}.", state=one.state.value)
    if one.ends_at <= call.now:
        raise Conflict("The waiver is past its end.", state=one.state.value)
    ends_at = one.ends_at if decision.ends_at is None else clean_end(decision.ends_at, call.now)
    if ends_at > one.ends_at:
        raise Invalid("A waiver is granted for as long as was asked, or for less.")
    changed = call.tx.waivers.update(
        one,
        state=(WaiverState.GRANTED if decision.granted else WaiverState.REFUSED).value,
        decided_by=call.actor.id,
        decided_at=call.now,
        decision_note=clean_note(decision.note),
        ends_at=ends_at,
    )
    if version is not None:
        evidence(call, version)
    _record(call, asset, "waiver.grant" if decision.granted else "waiver.refuse", changed)
    return waiver_views(call, [changed])[0]


def _refuse_interested(call: Call, version: Version | None, one: Waiver) -> None:
    actor = call.actor
    subject = Subject("version", version.uid) if version else Subject("waiver", one.uid)
    if actor.kind != PEOPLE:
        call.refuse(Permission.WAIVER_GRANT, subject, "Waivers are granted by people, not by service accounts.")
    if actor.uid == one.asked_by:
        call.refuse(Permission.WAIVER_GRANT, subject, "Who asks for a waiver does not grant it.")
    if version is not None and actor.uid in call.tx.approvals.authors(version):
        call.refuse(Permission.WAIVER_GRANT, subject, "Who made a version does not waive its rules.")


def revoke(call: Call, uid: str, reason: str, etag: int | None) -> WaiverView:
    """End a waiver, or take back that one was asked for. Who asked for it does, or who may grant.

    :raises Conflict: it was refused or revoked before.
    """
    asset, version, one = _locked(call, uid, Permission.WAIVER_ASK)
    check_etag(etag, one.etag)
    if one.asked_by != call.actor.uid:
        call.require_asset(Permission.WAIVER_GRANT, asset)
    if one.state not in (WaiverState.ASKED, WaiverState.GRANTED):
        raise Conflict(f"The waiver is {one.state.value}.", state=one.state.value)
    changes = {"revoked_by": call.actor.id, "revoked_at": call.now, "revoked_reason": clean_reason(reason)}
    changed = call.tx.waivers.update(one, state=WaiverState.REVOKED.value, **changes)
    if version is not None:
        evidence(call, version)
    _record(call, asset, "waiver.revoke", changed)
    return waiver_views(call, [changed])[0]


def get(call: Call, uid: str) -> WaiverView:
    """One waiver."""
    _asset, one = found(call, uid, Permission.COMMENT_READ)
    return waiver_views(call, [one])[0]


def listed(call: Call, asset_uid: str | None, state: str | None, page: PageRequest) -> Page[WaiverView]:
    """Waivers of an asset, or of the whole workspace for who may read that; the latest first."""
    asset = assets.by_uid(call, asset_uid, Permission.COMMENT_READ) if asset_uid is not None else None
    if asset is None:
        call.require(Permission.COMMENT_READ)
    if state is not None and state not in LISTED:
        raise Invalid(f"A waiver is {', '.join(WaiverState)}.")
    listing = f"waivers/{call.workspace.id}/{asset.id if asset else ''}/{state}"
    after = call.sealer.open(listing, page.token)
    below = int(after[0] or 0) if after else None
    of = asset.id if asset else None
    visible = call.caller.access.visible(call.workspace.id)
    rows = call.tx.waivers.list(call.workspace.id, visible, of, state, below, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page(waiver_views(call, kept.items), kept.next_page_token)

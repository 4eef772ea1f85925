"""Requests for approval, verdicts and waivers as callers see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.approvals.standing import moment
from strongroom.application.call import Call
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.approvals.model import ApprovalRequest, Said, Verdict, Void, Waiver
from strongroom.domain.approvals.rules import NOBODY, Moment, judged, opens
from strongroom.domain.registry.model import Asset, Version


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One person's word. `teams`: those it was a member of then; `void`: why it does not stand, "" where it does."""

    uid: str
    verdict: str
    by: str
    by_name: str
    role: str
    teams: Sequence[str]
    note: str
    tree: str
    stands: bool
    void: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A request for approval with what was said on it. `approvals` and `rejections` count what stands.

    `state` is open, done or withdrawn. A gate decides whether that is enough.
    """

    uid: str
    version_uid: str
    transition: str
    target: str
    tree: str
    strict: bool
    note: str
    requested_by: str
    requested_by_name: str
    state: str
    approvals: int
    rejections: int
    verdicts: Sequence[VerdictView]
    etag: int
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A request that waits for you."""

    uid: str
    asset: str
    kind: str
    version: int | None
    version_uid: str
    transition: str
    target: str
    tree: str
    note: str
    requested_by: str
    requested_by_name: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WaiverView:
    """A waiver of one rule of a policy. `version_uid` is null where it is for all of the asset; `opens`: now."""

    uid: str
    asset_uid: str
    version_uid: str | None
    policy: str
    policy_name: str
    rule: str
    reason: str
    state: str
    opens: bool
    asked_by: str
    created_at: datetime
    ends_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    revoked_by: str | None
    revoked_at: datetime | None
    revoked_reason: str
    etag: int


def approval_views(call: Call, version: Version, found: Sequence[ApprovalRequest]) -> list[ApprovalView]:
    """Requests for approval of one version."""
    said: dict[str, list[tuple[Verdict, Void | None]]] = {}
    for verdict, void in judged(call.tx.approvals.verdicts(version.id), moment(call, version)):
        said.setdefault(verdict.request_uid, []).append((verdict, void))
    people = {one.requested_by for one in found} | {one.by for them in said.values() for one, _void in them}
    names = call.tx.principals.names(sorted(people))
    return [_approval(one, said.get(one.uid, ()), names) for one in found]


def _approval(
    one: ApprovalRequest, said: Iterable[tuple[Verdict, Void | None]], names: Mapping[str, str]
) -> ApprovalView:
    verdicts = [_verdict(given, void, names.get(given.by, "")) for given, void in said]
    counts = {word: sum(each.stands and each.verdict == word for each in verdicts) for word in Said}
    return ApprovalView(
        one.uid,
        one.version_uid,
        one.way.kind.value,
        one.way.target,
        one.tree,
        one.strict,
        one.note,
        one.requested_by,
        names.get(one.requested_by, ""),
        one.state.value,
        counts[Said.APPROVE],
        counts[Said.REJECT],
        verdicts,
        one.etag,
        time_of(one.recorded_at),
        time_of(one.expires_at),
        maybe_time(one.ended_at),
    )


def _verdict(one: Verdict, void: Void | None, name: str) -> VerdictView:
    return VerdictView(
        one.uid,
        one.said.value,
        one.by,
        name,
        one.role,
        [team.name for team in one.teams],
        one.note,
        one.tree,
        void is None,
        "" if void is None else void.value,
        time_of(one.recorded_at),
        time_of(one.expires_at),
    )


def weight(view: ApprovalView) -> int:
    """About how many bytes it is as JSON."""
    return 1_500 + 2 * len(view.note) + sum(1_000 + 2 * len(one.note) + 260 * len(one.teams) for one in view.verdicts)


def waiting_views(call: Call, found: Sequence[tuple[ApprovalRequest, Asset]]) -> list[WaitingView]:
    """Requests with the assets that they are about."""
    names = call.tx.principals.names(sorted({one.requested_by for one, _asset in found}))
    versions = call.tx.versions.by_ids(sorted({one.version_id for one, _asset in found}))
    return [
        WaitingView(
            one.uid,
            asset.path,
            asset.kind,
            versions[one.version_id].number,
            one.version_uid,
            one.way.kind.value,
            one.way.target,
            one.tree,
            one.note,
            one.requested_by,
            names.get(one.requested_by, ""),
            time_of(one.recorded_at),
            time_of(one.expires_at),
        )
        for one, asset in found
    ]


def waiver_views(call: Call, found: Sequence[Waiver]) -> list[WaiverView]:
    """Waivers of assets that the caller may see."""
    owners = call.tx.assets.by_ids(sorted({one.asset_id for one in found}))
    versions = call.tx.versions.by_ids(sorted({one.version_id for one in found if one.version_id is not None}))
    return [_waiver(call, one, owners[one.asset_id], versions.get(one.version_id or 0)) for one in found]


def _waiver(call: Call, one: Waiver, asset: Asset, version: Version | None) -> WaiverView:
    return WaiverView(
        one.uid,
        asset.uid,
        one.version_uid,
        one.policy,
        one.policy_name,
        one.rule,
        one.reason,
        one.state.value,
        opens(one, moment(call, version) if version else Moment(one.tree, 0, call.now, NOBODY)),
        one.asked_by,
        time_of(one.recorded_at),
        time_of(one.ends_at),
        one.decided_by,
        maybe_time(one.decided_at),
        one.decision_note,
        one.revoked_by,
        maybe_time(one.revoked_at),
        one.revoked_reason,
        one.etag,
    )

"""Approval of versions and waivers of rules: asked for, given, refused, and what of it stands."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Invalid, NotFound
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, version_uid
from strongroom.sdk.models import Answer

WAYS = ("stage", "alias", "environment")


class Verdict(Answer, frozen=True):
    """One person's word; `void` says why it does not stand, "" where it does."""

    uid: str
    verdict: str
    by: str
    by_name: str
    role: str
    teams: list[str]
    note: str
    tree: str
    stands: bool
    void: str
    created_at: datetime
    expires_at: datetime


class Approval(Answer, frozen=True):
    """A request for approval of a version, with what was said on it; `approvals` and `rejections` count what stands."""

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
    verdicts: list[Verdict]
    etag: int
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class Waiting(Answer, frozen=True):
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


class Waiver(Answer, frozen=True):
    """A waiver of one rule of a policy; `opens` says whether it does now."""

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
    etag: int
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_note: str = ""
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revoked_reason: str = ""


def way_of(text: str) -> tuple[str, str]:
    """``stage:production`` as its kind and target."""
    kind, _, target = text.partition(":")
    if kind not in WAYS or not target:
        raise Invalid(f"A transition is such as stage:production, alias:champion or environment:prod, not {text!r}.")
    return kind, target


class Approvals:
    """``client.approvals``. A transition is ``stage:production``, ``alias:champion`` or ``environment:prod``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def request(
        self,
        version: VersionRef,
        way: str,
        *,
        note: str = "",
        tell: Sequence[str] = (),
        strict: bool = False,
        days: int = 30,
    ) -> Approval:
        """Ask for approval of a version for a transition.

        :param tell: names of people and teams who find it in their inboxes.
        :param strict: verdicts stand only as long as nothing else is evaluated, found or flagged.
        :param days: how long it waits for verdicts.
        """
        kind, target = way_of(way)
        said: dict[str, Any] = {
            "transition": kind,
            "target": target,
            "note": note,
            "tell": list(tell),
            "strict": strict,
            "days": days,
        }
        return self._api.call("approval.request", Approval, uid=version_uid(self._api, version), **said)

    def of(self, version: VersionRef) -> Iterator[Approval]:
        """What was asked and said of a version, the latest request first."""
        return self._api.every("approval.list", Approval, uid=version_uid(self._api, version))

    def waiting(self) -> Iterator[Waiting]:
        """What waits for your verdict."""
        return self._api.every("approval.waiting", Waiting)

    def get(self, uid: str) -> Approval:
        """One request."""
        return self._api.call("approval.get", Approval, uid=uid)

    def approve(self, request: Approval | Waiting | str, *, note: str = "", days: int = 30) -> Approval:
        """Approve what a request is about; of one that you hold, only if it is still what the request shows."""
        return self._give("approve", request, note, days)

    def reject(self, request: Approval | Waiting | str, *, note: str = "", days: int = 30) -> Approval:
        """Reject it."""
        return self._give("reject", request, note, days)

    def _give(self, verdict: str, request: Approval | Waiting | str, note: str, days: int) -> Approval:
        uid, tree = (request, None) if isinstance(request, str) else (request.uid, request.tree)
        return self._api.call("approval.give", Approval, uid=uid, verdict=verdict, note=note, days=days, tree=tree)

    def take_back(self, request: Approval | Waiting | str) -> Approval:
        """Take back what you said."""
        return self._api.call("approval.take_back", Approval, uid=_uid(request))

    def withdraw(self, request: Approval | str) -> Approval:
        """Ask no more; what was said on it stands no more either."""
        return self._api.call("approval.withdraw", Approval, uid=_uid(request))

    def open(self, version: VersionRef, way: str | None = None) -> Approval:
        """The request of a version that waits for verdicts: of a transition, or the only one.

        :raises NotFound: none does. :raises Invalid: several do, and no transition is named.
        """
        wanted = way_of(way) if way else None
        now = datetime.now(UTC)
        found = [
            one
            for one in self.of(version)
            if one.state == "open" and one.expires_at > now and wanted in (None, (one.transition, one.target))
        ]
        if not found:
            raise NotFound("Nothing of that version waits for approval.")
        if len(found) > 1:
            raise Invalid("Several wait: name the transition, such as stage:production.")
        return found[0]


class Waivers:
    """``client.waivers``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def ask(
        self,
        policy: str,
        rule: str,
        *,
        reason: str,
        version: VersionRef | None = None,
        asset: AssetRef | None = None,
        until: datetime | timedelta = timedelta(days=7),
        tell: Sequence[str] = (),
    ) -> Waiver:
        """Ask that a rule does not stop a version, or any version of an asset, until an end at most 90 days away.

        :param until: a time, or how long from now.
        """
        ends_at = datetime.now(UTC) + until if isinstance(until, timedelta) else until
        about: dict[str, Any] = {} if version is None else {"version_uid": version_uid(self._api, version)}
        about |= {"asset_uid": asset_uid(self._api, asset)} if asset is not None else {}
        said: dict[str, Any] = {
            "policy": policy,
            "rule": rule,
            "reason": reason,
            "ends_at": ends_at,
            "tell": list(tell),
        }
        return self._api.call("waiver.ask", Waiver, **about, **said)

    def list(self, asset: AssetRef | None = None, *, state: str | None = None) -> Iterator[Waiver]:
        """Waivers of an asset, or of the whole workspace; the latest first."""
        of = None if asset is None else asset_uid(self._api, asset)
        return self._api.every("waiver.list", Waiver, asset=of, state=state)

    def get(self, uid: str) -> Waiver:
        """One waiver."""
        return self._api.call("waiver.get", Waiver, uid=uid)

    def grant(self, waiver: Waiver | str, *, note: str = "", until: datetime | None = None) -> Waiver:
        """Grant what somebody else asked for, perhaps for less time."""
        return self._api.call("waiver.grant", Waiver, uid=_uid(waiver), note=note, ends_at=until)

    def refuse(self, waiver: Waiver | str, *, note: str = "") -> Waiver:
        """Refuse it."""
        return self._api.call("waiver.refuse", Waiver, uid=_uid(waiver), note=note)

    def revoke(self, waiver: Waiver | str, reason: str) -> Waiver:
        """End it before its time."""
        return self._api.call("waiver.revoke", Waiver, uid=_uid(waiver), reason=reason)


def _uid(one: Approval | Waiting | Waiver | str) -> str:
    return one if isinstance(one, str) else one.uid

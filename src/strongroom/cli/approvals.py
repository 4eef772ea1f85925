"""Approval of versions from a terminal: asked for, given, listed; and waivers of rules."""

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.lookup import SIGNS

Flag = Annotated[bool, Parameter(negative="")]
Names = Annotated[list[str] | None, Parameter(negative_iterable="")]
_REQUESTS = ("uid", "way", "state", "approvals", "rejections", "requested_by_name", "expires_at")
_VERDICTS = ("verdict", "by_name", "teams", "role", "stands", "void", "note", "created_at")
_WAITING = ("uid", "reference", "way", "requested_by_name", "note", "expires_at")
_WAIVERS = ("uid", "policy_name", "rule", "state", "opens", "ends_at", "reason")


def request(
    reference: str,
    way: str,
    *,
    note: Annotated[str, Parameter(help="What those who decide should know.")] = "",
    tell: Names = None,
    strict: Flag = False,
    days: int = 30,
    common: Common | None = None,
) -> None:
    """Ask for approval of a version for a transition.

    Parameters
    ----------
    reference:
        The version.
    way:
        Where it is to go: stage:production, alias:champion or environment:prod.
    tell:
        A person or team who finds it in the inbox; repeat it for several.
    strict:
        Verdicts stand only as long as nothing else is evaluated, found or flagged.
    days:
        How long it waits for verdicts.
    """
    common = common or NONE
    with common.client() as client:
        made = client.approvals.request(reference, way, note=note, tell=tell or (), strict=strict, days=days)
    output.emit(made) if common.json else output.line(made.uid)


def approve(
    reference: str,
    way: str | None = None,
    *,
    reject: Flag = False,
    note: Annotated[str, Parameter(help="Why.")] = "",
    days: int = 30,
    common: Common | None = None,
) -> None:
    """Approve a version that waits for it, or reject it.

    Parameters
    ----------
    reference:
        The version.
    way:
        Where it is to go, such as stage:production, where several transitions wait.
    reject:
        Reject it.
    days:
        How long your word stands.
    """
    common = common or NONE
    with common.client() as client:
        asked = client.approvals.open(reference, way)
        give = client.approvals.reject if reject else client.approvals.approve
        found = give(asked, note=note, days=days)
    if common.json:
        output.emit(found)
        return
    said = "rejected" if reject else "approved"
    counts = f"{found.approvals} approve, {found.rejections} reject"
    output.line(f"{reference} {said} for {found.transition}:{found.target} ({counts})")


def list_(reference: str, *, common: Common | None = None) -> None:
    """Approval of a version: what was asked, what was said, and what of it stands.

    Parameters
    ----------
    reference:
        The version.
    """
    common = common or NONE
    with common.client() as client:
        found = list(client.approvals.of(reference))
    if common.json:
        output.rows(found, as_json=True)
        return
    shown = [{**output.plain(one), "way": f"{one.transition}:{one.target}"} for one in found]
    output.rows(shown, as_json=False, columns=_REQUESTS)
    verdicts = [one for asked in found for one in asked.verdicts]
    if verdicts:
        output.line("")
        output.rows(verdicts, as_json=False, columns=_VERDICTS)


def waiting(*, common: Common | None = None) -> None:
    """What waits for your verdict, the latest first."""
    common = common or NONE
    with common.client() as client:
        found = list(client.approvals.waiting())
    if common.json:
        output.rows(found, as_json=True)
        return
    more = [{"reference": f"{one.asset}:{one.version}", "way": f"{one.transition}:{one.target}"} for one in found]
    shown = [{**output.plain(one), **said} for one, said in zip(found, more, strict=True)]
    output.rows(shown, as_json=False, columns=_WAITING)


def ask_waiver(
    reference: str,
    policy: str,
    rule: str,
    *,
    reason: str,
    days: int = 7,
    tell: Names = None,
    common: Common | None = None,
) -> None:
    """Ask that a rule of a policy does not stop a version, or an asset, until an end.

    Parameters
    ----------
    reference:
        The version; or the asset, for all its versions.
    policy:
        Name or uid of the policy.
    rule:
        Id of the rule.
    reason:
        Why.
    days:
        For how long, at most 90.
    tell:
        A person or team who finds it in the inbox; repeat it for several.
    """
    common = common or NONE
    one = any(sign in reference for sign in SIGNS)
    with common.client() as client:
        made = client.waivers.ask(
            policy,
            rule,
            reason=reason,
            version=reference if one else None,
            asset=None if one else reference,
            until=timedelta(days=days),
            tell=tell or (),
        )
    output.emit(made) if common.json else output.line(made.uid)


def waivers(reference: str | None = None, *, state: str | None = None, common: Common | None = None) -> None:
    """Waivers of an asset, or of the workspace; the latest first.

    Parameters
    ----------
    reference:
        The asset.
    state:
        Only those that are asked, granted, refused or revoked.
    """
    common = common or NONE
    with common.client() as client:
        output.rows(client.waivers.list(reference, state=state), as_json=common.json, columns=_WAIVERS)

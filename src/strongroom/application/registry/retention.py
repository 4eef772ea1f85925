"""Retention rules: set, inherited, and what they would do. The job (`retaining`) asks the same `decisions`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, namespaces, versions
from strongroom.application.registry.views import VersionView, version_view
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, TooLarge
from strongroom.domain.identity.roles import Permission, Visibility
from strongroom.domain.registry.model import Asset, VersionState
from strongroom.domain.registry.refs import REFS_MOST, RefKind
from strongroom.domain.registry.retention import (
    DAY_US,
    DAYS_MOST,
    Best,
    Decision,
    Direction,
    Facts,
    RetentionRule,
    decide,
)

VERSIONS_MOST: Final = 100_000
"""Live versions of an asset that are decided about together."""


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The rule that holds for an asset or namespace, whether it is set here, and the namespace where else it is."""

    rule: RetentionRule | None
    own: bool
    namespace: str | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What happens to a version: it is kept by all of `because`, or goes to the trash: `expired`, or by the `rule`."""

    version_uid: str
    version: int
    kept: bool
    because: Sequence[str]
    bytes: int
    created_at: datetime
    expires_at: datetime | None


def as_text(rule: RetentionRule) -> str:
    """As it is stored."""
    return json.dumps(asdict(rule), separators=(",", ":"), sort_keys=True)


def from_text(text: str) -> RetentionRule:
    """What `as_text` wrote."""
    said = json.loads(text)
    best = tuple(Best(one["metric"], one["count"], Direction(one["direction"])) for one in said.pop("best"))
    return RetentionRule(**{**said, "best": best, "tags": tuple(said["tags"])})


def rule_of(tx: Transaction, asset: Asset) -> RetentionView:
    """The rule of an asset: its own, or that of the nearest namespace that has one.

    A private asset is out of the reach of who administers a namespace, so only the workspace's own rule comes to it.
    """
    own = tx.retention.rule("asset", asset.id)
    if own is not None:
        return RetentionView(from_text(own), own=True, namespace=None)
    path = "" if asset.visibility == Visibility.PRIVATE.value else asset.namespace_path
    return _above(tx, asset.workspace_id, path)


def _above(tx: Transaction, workspace_id: int, path: str) -> RetentionView:
    while True:
        namespace = tx.namespaces.by_path(workspace_id, path)
        text = tx.retention.rule("namespace", namespace.id) if namespace else None
        if text is not None:
            return RetentionView(from_text(text), own=False, namespace=path)
        if not path:
            return RetentionView(None, own=False, namespace=None)
        path = path.rpartition("/")[0]


def get(call: Call, asset_uid: str) -> RetentionView:
    """The rule of an asset."""
    return rule_of(call.tx, assets.by_uid(call, asset_uid, Permission.ASSET_READ))


def set_for_asset(call: Call, asset_uid: str, rule: RetentionRule | None, etag: int | None) -> RetentionView:
    """Give an asset a rule of its own, or with None that of its namespace again."""
    asset = assets.locked(call, asset_uid, Permission.RETENTION_SET)
    check_etag(etag, asset.etag)
    call.tx.retention.set_rule("asset", asset.id, as_text(rule) if rule else None)
    asset = call.tx.assets.advance(asset)
    call.record("retention.set", Subject("asset", asset.uid), _said(rule), asset=asset)
    return rule_of(call.tx, asset)


def get_for_namespace(call: Call, uid: str) -> RetentionView:
    """The rule of a namespace, its own or that of one above it."""
    namespace = namespaces.by_uid(call, uid, Permission.NAMESPACE_READ)
    found = _above(call.tx, namespace.workspace_id, namespace.path)
    return replace(found, own=found.namespace == namespace.path)


def set_for_namespace(call: Call, uid: str, rule: RetentionRule | None) -> RetentionView:
    """The same for all assets of a namespace and below it that have no nearer one; the root's is the workspace's."""
    namespace = namespaces.by_uid(call, uid, Permission.RETENTION_SET)
    call.tx.retention.set_rule("namespace", namespace.id, as_text(rule) if rule else None)
    call.record("retention.set", Subject("namespace", namespace.uid), _said(rule))
    return get_for_namespace(call, uid)


def _said(rule: RetentionRule | None) -> Mapping[str, str | int | bool | None]:
    """What the audit log keeps of a rule: numbers, and how many names; tags and metrics may be anybody's words."""
    if rule is None:
        return {"rule": None}
    said = {"everything": rule.everything, "last": rule.last, "days": rule.days, "purge_days": rule.purge_days}
    return {**said, "best": len(rule.best), "tags": len(rule.tags)}


def simulate(
    call: Call, asset_uid: str, rule: RetentionRule | None, page: PageRequest, *, kept: bool | None = None
) -> Page[DecisionView]:
    """What the next run of retention would do to the live versions of an asset, the greatest number first.

    :param rule: as if the asset had this one; None takes the one that it has. :param kept: only those; None for all.
    """
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    listing = f"retention/{asset.id}/{as_text(rule) if rule else ''}/{kept}"
    after = call.sealer.open(listing, page.token)
    found = decisions(call.tx, asset, rule or rule_of(call.tx, asset).rule)
    rows = [
        one
        for one in found
        if (kept is None or one.kept is kept) and (after is None or one.version.number < int(str(after[0])))
    ]
    return call.sealer.page(listing, rows[: page.size + 1], page.size, lambda one: (one.version.number,)).map(_view)


def _view(one: Decision) -> DecisionView:
    of = one.version
    expires_at = maybe_time(of.expires_at)
    return DecisionView(of.uid, of.number, one.kept, one.because, of.bytes, time_of(of.recorded_at), expires_at)


def decisions(tx: Transaction, asset: Asset, rule: RetentionRule | None) -> list[Decision]:
    """What a rule says to the live versions of an asset at the time of the transaction.

    :raises TooLarge: there are more than are decided about together.
    """
    found = tx.retention.candidates(asset.id, VERSIONS_MOST + 1)
    if len(found) > VERSIONS_MOST:
        raise TooLarge(f"More than {VERSIONS_MOST} live versions.", limit=VERSIONS_MOST)
    holders = _holders(tx, asset)
    refs = _refs(tx, asset)
    tags = tx.tags.current("version", [one.id for one in found]) if rule and rule.tags else {}
    metrics = tx.retention.metrics(asset, [best.metric for best in rule.best]) if rule and rule.best else {}
    facts = [
        Facts(
            one.uid,
            one.number,
            one.recorded_at,
            one.bytes,
            one.expires_at,
            (*holders.get(one.id, ()), *refs.get(one.revision or "", ())),
            {tag.key: tag.value for tag in tags.get(one.id, ())},
            metrics.get(one.id, {}),
        )
        for one in found
    ]
    return decide(rule, facts, tx.now())


def _holders(tx: Transaction, asset: Asset) -> dict[int, list[str]]:
    """What exempts versions, by their ids. Links are not named: whoever sees the asset may not see theirs."""
    found: dict[int, list[str]] = {}
    for alias in tx.aliases.current(asset.id):
        found.setdefault(alias.version_id, []).append(f"alias:{alias.name}")
    for version_id, uids in tx.holds.held(asset.id).items():
        found.setdefault(version_id, []).extend(f"hold:{uid}" for uid in uids)
    for version_id in tx.retention.linked(asset.id):
        found.setdefault(version_id, []).append("link")
    for version_id, names in tx.placements.held(asset_id=asset.id).items():
        found.setdefault(version_id, []).extend(names)
    return found


def _refs(tx: Transaction, asset: Asset) -> dict[str, list[str]]:
    """Branches and pins by the revision that they stand at: nothing there could be purged."""
    found: dict[str, list[str]] = {}
    for kind in RefKind:
        for ref in tx.refs.list(asset.id, kind, None, REFS_MOST):
            found.setdefault(ref.revision, []).append(f"{kind.value}:{ref.name}")
    return found


def expire(call: Call, version_uid: str, expires_at: int | None, etag: int | None) -> VersionView:
    """Say when a version goes to the trash, whatever rules say; with None it is for the rules again.

    :param expires_at: microseconds UTC, ahead. :raises Invalid: it is over, or more than 100 years ahead.
    """
    asset, version = versions.locked(call, version_uid, Permission.VERSION_DELETE)
    check_etag(etag, version.etag)
    if version.state is not VersionState.LIVE:
        raise Conflict("Only a published version outside the trash expires.", state=version.state.value)
    if expires_at is not None and not call.now < expires_at <= call.now + DAYS_MOST * DAY_US:
        raise Invalid(f"A version expires ahead, within {DAYS_MOST} days.", limit=DAYS_MOST)
    changed = call.tx.versions.update(version, expires_at=expires_at)
    asset = call.tx.assets.advance(asset)
    call.record("version.expire", Subject("version", version.uid), {"expires_at": expires_at}, asset=asset)
    return version_view(call, asset, changed)

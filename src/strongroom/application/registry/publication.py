"""Publication rules applied: when a commit, a new pin or a quiet branch becomes a version by itself (domain.md N6).

It happens in the transaction of what caused it, under a savepoint: what is refused leaves the commit where it is, and
an event that says so. Only `quiet` waits, in a row that outlives the process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.call import Call, check_etag
from strongroom.application.gates import deciding
from strongroom.application.gates.deciding import Verdicts
from strongroom.application.identity import setup
from strongroom.application.ports.documents import LoadYaml
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.gates import Expressions
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, card_facts, namespaces, publishing, readiness
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.readiness import FAILURES, Ready
from strongroom.application.registry.views import VersionView
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import DomainError
from strongroom.domain.gates.question import Undecided
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.publication import REQUEST, PublicationRule, parse_rule
from strongroom.domain.registry.refs import MAIN, RefKind, StoredRevision

T = TypeVar("T")
AT_ONCE: Final = 100


def rule_of(call: Call, asset: Asset) -> PublicationRule:
    """The rule of an asset: its own, or that of the nearest namespace that has one."""
    text = _text_of(call, asset)
    return parse_rule(text) if text is not None else REQUEST


def has_rule(call: Call, asset: Asset) -> bool:
    """Whether somebody set a rule for the asset, or for a namespace that it is in."""
    return _text_of(call, asset) is not None


def _text_of(call: Call, asset: Asset) -> str | None:
    text = call.tx.publication.rule("asset", asset.id)
    path = asset.namespace_path
    while text is None:
        namespace = call.tx.namespaces.by_path(asset.workspace_id, path)
        text = call.tx.publication.rule("namespace", namespace.id) if namespace else None
        if not path:
            break
        path = path.rpartition("/")[0]
    return text


def get(call: Call, asset_uid: str) -> tuple[str, bool]:
    """The rule of an asset as text, and whether it is its own."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    return str(rule_of(call, asset)), call.tx.publication.rule("asset", asset.id) is not None


def set_for_asset(call: Call, asset_uid: str, rule: str | None, etag: int | None) -> tuple[str, bool]:
    """Give an asset a rule of its own, or with None that of its namespace again; for what happens from now on."""
    asset = assets.locked(call, asset_uid, Permission.PUBLICATION_SET)
    check_etag(etag, asset.etag)
    text = str(parse_rule(rule)) if rule is not None else None
    call.tx.publication.set_rule("asset", asset.id, text)
    asset = call.tx.assets.advance(asset)
    call.record("publication.set", Subject("asset", asset.uid), {"rule": text}, asset=asset)
    return str(rule_of(call, asset)), text is not None


def set_for_namespace(call: Call, uid: str, rule: str | None) -> tuple[str, bool]:
    """The same for all assets of a namespace and below it that have none of their own."""
    namespace = namespaces.by_uid(call, uid, Permission.NAMESPACE_EDIT)
    text = str(parse_rule(rule)) if rule is not None else None
    call.tx.publication.set_rule("namespace", namespace.id, text)
    call.record("publication.set", Subject("namespace", namespace.uid), {"rule": text})
    return text or str(REQUEST), text is not None


def publishes(call: Call, asset: Asset, kind: RefKind, name: str) -> bool:
    """Whether making or moving this ref makes a version at once, so that the tree is to be looked at before."""
    rule = rule_of(call, asset)
    return rule.pin if kind is RefKind.PIN else rule.commit and name == MAIN


def follow(
    call: Call, asset: Asset, kind: RefKind, name: str, revision: StoredRevision, ready: Ready | None
) -> VersionView | None:
    """What the rule says to a ref that was made or moved just now; the asset is locked and was advanced.

    :param ready: the tree as it was looked at; None when no rule asked for that a moment ago.
    """
    if kind is RefKind.BRANCH and name != MAIN:
        return None
    rule = rule_of(call, asset)
    if rule.quiet_s is not None:
        call.tx.publication.wait(asset.id, call.now + rule.quiet_s * 1_000_000)
    if ready is None or ready.tree != revision.tree:
        return None
    if kind is RefKind.PIN:
        return _publish(call, asset, revision, "pin", ready, PublishDetails(label=name)) if rule.pin else None
    if rule.commit and call.tx.versions.by_revision(asset.id, revision.digest) is None:
        return _publish(call, asset, revision, "commit", ready, PublishDetails())
    return None


def _publish(
    call: Call, asset: Asset, revision: StoredRevision, rule: str, ready: Ready, details: PublishDetails
) -> VersionView | None:
    records = len(call.records)

    def act() -> VersionView:
        if isinstance(ready.said, DomainError):
            raise ready.said
        made = publishing.publish_revision(call, asset, revision, ready.said, details)
        card_facts.derive(call, asset, made.uid, ready.card)
        return made

    try:
        return call.tx.attempt(act)
    except (*FAILURES, Undecided):
        raise
    except DomainError as refused:
        del call.records[records:]
        said: Mapping[str, Json] = {"revision": revision.digest, "rule": rule, "code": refused.code}
        asset = call.tx.assets.advance(call.tx.assets.by_id(asset.id))
        call.record("publication.refused", Subject("asset", asset.uid), said, asset=asset)
        return None


@dataclass(frozen=True, slots=True)
class AsServer:
    """Reads as the server itself."""

    executor: Executor
    store: BlobStore
    yaml: LoadYaml

    async def read(self, work: Callable[[Call], T]) -> T:
        """Run a step that reads, on a snapshot of its own."""
        return await self.executor.read(lambda tx: work(setup.as_system(tx, setup.ensure_default_workspace(tx))))


async def publish_quiet(
    executor: Executor, store: BlobStore, yaml: LoadYaml, expressions: Expressions | None = None
) -> int:
    """Publish the heads of `main` whose time has come, each in a transaction of its own; returns how many were due.

    :param expressions: who evaluates what stands before a registration; without it nothing passes that a rule is about.
    """
    due = await executor.read(lambda tx: tx.publication.due(tx.now(), AT_ONCE))
    for asset_id in due:
        kind, tree = await executor.read(lambda tx, id_=asset_id: _standing(tx, id_))  # type: ignore[misc]
        ready = await readiness.of_tree(AsServer(executor, store, yaml), kind, tree) if tree else None
        await deciding.settled(expressions, partial(_publish_one, executor, asset_id, ready))
    return len(due)


async def _publish_one(executor: Executor, asset_id: int, ready: Ready | None, verdicts: Verdicts) -> None:
    await executor.command(lambda tx: publish_head(tx, asset_id, ready, verdicts))


def _standing(tx: Transaction, asset_id: int) -> tuple[str, str | None]:
    """The kind of an asset, and the tree at the head of its `main`."""
    ref = tx.refs.get(asset_id, MAIN)
    tree = tx.revisions.get(asset_id, [ref.revision])[ref.revision].tree if ref else None
    return tx.assets.by_id(asset_id).kind, tree


def publish_head(tx: Transaction, asset_id: int, ready: Ready | None, verdicts: Verdicts) -> None:
    """Another process may have done it, somebody may have committed or changed the rule: all is read again, locked."""
    asset = tx.assets.lock(asset_id)
    due_at = tx.publication.due_at(asset_id)
    if due_at is None or due_at > tx.now():
        return
    tx.publication.done(asset_id)
    call = replace(setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id)), verdicts=verdicts)
    ref = tx.refs.get(asset_id, MAIN)
    if asset.deleted_at is not None or ref is None or ready is None or rule_of(call, asset).quiet_s is None:
        return
    revision = tx.revisions.get(asset_id, [ref.revision])[ref.revision]
    if tx.versions.by_revision(asset_id, ref.revision) is None and revision.tree == ready.tree:
        _publish(call, asset, revision, "quiet", ready, PublishDetails())

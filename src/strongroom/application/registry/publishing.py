"""Publishing: from a folder to a version. Freeze in one snapshot, write pages, then seal in a constant number of rows.

Three transactions (domain.md section 3, Freeze): a read that sees the folder as of one moment; a write of tree pages
and possession rows, which nobody can see yet; and the seal, which makes version, number, aliases, edges, audit record
and event appear at once. A crash before the seal leaves pages that nothing refers to. The few rows of a small tree are
written in the seal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Crossing
from strongroom.application.lineage import graph
from strongroom.application.manifests import sealing as manifests
from strongroom.application.registry import aliases, assets, cards, revisions, versions
from strongroom.application.registry.assets import clean_properties, clean_tags
from strongroom.application.registry.freezing import Snapshot, complete, finished, freeze_folder, leave, snapshot_of
from strongroom.application.registry.views import VersionView, version_view
from strongroom.application.tracking import logged_lookup, runs, sealing
from strongroom.domain.artifacts.model import TreeTotals
from strongroom.domain.artifacts.tree import Entry, FileEntry, tree_digest
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Corrupted, Invalid, NotFound
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.fields import Scalar, clean_description
from strongroom.domain.registry.model import Asset, Draft, Version, VersionState
from strongroom.domain.registry.names import NUMBER_LARGEST, clean_label
from strongroom.domain.registry.refs import StoredRevision
from strongroom.domain.tracking.model import Run
from strongroom.domain.tracking.source import maybe_claimed

DRAFT_LIFE_US = 7 * 24 * 3600 * 1_000_000
DRAFT_LIFE_LONGEST_S = 30 * 24 * 3600
EMPTY_TREE = tree_digest([])
After = Callable[[Call, str], None]
"""What else is said of a version, by its uid, in the transaction that makes it appear."""


@dataclass(frozen=True, slots=True)
class PublishDetails:
    """What is said of a version as it is published.

    :param number: one that was never issued (imports); the next one when None.
    :param label: the caller's own name for it; digits only is the same as `number`.
    :param run_uid: the run that made it, when its folder is not the source.
    :param logged_model_uid: the logged model that it is made of.
    :param base_uids: versions that it derives from (lineage edges of type "base").
    :param copied_from: the version whose very content it is.
    :param origin: the address of the content as the caller named it, kept as data.
    :param claimed_at: when the version was made elsewhere, microseconds since 1970 in UTC.
    """

    description: str = ""
    label: str | None = None
    number: int | None = None
    message: str = ""
    parents: Sequence[str] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    signature: Mapping[str, object] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    run_uid: str | None = None
    base_uids: Sequence[str] = ()
    copied_from: str | None = None
    logged_model_uid: str | None = None
    origin: str | None = None
    claimed_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Content:
    """What a version is of: its revision, that tree's totals and manifest, and the run that made it."""

    revision: StoredRevision
    totals: TreeTotals
    run: Run | None
    said: manifests.Said


def nothing_more(_: Call, __: str) -> None:
    """What follows a version that is only published."""


def create_draft(call: Call, asset_uid: str, label: str | None, life_s: int | None) -> VersionView:
    """Begin a version: a folder to fill, which nobody takes for a version until it is sealed.

    :param life_s: seconds until it expires when not sealed; 7 days when None, at most 30.
    """
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    if life_s is not None and not 1 <= life_s <= DRAFT_LIFE_LONGEST_S:
        raise Invalid("A draft lives between a second and 30 days.", limit=DRAFT_LIFE_LONGEST_S)
    clean = clean_label(label) if label else None
    if isinstance(clean, int):
        raise Invalid("A label of digits only is a number; state it when sealing.")
    version = call.tx.versions.add(_new_version(call, asset, VersionState.DRAFT, clean), asset)
    folder = call.tx.folders.add("draft", version.id, call.workspace.id)
    expires = call.now + (life_s * 1_000_000 if life_s else DRAFT_LIFE_US)
    call.tx.versions.add_draft(Draft(version.id, folder.id, None, "open", expires))
    asset = call.tx.assets.advance(asset)
    call.record("draft.create", Subject("version", version.uid), {"asset": asset.uid}, asset=asset, event=False)
    return version_view(call, asset, version)


def abort_draft(call: Call, uid: str) -> None:
    """End a draft without a version, in the trash as well; its label is free again."""
    asset, version = versions.by_uid(call, uid, Permission.VERSION_REGISTER)
    asset, version = call.tx.assets.lock(asset.id), call.tx.versions.lock(version.id)
    draft = call.tx.versions.draft(version.id)
    if draft is None or draft.state != "open":
        raise Conflict("The draft is not open.", state=draft.state if draft else version.state.value)
    call.tx.versions.end_draft(version.id, "failed")
    call.tx.versions.update(version, label=None)
    call.record("draft.abort", Subject("version", uid), asset=call.tx.assets.advance(asset), event=False)


async def seal(edge: Edge, draft_uid: str, details: PublishDetails, after: After = nothing_more) -> VersionView:
    """Make a draft a version. Sealing it again answers the version that it became."""
    done = await edge.read(lambda call: _sealed_already(call, draft_uid), brief=True)
    if done is None:
        try:
            snapshot = await freeze_folder(edge, "draft", draft_uid, "", None)
            return await finished(
                edge, snapshot.review, lambda call: _seal_draft(call, draft_uid, snapshot, details, after)
            )
        except Conflict:  # maybe of another that seals it at the same time, and was faster
            done = await edge.read(lambda call: _sealed_already(call, draft_uid), brief=True)
            if done is None:
                raise
    return await edge.finish(lambda call: _sealed_already(call, draft_uid) or done)


async def register(
    edge: Edge, asset_uid: str, run_uid: str, path: str, details: PublishDetails, after: After = nothing_more
) -> VersionView:
    """Publish what lies in a run's folder at or below a path, frozen at this moment."""
    snapshot = await freeze_folder(edge, "run", run_uid, path, asset_uid)
    from_run = replace(details, run_uid=run_uid)
    return await finished(
        edge, snapshot.review, lambda call: _and_then(call, publish_new(call, asset_uid, snapshot, from_run), after)
    )


async def register_logged_model(
    edge: Edge, asset_uid: str, model_uid: str, path: str, details: PublishDetails, after: After = nothing_more
) -> VersionView:
    """Publish what lies in a logged model's folder at or below a path; the run that put it out is the version's run.

    One logged model may become versions of many assets, whatever its status.
    """
    snapshot = await freeze_folder(edge, "logged_model", model_uid, path, asset_uid)
    _, model = await edge.read(lambda call: logged_lookup.by_uid(call, model_uid, Permission.RUN_READ))
    if details.run_uid not in (None, model.run_uid):
        raise Invalid("The run is not the one that put the logged model out.")
    of_model = replace(details, run_uid=model.run_uid, logged_model_uid=model_uid)
    return await finished(
        edge, snapshot.review, lambda call: _and_then(call, publish_new(call, asset_uid, snapshot, of_model), after)
    )


async def publish_entries(
    edge: Edge,
    asset_uid: str,
    entries: Sequence[Entry],
    details: PublishDetails,
    *,
    before: Callable[[Asset], None] | None = None,
    after: Callable[[Call, Version], None] | None = None,
) -> VersionView:
    """Publish entries whose files the store holds, for a use case that has settled that the caller may name them.

    :param entries: clean and in order. :param before: may refuse, under the asset's row lock. :param after: adds to
        the version in the same transaction.
    """

    def look(call: Call) -> tuple[Asset, list[int]]:
        asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        files = sorted({entry.sha256 for entry in entries if isinstance(entry, FileEntry)})
        return asset, [blob.id for blob in call.tx.blobs.by_sha256(files).values()]

    def publish(call: Call) -> VersionView:
        if before is not None:
            before(assets.locked(call, asset_uid, Permission.VERSION_REGISTER))
        view = publish_new(call, asset_uid, snapshot, details)
        if after is not None:
            after(call, versions.by_uid(call, view.uid, Permission.VERSION_REGISTER)[1])
        return view

    asset, blob_ids = await edge.read(look)
    snapshot = await snapshot_of(edge, asset, entries, blob_ids, Permission.RUN_WRITE)
    return await finished(edge, snapshot.review, publish)


def _sealed_already(call: Call, uid: str) -> VersionView | None:
    asset, version = versions.by_uid(call, uid, Permission.VERSION_REGISTER)
    if version.state is VersionState.DRAFT:
        return None
    if call.tx.versions.draft(version.id) is None:
        raise NotFound("There is no such draft.")
    return version_view(call, asset, version)


def _new_version(call: Call, asset: Asset, state: VersionState, label: str | None) -> Version:
    return Version(
        id=0,
        uid=call.tx.new_uid(),
        asset_id=asset.id,
        number=None,
        label=label,
        revision=None,
        tree=None,
        files=0,
        bytes=0,
        unpinned=False,
        state=state,
        run_id=None,
        run_uid=None,
        description="",
        signature={},
        stage=None,
        locked=False,
        evidence_epoch=0,
        etag=1,
        created_by=call.actor.uid,
        recorded_at=call.now,
        archived_at=None,
        expires_at=None,
        deleted_at=None,
    )


def _seal_draft(call: Call, uid: str, snapshot: Snapshot, details: PublishDetails, after: After) -> VersionView:
    asset, version = versions.locked(call, uid, Permission.VERSION_REGISTER)
    draft = call.tx.versions.draft(version.id)
    if draft is not None and draft.state == "sealed":
        leave(call, snapshot)
        return version_view(call, asset, version)
    if draft is None or draft.state != "open" or draft.expires_at <= call.now:
        raise Conflict("The draft is ended or expired.", state=draft.state if draft else "none")
    if version.label is not None and details.label not in (None, version.label):
        raise Conflict("The draft reserved another label.", label=version.label)
    call.tx.versions.end_draft(version.id, "sealed")
    labelled = replace(details, label=details.label or version.label)
    return _and_then(call, _publish(call, asset, snapshot, labelled, version), after)


def _and_then(call: Call, view: VersionView, after: After) -> VersionView:
    after(call, view.uid)
    return view


def publish_new(call: Call, asset_uid: str, snapshot: Snapshot, details: PublishDetails) -> VersionView:
    """The seal: a version out of a snapshot."""
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    return _publish(call, asset, snapshot, details)


def _number_of(details: PublishDetails, asset: Asset) -> tuple[int, str | None]:
    """The number and label to publish under. The asset's row is locked: numbers are given one after the other."""
    label = clean_label(details.label) if details.label else None
    number = details.number
    if isinstance(label, int):
        if number not in (None, label):
            raise Invalid("A label of digits only is the version's number, and another number was stated.")
        number, label = label, None
    if number is not None and not 1 <= number <= NUMBER_LARGEST:
        raise Invalid(f"A version number is between 1 and {NUMBER_LARGEST}.", limit=NUMBER_LARGEST)
    if number is None and asset.next_number > NUMBER_LARGEST:
        raise Conflict("The greatest version number is taken; state one that is free.", limit=NUMBER_LARGEST)
    return number if number is not None else asset.next_number, label


def _publish(
    call: Call, asset: Asset, snapshot: Snapshot, details: PublishDetails, draft: Version | None = None
) -> VersionView:
    """Everything that makes a version appear: a bounded number of rows, however many files it has."""
    tree = snapshot.tree
    complete(call, snapshot)
    run = runs.by_uid(call, details.run_uid, snapshot.claim)[1] if details.run_uid else None
    _number_of(details, asset)
    call.tx.trees.add(tree.digest, tree.root, tree.files, tree.bytes, unpinned=tree.unpinned)
    revision = revisions.store(call, asset, tree.digest, details.parents, details.message)
    totals = TreeTotals(tree.files, tree.bytes, tree.unpinned)
    return _appear(call, asset, _Content(revision, totals, run, snapshot.said), details, draft)


def publish_revision(
    call: Call, asset: Asset, revision: StoredRevision, said: manifests.Said, details: PublishDetails
) -> VersionView:
    """Make the next version of a revision that is there; the asset's row is locked and its rights are checked.

    :param said: what the manifest of its tree says. :raises Invalid: the tree holds nothing.
    """
    totals = call.tx.trees.totals(revision.tree)
    if totals is None:
        raise Corrupted("The tree of this revision is missing.", tree=revision.tree)
    if revision.tree == EMPTY_TREE:
        raise Invalid("There are no files to publish.")
    run = runs.by_uid(call, details.run_uid, Permission.RUN_WRITE)[1] if details.run_uid else None
    return _appear(call, asset, _Content(revision, totals, run, said), details)


def _made(call: Call, asset: Asset, content: _Content, details: PublishDetails, draft: Version | None) -> Version:
    """The row of a live version: a new one, or what becomes of a draft's.

    :raises AlreadyExists: its number or label was issued before.
    """
    number, label = _number_of(details, asset)
    # those from `next_number` on were never issued
    if number < asset.next_number and call.tx.versions.by_number(asset.id, number) is not None:
        raise AlreadyExists("That number was issued before; none is ever issued again.", number=number)
    run = content.run
    cards.keep(call, content.revision.tree, content.said.card)
    said: dict[str, Any] = {
        "number": number,
        "label": label,
        "revision": content.revision.digest,
        "tree": content.revision.tree,
        "files": content.totals.files,
        "bytes": content.totals.bytes,
        "unpinned": content.totals.unpinned,
        "run_id": run.id if run else None,
        "description": clean_description(details.description),
        "signature": versions.clean_signature(details.signature),
        "origin": versions.clean_origin(details.origin),
        "claimed_at": maybe_claimed(details.claimed_at),
        "recorded_at": call.now,
    }
    if draft is not None:
        return call.tx.versions.update(draft, state=VersionState.LIVE.value, **said)
    return call.tx.versions.add(replace(_new_version(call, asset, VersionState.LIVE, None), **said), asset)


def _appear(
    call: Call, asset: Asset, content: _Content, details: PublishDetails, draft: Version | None = None
) -> VersionView:
    version = _made(call, asset, content, details, draft)
    revision, totals, run, number = content.revision, content.totals, content.run, version.number
    assert number is not None  # noqa: S101 - it was given one just now
    asset = call.tx.assets.advance(asset, next_number=max(asset.next_number, number + 1), latest_version_id=version.id)
    _say(call, asset, version, details, fresh=draft is None)
    _link(call, version, run, details)
    manifests.keep(call, version, content.said)
    call.record(
        "version.register",
        Subject("version", version.uid),
        {
            "asset": asset.uid,
            "number": number,
            "tree": revision.tree,
            "revision": revision.digest,
            "run": run.uid if run else None,
            "logged_model": details.logged_model_uid,
            "files": totals.files,
            "bytes": totals.bytes,
        },
        asset=asset,
    )
    passing.require(call, [Crossing(asset, version, Transition(TransitionKind.REGISTRATION, asset.kind))])
    for name in details.aliases:
        aliases.change(call, asset.uid, [aliases.ChangeAlias(name, version.uid)])
    if details.aliases:
        asset = call.tx.assets.by_id(asset.id)  # each change advances it
    return version_view(call, asset, replace(version, run_uid=run.uid if run else None))


def _say(call: Call, asset: Asset, version: Version, details: PublishDetails, *, fresh: bool) -> None:
    tags, properties = clean_tags(details.tags), clean_properties(details.properties)
    call.tx.tags.set(asset.workspace_id, "version", version.id, tags, call.actor.id, fresh=fresh)
    call.tx.tags.set_properties(asset.workspace_id, "version", version.id, properties)


def _link(call: Call, version: Version, run: Run | None, details: PublishDetails) -> None:
    """The edges that appear by themselves: run or logged model to version, and base to version."""
    origin = Vertex("run", run.id) if run is not None else None
    if details.logged_model_uid is not None:
        _, model = logged_lookup.by_uid(call, details.logged_model_uid, Permission.RUN_READ)
        origin = Vertex("logged_model", model.id)
    if origin is not None:
        graph.link(call, origin, EdgeType.REGISTERED, Vertex("version", version.id))
    if run is not None:
        sealing.seal_chain(call, run)
    derived = [(uid, EdgeType.BASE) for uid in details.base_uids]
    if details.copied_from is not None:
        derived.append((details.copied_from, EdgeType.COPIED))
    for uid, says in derived:
        _asset, base = versions.by_uid(call, uid, Permission.ASSET_READ)
        graph.link(call, Vertex("version", base.id), says, Vertex("version", version.id))

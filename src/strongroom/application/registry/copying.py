"""Copy and promote: a version becomes a version of another asset, maybe of another workspace. No bytes move.

The tree is the same, so its digest is; the target asset comes to hold the blobs. Where the copy came from is written
down as it was then, and is an edge of lineage: to the source itself in one workspace, to a node that stands for it in
another, as nothing crosses workspaces.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.evaluations.carrying import carry
from strongroom.application.lineage import graph, nodes
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import assets, publishing, readiness, revisions, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.freezing import finished, keep, prepare
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.readiness import Ready
from strongroom.application.registry.views import VersionView
from strongroom.application.views import time_of
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import DomainError, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.registry.model import Asset, Version, Workspace
from strongroom.domain.registry.names import clean_name, clean_namespace_path
from strongroom.domain.registry.refs import Origin

T = TypeVar("T")
KEEPS: Final = ("tags", "properties", "description", "signature", "card", "evaluations")


@dataclass(frozen=True, slots=True)
class CopyVersion:
    """Where a version is to be copied to.

    :param workspace: slug; None stays in the workspace of the call. :param create: make the asset when there is none.
    :param keep: which of `KEEPS` go along; a card only goes into an asset that is made.
    :param aliases: point at the copy, in the target asset.
    """

    name: str
    namespace: str = ""
    workspace: str | None = None
    create: bool = True
    keep: Sequence[str] = KEEPS
    label: str | None = None
    aliases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OriginView:
    """Where a copied version came from, as it was named then."""

    workspace: str
    workspace_uid: str
    asset: str
    asset_uid: str
    version: int
    version_uid: str
    revision: str | None
    tree: str
    copied_at: datetime


@dataclass(frozen=True, slots=True)
class _Source:
    workspace: Workspace
    asset: Asset
    version: Version
    blob_ids: Sequence[int]
    tags: Mapping[str, str | None]
    properties: Mapping[str, Scalar]


async def copy(edge: Edge, version_uid: str, command: CopyVersion) -> VersionView:
    """Copy a version; needs the right to read its bytes, and to register versions at the target.

    :raises NotFound: no such version, or `create` is off and there is no such asset. :raises Invalid: copied to itself.
    """
    if not set(command.keep) <= set(KEEPS):
        raise Invalid(f"What a copy keeps is among {', '.join(KEEPS)}.")
    source = await edge.read(lambda call: _source(call, version_uid))
    target_uid = await edge.command(lambda call: _into(call, command.workspace, lambda c: _target(c, source, command)))
    ready = await readiness.of_tree(edge, source.asset.kind, source.version.tree or "")
    asset_id = await edge.read(lambda call: _into(call, command.workspace, lambda c: _asset_id(c, target_uid)))
    review = await prepare(edge, asset_id, {}, source.blob_ids)

    def finish(call: Call) -> VersionView:
        made = _into(call, command.workspace, lambda c: _publish(call, c, target_uid, source, command, ready))
        keep(call, review)
        return made

    return await finished(edge, review, finish)


def origin(call: Call, version_uid: str) -> OriginView:
    """Where a version was copied from. :raises NotFound: it was not."""
    _asset, version = versions.by_uid(call, version_uid, Permission.LINEAGE_READ)
    found = call.tx.origins.get(version.id)
    if found is None:
        raise NotFound("The version is no copy.")
    return OriginView(
        found.workspace,
        found.workspace_uid,
        found.asset,
        found.asset_uid,
        found.number,
        found.version_uid,
        found.revision,
        found.tree,
        time_of(found.recorded_at),
    )


def _into(call: Call, slug: str | None, work: Callable[[Call], T]) -> T:
    """Run a step in another workspace, with the same caller in the same transaction.

    :raises NotFound: there is no such workspace, or nothing in it is for this caller.
    """
    if slug is None or slug == call.workspace.slug:
        return work(call)
    there = replace(call, workspace=call.require_workspace(call.tx.workspaces.by_slug(slug)))
    try:
        return work(there)
    finally:
        call.refusal, call.absent = there.refusal, there.absent


def _source(call: Call, uid: str) -> _Source:
    asset, version = versions.readable(call, uid)
    refuse_recalled(call, Content(version.tree, None, version))
    root = load_root(call, version.tree or "")
    entries = iterate(root, StoredPages(call.tx.trees))
    digests = sorted({entry.sha256 for entry in entries if isinstance(entry, FileEntry)})
    blob_ids = [blob.id for blob in call.tx.blobs.by_sha256(digests).values()]
    tags = call.tx.tags.current("version", [version.id]).get(version.id, ())
    properties = call.tx.tags.properties("version", [version.id]).get(version.id, {})
    return _Source(call.workspace, asset, version, blob_ids, {tag.key: tag.value for tag in tags}, properties)


def _find(call: Call, source: _Source, command: CopyVersion) -> Asset | None:
    """The asset of that place, name and kind, when there is one that the caller may see."""
    path, name = "/".join(clean_namespace_path(command.namespace)), clean_name(command.name)
    namespace = call.tx.namespaces.by_path(call.workspace.id, path)
    found = call.tx.assets.by_name(namespace.id, name, [source.asset.kind]) if namespace else []
    return found[0] if found and versions.can_see(call, found[0]) else None


def _target(call: Call, source: _Source, command: CopyVersion) -> str:
    found = _find(call, source, command)
    if found is not None:
        if found.id == source.asset.id:
            raise Invalid("The version is of this asset already; publish its revision again instead.")
        return call.require_asset(Permission.VERSION_REGISTER, found).uid
    if not command.create:
        call.ask(Permission.VERSION_REGISTER)
        raise NotFound("There is no such asset.")
    kept = set(command.keep)
    new = CreateAsset(
        source.asset.kind,
        command.name,
        command.namespace,
        source.asset.type,
        card=source.asset.card if "card" in kept else "",
        description=source.asset.description if "description" in kept else "",
    )
    return assets.create(call, new).uid


def _asset_id(call: Call, uid: str) -> int:
    return assets.by_uid(call, uid, Permission.VERSION_REGISTER).id


def _publish(
    here: Call, call: Call, target_uid: str, source: _Source, command: CopyVersion, ready: Ready
) -> VersionView:
    """The copy appears; the source is looked at again, as its bytes must still be there to be read."""
    asset = assets.locked(call, target_uid, Permission.VERSION_REGISTER)
    _asset, version = versions.readable(here, source.version.uid)
    refuse_recalled(here, Content(version.tree, None, version))
    if isinstance(ready.said, DomainError):
        raise ready.said
    message = f"Copied from {source.asset.path}:{version.number}"
    revision = revisions.store(call, asset, version.tree or "", (), message)
    made = publishing.publish_revision(call, asset, revision, ready.said, _details(source, command))
    copied = call.tx.versions.by_uid(call.workspace.id, made.uid)
    assert copied is not None  # noqa: S101 - it was made in this transaction
    _remember(here, call, source, copied)
    if "evaluations" in command.keep:
        carry(here, call, version, copied)
    return made


def _details(source: _Source, command: CopyVersion) -> PublishDetails:
    kept = set(command.keep)
    return PublishDetails(
        description=source.version.description if "description" in kept else "",
        label=command.label,
        tags=source.tags if "tags" in kept else {},
        properties=source.properties if "properties" in kept else {},
        signature=source.version.signature if "signature" in kept else {},
        aliases=command.aliases,
    )


def _remember(here: Call, call: Call, source: _Source, copied: Version) -> None:
    """Origin, edge and record: of the copy in its workspace, and of the source in its own."""
    asset, version, workspace = source.asset, source.version, source.workspace
    number, tree = version.number or 0, version.tree or ""
    call.tx.origins.add(
        Origin(
            copied.id,
            workspace.uid,
            workspace.slug,
            asset.uid,
            asset.path,
            version.uid,
            number,
            version.revision,
            tree,
            call.now,
        )
    )
    start = Vertex("version", version.id)
    if here.workspace.id != call.workspace.id:
        name = f"{workspace.slug}/{asset.path}:{number}"
        made, is_new = nodes.ensure(call, AddNode(name, "artifact", "version", digest=tree))
        start = Vertex("node", made.id)
        if is_new:
            call.record("node.create", Subject("node", made.uid), {"kind": made.kind})
    graph.link(call, start, EdgeType.COPIED, Vertex("version", copied.id))
    details = {"from": version.uid, "to": copied.uid, "tree": tree, "workspace": call.workspace.uid}
    here.record("version.copy", Subject("version", version.uid), details, event=False)

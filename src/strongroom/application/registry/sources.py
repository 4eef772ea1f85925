"""Publishing what is no folder: a copy of another version, or an address elsewhere that nobody has listed."""

import asyncio
from dataclasses import replace

from strongroom.application.artifacts.trees import FrozenTree, StoredPages, freeze, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, publishing, versions
from strongroom.application.registry.publishing import PublishDetails, Snapshot
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import runs
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.tree import FileEntry, MountEntry, clean_entry
from strongroom.domain.errors import Corrupted, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Version


async def register_mount(edge: Edge, asset_uid: str, uri: str, details: PublishDetails) -> VersionView:
    """Publish an address: a tree of one mount, unpinned, since nothing says what lies there tomorrow."""
    entry = clean_entry(MountEntry("", uri))
    asset_id = await edge.read(lambda call: assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER).id)
    tree = await asyncio.to_thread(lambda: freeze([entry]))
    await publishing.prepare(edge, asset_id, tree, ())
    snapshot = Snapshot(tree, (), asset_id, Permission.RUN_WRITE)
    return await edge.finish(lambda call: publishing.publish_new(call, asset_uid, snapshot, details))


async def register_copy(edge: Edge, asset_uid: str, version_uid: str, details: PublishDetails) -> VersionView:
    """Publish the very tree of another version, which it is then derived from; it keeps its run, if one may see it."""

    def look(call: Call) -> tuple[Snapshot, str | None]:
        asset_id = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER).id
        _, version = versions.readable(call, version_uid)
        tree, blob_ids = _tree_of(call, version)
        return Snapshot(tree, blob_ids, asset_id, Permission.RUN_READ), _visible_run(call, version)

    snapshot, run_uid = await edge.read(look)
    await publishing.prepare(edge, snapshot.asset_id, snapshot.tree, snapshot.blob_ids)
    copied = replace(
        details,
        run_uid=details.run_uid or run_uid,
        base_uids=(*details.base_uids, version_uid),
        signature=details.signature,
    )
    return await edge.finish(lambda call: publishing.publish_new(call, asset_uid, snapshot, copied))


def _tree_of(call: Call, version: Version) -> tuple[FrozenTree, list[int]]:
    """A stored tree as if it were just frozen, and the blobs that it names."""
    assert version.tree is not None  # noqa: S101 - readable refused it
    root, stored = load_root(call, version.tree), call.tx.trees.root(version.tree)
    entries = iterate(root, StoredPages(call.tx.trees), prefix="", after="")
    digests = sorted({entry.sha256 for entry in entries if isinstance(entry, FileEntry)})
    blobs = call.tx.blobs.by_sha256(digests)
    if stored is None or len(blobs) < len(digests):
        raise Corrupted("Bytes of this version are missing.", tree=version.tree)
    tree = FrozenTree(version.tree, stored, {}, version.files, version.bytes, unpinned=version.unpinned)
    return tree, [blob.id for blob in blobs.values()]


def _visible_run(call: Call, version: Version) -> str | None:
    if version.run_uid is None:
        return None
    try:
        return runs.by_uid(call, version.run_uid, Permission.RUN_READ)[1].uid
    except NotFound:
        return None


def mount_of(call: Call, version: Version) -> str | None:
    """The address that a version refers to as a whole; None of a version with entries of its own."""
    if not version.unpinned or version.tree is None:
        return None
    first = next(iter(iterate(load_root(call, version.tree), StoredPages(call.tx.trees), prefix="", after="")), None)
    return first.uri if isinstance(first, MountEntry) and not first.path else None

"""Memories: a record taken out of the next version with a tombstone in its place, and forks of a whole memory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from strongroom.application.artifacts import uploads
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.reading import stored
from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.lineage import graph
from strongroom.application.manifests.kept import of_version
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import assets, publishing, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from strongroom.application.views import time_of
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.tree import Entry, FileEntry, sorted_entries
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.manifest import FORMAT, PATH, Manifest
from strongroom.domain.manifests.memory import RECORDS, Tombstone, clean_reason, record_id
from strongroom.domain.registry.model import Asset, Version

MEMORY: Final = "memory"
ENTRIES_MOST: Final = 500_000
"""Entries of a memory that is redacted or forked."""


@dataclass(frozen=True, slots=True)
class _Old:
    """The version that is built on."""

    asset: Asset
    version: Version
    entries: Sequence[Entry]
    manifest: Manifest | None
    now: int
    actor: str


async def redact(edge: Edge, uid: str, record: str, reason: str) -> VersionView:
    """Publish a memory without one of its records; a tombstone says which it was, who took it out, when and why.

    The version that held it stays until it is purged. No byte is moved but those of the manifest.

    :raises NotFound: no such record. :raises Conflict: the version is no memory, or not the latest of its asset.
    """
    id_, why = record_id(record), clean_reason(reason)
    old = await edge.read(lambda call: _old(call, uid, write=True))
    taken = next((entry for entry in old.entries if entry.path == RECORDS + id_), None)
    if not isinstance(taken, FileEntry):
        raise NotFound("The memory has no such record.")
    at = time_of(old.now).isoformat(timespec="seconds").replace("+00:00", "Z")
    stone = Tombstone(id_, f"sha256:{taken.sha256}", old.actor, at, why)
    (written,) = await _store(edge, [_with(old.manifest, stone)])
    kept = [entry for entry in old.entries if entry.path not in {taken.path, PATH}]
    entries = sorted_entries([*kept, FileEntry(PATH, written.sha256, written.size)])

    def before(asset: Asset) -> None:
        if asset.latest_version_id != old.version.id:
            raise Conflict("Another version was published meanwhile; redact the latest.", latest=False)

    def after(call: Call, version: Version) -> None:
        details = {"from": old.version.uid, "record": taken.sha256}
        call.record("memory.redact", Subject("version", version.uid), details, event=False)

    parents = [old.version.revision] if old.version.revision else []
    details = PublishDetails(message="A record was taken out.", parents=parents)
    return await publishing.publish_entries(edge, old.asset.uid, entries, details, before=before, after=after)


async def fork(edge: Edge, asset_uid: str, uid: str) -> VersionView:
    """Publish a memory as the next version of another one, which lives on its own; lineage says where it came from.

    :raises Conflict: one of the two is no memory.
    """
    old = await edge.read(lambda call: _old(call, uid, write=False))
    target = await edge.read(lambda call: assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER))
    if target.kind != MEMORY:
        raise Conflict("A memory is forked into a memory.")

    def after(call: Call, version: Version) -> None:
        source = versions.readable(call, uid)[1]  # the right to read it is asked for again where it counts
        graph.link(call, Vertex("version", source.id), EdgeType.COPIED, Vertex("version", version.id))

    details = PublishDetails(description=old.version.description, message="A fork.")
    return await publishing.publish_entries(edge, asset_uid, old.entries, details, after=after)


def _old(call: Call, uid: str, *, write: bool) -> _Old:
    if write:
        versions.by_uid(call, uid, Permission.VERSION_REGISTER)
    asset, version = versions.readable(call, uid)
    if asset.kind != MEMORY:
        raise Conflict("The version is no memory.")
    if not write:  # taking a record out is how a recalled memory is mended
        refuse_recalled(call, Content(version.tree, None, version))
    entries = list(islice(iterate(load_root(call, version.tree or ""), StoredPages(call.tx.trees)), ENTRIES_MOST + 1))
    if len(entries) > ENTRIES_MOST:
        raise TooLarge(f"A memory of more than {ENTRIES_MOST} entries is changed by pushing it.", limit=ENTRIES_MOST)
    return _Old(asset, version, entries, of_version(call, asset, version), call.now, call.actor.uid)


def _with(manifest: Manifest | None, stone: Tombstone) -> bytes:
    """The document with one tombstone more."""
    body: Mapping[str, Plain] = manifest.body if manifest else {"manifest": FORMAT, "kind": MEMORY}
    stones = body.get("tombstones", [])
    assert isinstance(stones, list)  # noqa: S101 - it was read as one
    return json.dumps({**body, "tombstones": [*stones, stone.plain()]}, ensure_ascii=False, indent=1).encode()


async def _store(edge: Edge, bodies: Sequence[bytes]) -> Sequence[StoredBlob]:
    """Bytes of our own making, as if the caller had sent them."""

    async def known(digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        found = await edge.read(lambda call: call.tx.blobs.by_sha256(digests))
        return {digest: stored(blob) for digest, blob in found.items()}

    kept = await edge.store.put_small(bodies, known)
    await edge.command(lambda call: uploads.note(call, kept))
    return kept

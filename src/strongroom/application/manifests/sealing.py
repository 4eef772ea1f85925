"""The manifest of a version as it is sealed: its file is read outside any transaction, its members in the last one."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call
from strongroom.application.edge import ByteReader
from strongroom.application.lineage import graph
from strongroom.application.manifests import packaging, packaging_files
from strongroom.application.manifests.packaging import Packaged
from strongroom.application.ports.manifests import StoredManifest
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.tree import Entry, FileEntry
from strongroom.domain.errors import Corrupted, MemberMismatch, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.manifests import memory
from strongroom.domain.manifests.dataset import Dataset
from strongroom.domain.manifests.document import LARGEST, ROOT, bad, below
from strongroom.domain.manifests.manifest import FORMS, PATH, Manifest, parse
from strongroom.domain.manifests.member import Placed
from strongroom.domain.manifests.memory import Memory
from strongroom.domain.manifests.model import ModelManifest
from strongroom.domain.registry.model import Asset, Version, VersionState

DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class Said:
    """The manifest of a frozen tree, or None where it has none; the kind of asset that it was read for.

    :param packaged: how its model is packaged. :param card: the words of its card; see `application.registry.cards`.
    """

    kind: str
    manifest: Manifest | None
    packaged: Packaged | None = None
    card: str = ""


async def read(edge: ByteReader, kind: str, entries: Sequence[Entry]) -> Said:
    """Read and check the manifest among clean entries, if the kind has manifests and there is one; read `MLmodel` too.

    :raises BadManifest: it is wrong, or speaks of files that are not there; `details["path"]` names the place.
    """
    entry = next((one for one in entries if one.path == PATH), None) if kind in FORMS else None
    packaged = await packaging_files.read(edge, entries)
    if entry is None:
        return Said(kind, None, packaged)
    if not isinstance(entry, FileEntry):
        bad(ROOT, f"{PATH} must be a file of the version itself.")
    if entry.size > LARGEST:
        bad(ROOT, f"a manifest has at most {LARGEST} bytes.")
    data = await _bytes(edge, entry)
    return Said(kind, await asyncio.to_thread(_checked, data, kind, entries), packaged)


async def _bytes(edge: ByteReader, entry: FileEntry) -> bytes:
    def find(call: Call) -> Blob | None:
        return call.tx.blobs.by_sha256([entry.sha256]).get(entry.sha256)

    blob = await edge.read(find)
    if blob is None:
        raise Corrupted("The bytes of this file are missing.", blob=entry.sha256)
    return b"".join([chunk async for chunk in edge.store.read(stored(blob))])


def _checked(data: bytes, kind: str, entries: Sequence[Entry]) -> Manifest:
    manifest = parse(data, kind)
    paths = {entry.path for entry in entries} if manifest.files or kind == "memory" else set()
    for path, place in manifest.files:
        if path not in paths:
            bad(place, f"there is no file {path[:200]!r} in this version.")
    if isinstance(manifest.content, Memory):
        _check_redacted(manifest.content, paths)
    return manifest


def _check_redacted(content: Memory, paths: set[str]) -> None:
    for place, stone in enumerate(content.tombstones):
        if memory.RECORDS + stone.id in paths:
            bad(below(below(ROOT, "tombstones"), place), f"the record {stone.id[:200]!r} was taken out and is there.")


def keep(call: Call, version: Version, said: Said) -> None:
    """Record the manifest of a version that is being sealed, with edges from its members; queue its statistics.

    :raises BadManifest: a member is no version that the caller may see, or of a kind that does not fit.
    :raises MemberMismatch: a member's digest is not that of its version, or its content is gone.
    """
    tree, manifest = version.tree, said.manifest
    assert tree is not None  # noqa: S101 - it is being sealed
    if manifest is not None:
        _link(call, version, manifest, _resolved(call, manifest.members))
        body = json.dumps(manifest.body, ensure_ascii=False, separators=(",", ":"))
        call.tx.manifests.put(StoredManifest(tree, manifest.kind, manifest.digest, body), call.now)
    packaging.keep(call, tree, said.packaged)
    if said.kind == DATASET:
        call.tx.manifests.request(tree, json.dumps(splits_of(manifest)), call.now, again=False)


def splits_of(manifest: Manifest | None) -> Mapping[str, Sequence[str]]:
    """The splits that a data set declares, if it does."""
    return manifest.content.splits if manifest and isinstance(manifest.content, Dataset) else {}


def _resolved(call: Call, members: Sequence[Placed]) -> Mapping[str, Version]:
    """The members of this registry by their uid, in two queries."""
    uids = sorted({placed.member.version for placed in members if placed.member.version})
    if not uids:
        return {}
    found = call.tx.versions.by_uids(call.workspace.id, uids)
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in found.values()}))
    for placed in members:
        if placed.member.version is not None:
            version = found.get(placed.member.version)
            _check(call, placed, version, assets[version.asset_id] if version else None)
    return found


def _check(call: Call, placed: Placed, version: Version | None, asset: Asset | None) -> None:
    try:
        asset = call.require_asset(Permission.ASSET_READ, asset, "version")
    except NotFound:
        bad(placed.path, "names no version that you may see.")
    if placed.kinds and asset.kind not in placed.kinds:
        bad(placed.path, f"is a {asset.kind}, and must be a {' or '.join(placed.kinds)}.")
    if version is None or version.state is not VersionState.LIVE or asset.deleted_at is not None:
        raise MemberMismatch(f"{placed.path}: the version is not live.", path=placed.path)
    if version.tree != placed.member.tree:
        raise MemberMismatch(
            f"{placed.path}: the version has another digest.",
            path=placed.path,
            expected=placed.member.digest,
            found=f"sha256:{version.tree}",
        )


def _link(call: Call, version: Version, manifest: Manifest, found: Mapping[str, Version]) -> None:
    """Edges from members: of an adapter's base as derivation, of all others as what they are, parts of it."""
    derived = _base_of(manifest)
    for placed in manifest.members:
        member = found.get(placed.member.version or "")
        if member is not None:
            says = EdgeType.ADAPTER if placed.path == derived else EdgeType.MEMBER
            graph.link(call, Vertex("version", member.id), says, Vertex("version", version.id), {"path": placed.path})


def _base_of(manifest: Manifest) -> str | None:
    """The place of an adapter's base."""
    content = manifest.content
    return below(below(ROOT, "adapter"), "base") if isinstance(content, ModelManifest) and content.adapter else None

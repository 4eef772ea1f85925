"""Publishing what is no folder: a few files at hand, a copy of another version, or an address elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from strongroom.application.artifacts import uploads
from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import assets, freezing, publishing, versions
from strongroom.application.registry.publishing import After, PublishDetails, nothing_more
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import runs
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.artifacts.tree import Entry, FileEntry, MountEntry, clean_entry, sorted_entries
from strongroom.domain.errors import Corrupted, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version

FILE_LARGEST: Final = 1 << 20


async def register_mount(
    edge: Edge, asset_uid: str, uri: str, details: PublishDetails, after: After = nothing_more
) -> VersionView:
    """Publish an address: a tree of one mount, unpinned, since nothing says what lies there tomorrow."""
    entries = [clean_entry(MountEntry("", uri))]
    return await publishing.publish_entries(
        edge, asset_uid, entries, details, after=lambda call, version: after(call, version.uid)
    )


async def register_files(
    edge: Edge, asset_uid: str, files: Mapping[str, bytes], details: PublishDetails
) -> VersionView:
    """Publish a few small files that came with the request itself, such as the text of a prompt.

    :raises TooLarge: a file above 1 MiB.
    """
    if any(len(body) > FILE_LARGEST for body in files.values()):
        raise TooLarge(f"A file sent so has at most {FILE_LARGEST} bytes.", limit=FILE_LARGEST)
    await edge.read(lambda call: assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER))
    stored = await edge.store.put_small(list(files.values()), partial(uploads.known, edge))
    await edge.command(lambda call: uploads.note(call, stored))
    entries = [FileEntry(clean_path(path), blob.sha256, blob.size) for path, blob in zip(files, stored, strict=True)]
    return await publishing.publish_entries(edge, asset_uid, sorted_entries(entries), details)


@dataclass(frozen=True, slots=True)
class _Original:
    """The version to copy, and into which asset."""

    into: Asset
    entries: Sequence[Entry]
    blob_ids: Sequence[int]
    run_uid: str | None


async def register_copy(edge: Edge, asset_uid: str, version_uid: str, details: PublishDetails) -> VersionView:
    """Publish the very tree of another version, which it is then derived from; it keeps its run, if one may see it."""

    def look(call: Call) -> _Original:
        into = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        _, version = versions.readable(call, version_uid)
        refuse_recalled(call, Content(version.tree, None, version))
        entries = _entries(call, version)
        return _Original(into, entries, _blob_ids(call, entries), _visible_run(call, version))

    original = await edge.read(look)
    snapshot = await freezing.snapshot_of(edge, original.into, original.entries, original.blob_ids, Permission.RUN_READ)
    copied = replace(details, run_uid=details.run_uid or original.run_uid, copied_from=version_uid)
    return await freezing.finished(
        edge, snapshot.review, lambda call: publishing.publish_new(call, asset_uid, snapshot, copied)
    )


def _entries(call: Call, version: Version) -> list[Entry]:
    assert version.tree is not None  # noqa: S101 - readable refused it
    return list(iterate(load_root(call, version.tree), StoredPages(call.tx.trees)))


def _blob_ids(call: Call, entries: Sequence[Entry]) -> list[int]:
    digests = sorted({entry.sha256 for entry in entries if isinstance(entry, FileEntry)})
    blobs = call.tx.blobs.by_sha256(digests)
    if missing := [digest for digest in digests if digest not in blobs]:
        raise Corrupted("Bytes of this version are missing.", blob=missing[0])
    return [blob.id for blob in blobs.values()]


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
    first = next(iter(iterate(load_root(call, version.tree), StoredPages(call.tx.trees))), None)
    return first.uri if isinstance(first, MountEntry) and not first.path else None

"""Freezing: the files of a folder, or entries that are at hand, become a tree that is written but not yet a version's.

Nobody can see what is written here; a crash before the seal leaves pages that nothing refers to. A small tree is
written by the seal itself, and leaves nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from strongroom.application.artifacts.folders import open_folder
from strongroom.application.artifacts.trees import FrozenTree, freeze, tree_entry
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.manifests import sealing as manifests
from strongroom.application.registry import assets, cards
from strongroom.domain.artifacts.folder import frozen, subpath
from strongroom.domain.artifacts.tree import Entry
from strongroom.domain.errors import Conflict, DomainError, Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset

T = TypeVar("T")
PAGES_A_COMMAND = 200
REVIEW_US = 3600 * 1_000_000
HOLDS_A_COMMAND = 5_000
#: Pages and possession rows together that the seal writes itself, sparing a transaction; more are written before it, so
#: that sealing writes a bounded number of rows whatever the number of files (domain.md N4).
ROWS_AT_SEAL = 64
#: Entries that are made a tree at once; more would hold up whoever else is answered, and go to a thread.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen folder.

    `claim` is the right that naming a run as its origin needs: what really came out of the run's folder needs the
    right to read the run, what was sent by the caller the right to write it.

    :param review: of the possession that was written before the seal; None when `complete` writes all, in the seal.
    """

    tree: FrozenTree
    blob_ids: Sequence[int]
    asset_id: int
    claim: Permission
    said: manifests.Said
    review: str | None


async def freeze_folder(edge: Edge, kind: str, uid: str, path: str, asset_uid: str | None) -> Snapshot:
    """What lies in a folder at or below a path at this moment, as a tree whose pages are written.

    :param asset_uid: whose version it is to become; None for a draft's folder, whose asset is known.
    """

    def look(call: Call) -> tuple[Asset, list[Entry], list[int]]:
        owner = open_folder(call, kind, uid, write=kind == "draft")
        if asset_uid is not None:
            asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        else:
            assert owner.asset_id is not None  # noqa: S101 - a draft has an asset
            asset = call.tx.assets.by_id(owner.asset_id)
        rows = call.tx.folders.all(owner.folder.id, path)
        if not rows:
            raise Invalid("There are no files to publish.", path=path[:200])
        return asset, [tree_entry(row) for row in rows], [row.blob_id for row in rows if row.blob_id is not None]

    asset, rows, blob_ids = await edge.read(look, brief=True)
    entries = await _beside(len(rows), lambda: frozen(subpath(rows, path)))
    claim = Permission.RUN_WRITE if kind == "draft" else Permission.RUN_READ
    return await snapshot_of(edge, asset, entries, blob_ids, claim)


async def snapshot_of(
    edge: Edge, asset: Asset, entries: Sequence[Entry], blob_ids: Sequence[int], claim: Permission
) -> Snapshot:
    """Clean entries in order as a tree whose pages are written; all but the seal.

    :param blob_ids: the blobs that the entries name. :param claim: see `Snapshot`.
    """
    said = await manifests.read(edge, asset.kind, entries)
    said = replace(said, card=await cards.words_of(await cards.read(edge, cards.among(entries))))
    tree = await _beside(len(entries), partial(freeze, entries))
    at_seal = len(tree.pages) + len(set(blob_ids)) <= ROWS_AT_SEAL
    review = None if at_seal else await prepare(edge, asset.id, tree.pages, blob_ids)
    return Snapshot(tree, blob_ids, asset.id, claim, said, review)


async def _beside(size: int, work: Callable[[], T]) -> T:
    """Run work over so many entries: in a thread, unless the way there and back would take longer."""
    return work() if size <= AT_ONCE else await asyncio.to_thread(work)


def complete(call: Call, snapshot: Snapshot) -> None:
    """What the seal writes of a snapshot before anything else: a small tree's pages and possession."""
    if snapshot.review is None:
        _write(call, snapshot.asset_id, snapshot.tree.pages, sorted(set(snapshot.blob_ids)))
    else:
        keep(call, snapshot.review)


async def prepare(edge: Edge, asset_id: int, pages: Mapping[str, bytes], blob_ids: Sequence[int]) -> str:
    """Write pages and possession rows, in pieces small enough not to hold the writer; a small tree is one piece.

    Until what needs them is written, or an hour has passed, no purge of the asset takes one of them from it; what is
    not needed then the collector lets go (decision 21).

    :returns: what `keep` is told.
    """
    written, held = list(pages.items()), sorted(set(blob_ids))
    pieces = max(-(-len(written) // PAGES_A_COMMAND), -(-len(held) // HOLDS_A_COMMAND), 1)
    review = await edge.command(partial(_review, asset_id=asset_id, blob_ids=held))
    for number in range(pieces):
        some = dict(written[number * PAGES_A_COMMAND : (number + 1) * PAGES_A_COMMAND])
        ids = held[number * HOLDS_A_COMMAND : (number + 1) * HOLDS_A_COMMAND]
        await edge.command(partial(_write, asset_id=asset_id, pages=some, blob_ids=ids))
    return review


def _review(call: Call, asset_id: int, blob_ids: Sequence[int]) -> str:
    call.tx.assets.lock(asset_id)  # a purge that has begun does not know of it: it must be over before anything is held
    return call.tx.blobs.review(asset_id, call.now + REVIEW_US, blob_ids)


def keep(call: Call, review: str) -> None:
    """What `prepare` wrote is needed from this transaction on; under the asset's lock.

    :raises Conflict: it took so long that the collector may have taken it back.
    """
    if not call.tx.blobs.reviewed(review, call.now):
        raise Conflict("Publishing took longer than an hour between its steps; try again.")


def leave(call: Call, snapshot: Snapshot) -> None:
    """What was written for a snapshot is not needed: somebody else was faster."""
    if snapshot.review is not None:
        call.tx.blobs.withdraw(snapshot.review, call.now)


async def finished(edge: Edge, review: str | None, work: Callable[[Call], T]) -> T:
    """Run the last step; when it is refused, what was written for it holds up nobody."""
    try:
        return await edge.finish(work)
    except DomainError:
        if review is not None:
            await edge.command(lambda call: call.tx.blobs.withdraw(review, call.now))
        raise


def _write(call: Call, asset_id: int, pages: Mapping[str, bytes], blob_ids: Sequence[int]) -> None:
    call.tx.trees.add_pages(pages)
    call.tx.blobs.hold(asset_id, blob_ids)

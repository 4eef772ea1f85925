"""Collection: what nobody holds is condemned, and after a day taken and erased, beside live uploads (decision 21)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore, ListedBlob, StoredBlob
from strongroom.application.artifacts.spare import in_chunks
from strongroom.application.identity import setup
from strongroom.application.ports.collection import SETTLING_US, Leaving, Part, Sum
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import purging
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM

QUARANTINE_US: Final = 24 * 3600 * 1_000_000
"""Longer than any request, transaction or freeze may take."""

RANGE: Final = 10_000
TAKEN_AT_ONCE: Final = 200
FOLDERS_AT_ONCE: Final = 100
REVIEWS_AT_ONCE: Final = 1_000
LISTED_AT_ONCE: Final = 500
#: First the xorbs: their bodies are condemned with them, and go in the same run.
PARTS: Final = (Part.XORB, Part.BLOB)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run did: condemned now, freed from the store, and what it found to have been sent again meanwhile."""

    condemned: Sum
    freed: Sum
    kept: Sum


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now, without doing it. All are bytes of whole files in the store.

    :ivar unheld: would be condemned. :ivar waiting: are condemned, their day is not over. :ivar due: would be freed.
    """

    unheld: Sum
    waiting: Sum
    due: Sum


async def collect(executor: Executor, store: BlobStore, quarantine_us: int = QUARANTINE_US) -> Collected:
    """Condemn what nobody holds, and free what was condemned longer ago than the quarantine."""
    freed, kept = await _erase(executor, store)  # what a run before left
    before = await executor.read(lambda tx: tx.now() - quarantine_us)
    for part in PARTS:
        await _take(executor, part, before)
    now_freed, now_kept = await _erase(executor, store)
    await _empty(executor)
    await _review(executor)
    condemned = Sum()
    for part in PARTS:
        condemned += await _condemn(executor, part)
    done = Collected(condemned, freed + now_freed, kept + now_kept)
    if done.freed.count:
        await executor.command(lambda tx: _record(tx, done))
    return done


async def find_orphans(executor: Executor, store: BlobStore, quarantine_us: int = QUARANTINE_US) -> int:
    """Put down what lies in the store and no row names, written before the quarantine, for the next `collect`.

    Such bytes are left by uploads that ended between store and metadata. The whole store is listed.
    """
    before = await executor.read(lambda tx: tx.now() - quarantine_us)
    since = datetime.fromtimestamp(before / 1_000_000, UTC)
    found, batch = 0, list[ListedBlob]()
    async for one in store.list_places():
        if one.written_at < since:
            batch.append(one)
        if len(batch) >= LISTED_AT_ONCE:
            found += await _leave(executor, batch, before)
            batch = []
    return found + await _leave(executor, batch, before)


async def _leave(executor: Executor, listed: list[ListedBlob], before: int) -> int:
    """Only what is unknown on a snapshot is looked at again, in a writing transaction."""
    if not listed:
        return 0
    known = await executor.read(lambda tx: tx.blobs.by_sha256([one.sha256 for one in listed]))
    unknown = [one for one in listed if one.sha256 not in known or known[one.sha256].place != one.place]
    return await executor.command(lambda tx: tx.collection.leave(unknown, before)) if unknown else 0


async def preview(executor: Executor, quarantine_us: int = QUARANTINE_US) -> Preview:
    """What `collect` would do, to the byte."""
    unheld = waiting = due = Sum()
    for part in PARTS:
        highest = await executor.read(lambda tx, part=part: tx.collection.highest(part))  # type: ignore[misc]
        for after, upto in _ranges(highest):
            unheld += await executor.read(
                lambda tx, p=part, a=after, u=upto: tx.collection.unheld_sum(p, a, u)  # type: ignore[misc]
            )

    def condemned(tx: Transaction) -> tuple[Sum, Sum]:
        before = tx.now() - quarantine_us
        every, over = Sum(), tx.collection.leaving_sum()
        for part in PARTS:
            every += tx.collection.condemned_sum(part)
            over += tx.collection.condemned_sum(part, before)
        return every, over

    every, due = await executor.read(condemned)
    leaving = await executor.read(lambda tx: tx.collection.leaving_sum())
    waiting = Sum(every.count - due.count + leaving.count, every.bytes - due.bytes + leaving.bytes)
    return Preview(unheld, waiting, due)


async def _empty(executor: Executor) -> None:
    """Drafts that are sealed or ended hold nothing; their folders may be large, so the seal itself leaves them."""
    after = 0
    while True:
        found = await executor.read(lambda tx, at=after: tx.collection.ended_folders(at, FOLDERS_AT_ONCE))  # type: ignore[misc]
        if not found:
            return
        for _, folder_id in found:
            await executor.command(lambda tx, id_=folder_id: tx.collection.empty_folders([id_]))  # type: ignore[misc]
        after = found[-1][0]


async def _review(executor: Executor) -> None:
    """Look at the possession of assets for which that was asked, each in a transaction of its own."""
    for asset_id in await executor.read(lambda tx: tx.blobs.due_for_review(tx.now(), REVIEWS_AT_ONCE)):

        def look(tx: Transaction, asset_id: int = asset_id) -> None:
            workspace = tx.workspaces.by_id(tx.assets.by_id(asset_id).workspace_id)
            purging.review(setup.as_system(tx, workspace), asset_id)

        await executor.command(look)


def _ranges(highest: int) -> Iterator[tuple[int, int]]:
    return ((after, after + RANGE) for after in range(0, highest, RANGE))


async def _condemn(executor: Executor, part: Part) -> Sum:
    """A range at a time: looked for on a snapshot, then written."""
    done = Sum()
    highest = await executor.read(lambda tx: tx.collection.highest(part))
    for after, upto in _ranges(highest):

        def look(tx: Transaction, after: int = after, upto: int = upto) -> tuple[Sum, list[int]]:
            return tx.collection.unheld_sum(part, after, upto), list(tx.collection.unheld(part, after, upto))

        found, ids = await executor.read(look)
        if ids:
            await executor.command(lambda tx, ids=ids: tx.collection.condemn(part, ids))  # type: ignore[misc]
            done += found
    return done


async def _take(executor: Executor, part: Part, before: int) -> None:
    after = 0
    while True:
        ids = await executor.read(lambda tx, at=after: tx.collection.due(part, before, at, TAKEN_AT_ONCE))  # type: ignore[misc]
        if not ids:
            return
        await executor.command(lambda tx, ids=ids: tx.collection.take(part, ids, before))  # type: ignore[misc]
        after = ids[-1]


async def _erase(executor: Executor, store: BlobStore) -> tuple[Sum, Sum]:
    """Delete what is leaving; what was written after it was condemned stays in the store."""
    freed, kept, after = Sum(), Sum(), 0
    while True:
        found = await executor.read(lambda tx, at=after: tx.collection.leaving(at, TAKEN_AT_ONCE))  # type: ignore[misc]
        if not found:
            break
        for one in found:
            gone = await _delete(store, one)
            bytes_ = 0 if in_chunks(one.place) else one.size
            freed, kept = (freed + Sum(1, bytes_), kept) if gone else (freed, kept + Sum(1, bytes_))
        after = found[-1].id
        await executor.command(lambda tx, ids=[one.id for one in found]: tx.collection.erased(ids))  # type: ignore[misc]
    settling = SETTLING_US if store.erases_in_two_steps else 0
    await executor.command(lambda tx: tx.collection.settle(tx.now() - settling + 1))
    return freed, kept


async def _delete(store: BlobStore, one: Leaving) -> bool:
    if in_chunks(one.place):
        return True  # its bytes go with the xorbs
    before = datetime.fromtimestamp(one.condemned_at / 1_000_000, UTC)
    return await store.delete(StoredBlob(one.sha256, one.size, one.place, b"", None), written_before=before)


def _record(tx: Transaction, done: Collected) -> None:
    details = {"blobs": done.freed.count, "bytes": done.freed.bytes}
    uid = tx.new_uid()
    record = AuditRecord(
        uid=uid,
        workspace=None,
        recorded_at=tx.now(),
        actor=SYSTEM,
        token_id=None,
        action="collection.run",
        outcome="done",
        subject=Subject("collection", uid),
        details=details,
    )
    tx.audit.append(record, None)

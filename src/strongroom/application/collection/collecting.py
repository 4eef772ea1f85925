"""Collection: what nobody holds is condemned, and after a day taken and erased, beside live uploads (decision 21)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore, ListedBlob, StoredBlob
from strongroom.application.artifacts.spare import in_chunks
from strongroom.application.identity import setup
from strongroom.application.ports.collection import NONE, RANGE, SETTLING_US, Leaving, Part, Sum, ranges
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import purging
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM

log = logging.getLogger(__name__)

QUARANTINE_US: Final = 24 * 3600 * 1_000_000
"""Longer than any request, transaction or freeze may take."""

TAKEN_AT_ONCE: Final = 200
ERASED_AT_ONCE: Final = 1_000
TRIES: Final = 6
"""How often a blob that cannot be erased is tried: in three runs, each of which looks twice."""
REVIEWS_AT_ONCE: Final = 1_000
LISTED_AT_ONCE: Final = 500
#: First the xorbs: their bodies are condemned with them, and go in the same run.
PARTS: Final = (Part.XORB, Part.BLOB)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run did: condemned now, freed from the store, and what it found to have been sent again meanwhile.

    :ivar failed: assets whose possession could not be looked at; the log says why, and the next run tries again.
    :ivar stuck: tries to erase a blob that failed, though the store answers; it is tried again.
    """

    condemned: Sum
    freed: Sum
    kept: Sum
    failed: int = 0
    stuck: int = 0


async def collect(executor: Executor, store: BlobStore, quarantine_us: int = QUARANTINE_US) -> Collected:
    """Condemn what nobody holds, and free what was condemned longer ago than the quarantine."""
    done = await _erase(executor, store)  # what a run before left
    before = await executor.read(lambda tx: tx.now() - quarantine_us)
    for part in PARTS:
        await _take(executor, part, before)
    done += await _erase(executor, store)
    await _empty(executor)
    failed = await _review(executor)
    condemned = Sum()
    for part in PARTS:
        condemned += await _condemn(executor, part)
    return Collected(condemned, done.freed, done.kept, failed, done.stuck)


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


async def _empty(executor: Executor) -> None:
    """Drafts that are sealed or ended hold nothing; their folders may be large, so the seal itself leaves them."""
    for after, upto in ranges(await executor.read(lambda tx: tx.collection.highest_draft())):
        for folder_id in await executor.read(lambda tx, a=after, u=upto: tx.collection.ended_folders(a, u)):  # type: ignore[misc]
            await executor.command(lambda tx, id_=folder_id: tx.collection.empty_folders([id_]))  # type: ignore[misc]


async def _review(executor: Executor) -> int:
    """Look at the possession of assets for which that was asked, each in a transaction of its own.

    One that fails stays due and stops none of the others. Returns how many failed.
    """
    failed = after = 0
    while True:
        due = await executor.read(lambda tx, at=after: tx.blobs.due_for_review(tx.now(), at, REVIEWS_AT_ONCE))  # type: ignore[misc]
        if not due:
            return failed
        for asset_id in due:
            try:
                await executor.command(lambda tx, id_=asset_id: _look(tx, id_))  # type: ignore[misc]
            except Exception:
                log.exception("what asset %d holds could not be looked at, and will be again", asset_id)
                failed += 1
        after = due[-1]


def _look(tx: Transaction, asset_id: int) -> None:
    workspace = tx.workspaces.by_id(tx.assets.by_id(asset_id).workspace_id)
    purging.review(setup.as_system(tx, workspace), asset_id)


async def _condemn(executor: Executor, part: Part) -> Sum:
    """A range at a time: looked for on a snapshot, then written."""
    done = Sum()
    for after, upto in ranges(await executor.read(lambda tx: tx.collection.highest(part))):

        def look(tx: Transaction, after: int = after, upto: int = upto) -> tuple[Sum, Sequence[int]]:
            return tx.collection.standing(part, after, upto, 0).unheld, tx.collection.unheld(part, after, upto)

        found, ids = await executor.read(look)
        if ids:
            await executor.command(lambda tx, ids=ids: tx.collection.condemn(part, ids))  # type: ignore[misc]
            done += found
    return done


async def _take(executor: Executor, part: Part, before: int) -> None:
    after = (0, 0)
    while True:
        due = await executor.read(lambda tx, at=after: tx.collection.due(part, before, at, TAKEN_AT_ONCE))  # type: ignore[misc]
        if not due:
            return
        ids = [id_ for _, id_ in due]
        await executor.command(lambda tx, ids=ids: tx.collection.take(part, ids, before))  # type: ignore[misc]
        after = due[-1]


@dataclass(frozen=True, slots=True)
class _Erased:
    """What came of erasing."""

    freed: Sum = NONE
    kept: Sum = NONE
    stuck: int = 0

    def __add__(self, other: "_Erased") -> "_Erased":
        return _Erased(self.freed + other.freed, self.kept + other.kept, self.stuck + other.stuck)


async def _erase(executor: Executor, store: BlobStore) -> _Erased:
    """Delete what is leaving; what was written after it was condemned stays in the store."""
    done, after = _Erased(), 0
    while True:
        found = await executor.read(lambda tx, at=after: tx.collection.leaving(at, ERASED_AT_ONCE))  # type: ignore[misc]
        if not found:
            break
        gone = {one.id: await _tried(store, one) for one in found}
        done += await executor.command(lambda tx, f=found, g=gone: _said(tx, f, g))  # type: ignore[misc]
        after = found[-1].id
    settling = SETTLING_US if store.erases_in_two_steps else 0
    while await executor.command(lambda tx: tx.collection.settle(tx.now() - settling + 1, RANGE)) == RANGE:
        pass
    return done


async def _tried(store: BlobStore, one: Leaving) -> bool | None:
    """Whether it is gone; None where it cannot be erased, though the store does all else.

    :raises Unavailable: the store does nothing at all.
    """
    try:
        return await _gone(store, one)
    except Exception:
        await store.check()
        log.exception("blob %s cannot be erased, and will be tried again", one.sha256)
        return None


def _said(tx: Transaction, found: Sequence[Leaving], gone: Mapping[int, bool | None]) -> _Erased:
    """What was tried, in one transaction. Senders of what cannot be erased are held up for some runs, not for ever."""
    tried = [one for one in found if gone[one.id] is not None]
    freed, kept = _erased(tx, tried, [one for one in tried if gone[one.id]])
    stuck = [one.id for one in found if gone[one.id] is None]
    if stuck:
        tx.collection.stuck(stuck, TRIES)
    return _Erased(freed, kept, len(stuck))


async def _gone(store: BlobStore, one: Leaving) -> bool:
    """Delete it; whether it is gone. A run that was killed may have deleted it already."""
    if in_chunks(one.place):
        return True  # its bytes go with the xorbs
    before = datetime.fromtimestamp(one.condemned_at / 1_000_000, UTC)
    blob = (
        ListedBlob(one.sha256, one.size, one.place, before)
        if one.orphan
        else StoredBlob(one.sha256, one.size, one.place, b"", None)
    )
    return await store.delete(blob, written_before=before) or not await store.exists(blob)


def _erased(tx: Transaction, found: Sequence[Leaving], gone: Sequence[Leaving]) -> tuple[Sum, Sum]:
    """Say so, with the record of what was freed in the same transaction; what another run said first is its own."""
    mine = set(tx.collection.erased([one.id for one in found]))
    left = {one.id for one in gone}
    freed, kept = Sum(), Sum()
    for one in found:
        if one.id in mine:
            size = Sum(1, 0 if in_chunks(one.place) else one.size)
            freed, kept = (freed + size, kept) if one.id in left else (freed, kept + size)
    if freed.count:
        _record(tx, freed)
    return freed, kept


def _record(tx: Transaction, freed: Sum) -> None:
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
        details={"blobs": freed.count, "bytes": freed.bytes},
    )
    tx.audit.append(record, None)

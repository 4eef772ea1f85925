"""``strongroom fsck``: everything that the metadata names is in the store as it says, and the store holds nothing else.

The walk goes by keys, some rows at a time, and says after each step how far it has come, so that it can go on from
there. What looks wrong is looked at again, on a new snapshot, before it is said: meanwhile it may have been collected,
moved or sent again.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore, ListedBlob
from strongroom.application.artifacts.spare import in_chunks
from strongroom.application.artifacts.upkeep import Rest, UpkeepBlobs
from strongroom.application.integrity import chunked, evidence
from strongroom.application.integrity.findings import Finding, Kind
from strongroom.application.integrity.pace import Pace
from strongroom.application.integrity.reading import Fault, Reader, as_stored
from strongroom.application.integrity.trees import TreeCheck
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.integrity import FileRow, TreeUse, XorbRow
from strongroom.application.ports.transaction import Transaction
from strongroom.application.ports.xet import XetCodec
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Invalid

AT_ONCE: Final = 256
LISTED_AT_ONCE: Final = 500
TOGETHER: Final = 16
LARGE: Final = 1024 * 1024
GRACE: Final = timedelta(hours=24)
"""How old bytes are that no row names before they count as orphans: longer than any upload goes on."""
HALF_GRACE: Final = timedelta(hours=1)
PHASES: Final = ("blobs", "xorbs", "files", "versions", "refs", "evaluations", "store", "uploads", "leftovers")


@dataclass(frozen=True, slots=True)
class Place:
    """What is checked: the metadata, the store, and a look at its bytes as they lie."""

    executor: Executor
    store: BlobStore
    upkeep: UpkeepBlobs
    codec: XetCodec


@dataclass(frozen=True, slots=True)
class Options:
    """How to check. :ivar deep: read and hash every byte. :ivar start: where to go on, as a step said."""

    deep: bool = False
    grace: timedelta = GRACE
    pace: Pace | None = None
    start: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Some of the work done. :ivar cursor: from where to go on. :ivar looked: how many rows or files, and how long."""

    cursor: str
    findings: Sequence[Finding]
    looked: int
    bytes: int = 0


def parse_cursor(cursor: str) -> tuple[int, int]:
    """Phase and key. :raises Invalid: no step said that."""
    if not cursor:
        return 0, 0
    phase, _, key = cursor.partition(":")
    if phase not in PHASES or not (key.isascii() and key.isdigit() and len(key) < 19):  # noqa: PLR2004 - digits of 2^63
        raise Invalid(f"A cursor is written as PHASE:NUMBER, of {', '.join(PHASES)}.")
    return PHASES.index(phase), int(key)


async def check(place: Place, options: Options) -> AsyncGenerator[Step, None]:
    """Check all; see the module.

    :raises Unavailable: database or store do not answer: nothing can be said of what was not looked at.
    """
    first, after = parse_cursor(options.start)
    walk = Walk(place, options)
    phases: list[Callable[[int], AsyncGenerator[Step, None]]] = [
        walk.blobs,
        walk.xorbs,
        walk.files,
        partial(walk.trees, "versions", lambda tx, at: tx.integrity.versions(at, AT_ONCE)),
        partial(walk.trees, "refs", lambda tx, at: tx.integrity.refs(at, AT_ONCE)),
        walk.evaluations,
        walk.listed,
        walk.uploads,
        walk.leftovers,
    ]
    for number in range(first, len(PHASES)):
        async for step in phases[number](after if number == first else 0):
            yield step


class Walk:
    """One check while it goes on."""

    def __init__(self, place: Place, options: Options) -> None:
        self._place, self._options = place, options
        self._reader = Reader(place.upkeep, place.codec, options.pace or Pace(), place.store.check)
        self._trees = TreeCheck(deep=options.deep)
        self._indexes = chunked.KeptIndexes()

    # -- from the metadata to the store --------------------------------------------------------------------------

    async def blobs(self, after: int) -> AsyncGenerator[Step, None]:
        """Every blob's bytes, and how those in chunks are made."""
        while rows := await self._place.executor.read(lambda tx, at=after: tx.integrity.blobs(at, AT_ONCE)):  # type: ignore[misc]
            found = await self.of_blobs(rows)
            after = rows[-1].id
            yield Step(f"blobs:{after}", found, len(rows), sum(row.size for row in rows if not in_chunks(row.place)))

    async def of_blobs(self, rows: Sequence[Blob]) -> list[Finding]:
        """What is wrong with these."""

        def beside(tx: Transaction) -> tuple[dict[int, str], dict[int, Sequence[XorbRow]]]:
            chunks = [row.id for row in rows if in_chunks(row.place)]
            bodies = tx.integrity.xorbs_of([row.id for row in rows]) if self._options.deep else {}
            return dict(tx.xet.hashes_of(chunks)), dict(bodies)

        hashes, bodies = await self._place.executor.read(beside)
        found: list[Finding] = []
        small = [row for row in rows if not in_chunks(row.place) and (row.size <= LARGE or not self._options.deep)]
        for start in range(0, len(small), TOGETHER):
            some = small[start : start + TOGETHER]
            looked = await asyncio.gather(*(self._blob(row, bodies.get(row.id, ())) for row in some))
            found += [one for one in looked if one is not None]
        known = {row.id for row in small}
        for row in rows:
            if in_chunks(row.place):
                found += [one for one in [await self._made(row, hashes)] if one is not None]
            elif row.id not in known:
                found += [one for one in [await self._blob(row, bodies.get(row.id, ()))] if one is not None]
        return found

    async def _look(self, row: Blob, xorbs: Sequence[XorbRow]) -> Fault | None:
        return await (self._reader.whole(row, xorbs) if self._options.deep else self._reader.look(row))

    async def _blob(self, row: Blob, xorbs: Sequence[XorbRow]) -> Finding | None:
        fault = await self._look(row, xorbs)
        if fault is None:
            return None
        now = await self._place.executor.read(lambda tx: tx.integrity.blob(row.id))
        if now is None or (fault := await self._look(now, xorbs)) is None:
            return None  # collected meanwhile, or sent again
        if await self._place.executor.read(lambda tx: tx.integrity.blob(row.id)) != now:
            return None
        return await self._named(now, fault)

    async def _named(self, row: Blob, fault: Fault) -> Finding:
        """Bytes that are those of another blob were swapped: both are somewhere."""
        kind, other = fault.kind, str(fault.details.get("found", ""))
        if kind is Kind.ROTTEN:
            known = await self._place.executor.read(lambda tx: tx.blobs.by_sha256([other]))
            kind = Kind.SWAPPED if known else kind
        return Finding(kind, row.sha256, self._place.upkeep.where(as_stored(row)), row.size, fault.details, row)

    async def _made(self, row: Blob, hashes: dict[int, str]) -> Finding | None:
        if chunked.check_place(row, hashes) is None:
            return None
        now = await self._place.executor.read(lambda tx: (tx.integrity.blob(row.id), tx.xet.hashes_of([row.id])))
        return chunked.check_place(now[0], now[1]) if now[0] is not None and in_chunks(now[0].place) else None

    async def xorbs(self, after: int) -> AsyncGenerator[Step, None]:
        """What is on record of the chunks of xorbs."""
        while rows := await self._place.executor.read(lambda tx, at=after: tx.integrity.xorbs(at, AT_ONCE)):  # type: ignore[misc]
            after = rows[-1].id

            def bodies(tx: Transaction, rows: Sequence[XorbRow] = rows) -> dict[int, Blob | None]:
                return {row.blob_id: tx.integrity.blob(row.blob_id) for row in rows}

            found = await self._place.executor.read(bodies)
            looked = await asyncio.to_thread(_check_xorbs, self._place.codec, rows, found)
            yield Step(f"xorbs:{after}", [one for one in looked if await self._stays(one)], len(rows))

    async def _stays(self, finding: Finding) -> bool:
        """A xorb that was collected meanwhile is none that is damaged."""
        known = await self._place.executor.read(lambda tx: tx.xet.ids_by_hash([finding.digest]))
        return finding.digest in known

    async def files(self, after: int) -> AsyncGenerator[Step, None]:
        """How files are made of chunks."""
        while rows := await self._place.executor.read(lambda tx, at=after: tx.integrity.files(at, AT_ONCE)):  # type: ignore[misc]
            after = rows[-1].id
            found = [one for row in rows if (one := await self._file(row)) is not None]
            yield Step(f"files:{after}", found, len(rows))

    async def _file(self, row: FileRow) -> Finding | None:
        """One file; looked at twice before it is said, as the collector may be at it."""
        finding = await self._once(row)
        if finding is None:
            return None
        now = await self._place.executor.read(lambda tx: tx.integrity.file(row.id))
        return await self._once(now) if now is not None else None

    async def _once(self, row: FileRow) -> Finding | None:
        return await self._place.executor.read(partial(self._made_of, row=row))

    def _made_of(self, tx: Transaction, *, row: FileRow) -> Finding | None:
        indexes, needed = self._indexes.on(tx), tx.integrity.needed([row.id]).get(row.id, frozenset())
        wrong = chunked.check_file(row, needed, indexes)
        if wrong is None and self._options.deep:
            wrong = chunked.check_hash(self._place.codec, row, indexes)
        if wrong is not None:
            self._indexes.clear()
        return wrong

    async def trees(
        self, phase: str, uses: Callable[[Transaction, int], Sequence[TreeUse]], after: int
    ) -> AsyncGenerator[Step, None]:
        """Trees of versions, and of branches and pins."""
        while some := await self._place.executor.read(lambda tx, at=after: uses(tx, at)):  # type: ignore[misc]
            after = some[-1].key
            found: list[Finding] = []
            for use in some:
                if await self._place.executor.read(partial(self._trees.check, use=use)):
                    found += await self._place.executor.read(partial(self._again, uses=uses, use=use))
            yield Step(f"{phase}:{after}", found, len(some))

    def _again(
        self, tx: Transaction, *, uses: Callable[[Transaction, int], Sequence[TreeUse]], use: TreeUse
    ) -> list[Finding]:
        """Purged meanwhile, or really so?"""
        return self._trees.check(tx, use) if use in uses(tx, use.key - 1) else []

    async def evaluations(self, after: int) -> AsyncGenerator[Step, None]:
        """What was measured of versions, each on one snapshot with what the log says of it."""
        while ids := await self._place.executor.read(lambda tx, at=after: tx.evaluations.holding(at, AT_ONCE)):  # type: ignore[misc]
            after = ids[-1]
            found: list[Finding] = []
            for id_ in ids:
                found += await self._place.executor.read(partial(evidence.check, version_id=id_))
            yield Step(f"evaluations:{after}", found, len(ids))

    # -- from the store to the metadata --------------------------------------------------------------------------

    async def listed(self, _after: int) -> AsyncGenerator[Step, None]:
        """Bytes that no row names, and that have been there for longer than any upload goes on."""
        before = datetime.now(UTC) - self._options.grace
        batch: list[ListedBlob] = []
        looked = 0
        async for one in self._place.store.list_places():
            looked += 1
            if one.written_at < before:
                batch.append(one)
            if len(batch) >= LISTED_AT_ONCE:
                yield Step("store:0", await self._orphans(batch), looked)
                batch, looked = [], 0
        yield Step("uploads:0", await self._orphans(batch), looked)

    async def _orphans(self, batch: list[ListedBlob]) -> list[Finding]:
        unknown = await self._place.executor.read(lambda tx: tx.integrity.unknown(batch))
        there = [one for one in unknown if await self._place.store.exists(one)]
        still = await self._place.executor.read(lambda tx: tx.integrity.unknown(there))
        return [Finding(Kind.ORPHAN, one.sha256, one.place, one.size) for one in still]

    async def uploads(self, _after: int) -> AsyncGenerator[Step, None]:
        """Parts of uploads that have ended, or that nobody began."""
        before = datetime.now(UTC) - self._options.grace
        old = [one.upload_id async for one in self._place.store.list_uploads() if one.touched_at < before]
        found: list[Finding] = []
        for start in range(0, len(old), LISTED_AT_ONCE):
            some = old[start : start + LISTED_AT_ONCE]
            gone = await self._place.executor.read(lambda tx, some=some: tx.integrity.abandoned(some))  # type: ignore[misc]
            found += [Finding(Kind.ABANDONED, "", f"uploads/{one}") for one in gone]
        yield Step("leftovers:0", found, len(old))

    async def leftovers(self, _after: int) -> AsyncGenerator[Step, None]:
        """Half files, stretches of packs without a record, and what is not ours."""
        now, looked = datetime.now(UTC), 0
        limits = {Rest.HALF: now - min(self._options.grace, HALF_GRACE), Rest.TORN: now - self._options.grace}
        async for one in self._place.upkeep.leftovers():
            looked += 1
            if one.written_at < limits.get(one.rest, now):
                yield Step("leftovers:0", [Finding(Kind(one.rest.value), "", one.where, one.size)], looked)
        yield Step("leftovers:0", [], looked)


def _check_xorbs(codec: XetCodec, rows: Sequence[XorbRow], bodies: dict[int, Blob | None]) -> list[Finding]:
    looked = (chunked.check_xorb(codec, row, bodies[row.blob_id]) for row in rows)
    return [one for one in looked if one is not None]

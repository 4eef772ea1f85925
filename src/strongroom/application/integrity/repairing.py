"""What a check found, mended: from the store's own second copies, and from backups. Nothing damaged is thrown away.

Bytes are verified by their digest before they replace anything; what they replace is kept in ``quarantine/``.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from strongroom.application.artifacts.blobstore import SMALL, StoredBlob, nothing_known
from strongroom.application.artifacts.spare import PLACE, in_chunks
from strongroom.application.artifacts.upkeep import UpkeepBlobs
from strongroom.application.integrity import chunked, trees
from strongroom.application.integrity.checking import Place
from strongroom.application.integrity.findings import OF_BYTES, Finding, Kind
from strongroom.application.integrity.reading import as_stored, index_of
from strongroom.application.ports.integrity import FileRow, XorbRow
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.errors import Corrupted, DigestMismatch, NotFound, SizeMismatch, TooLarge, Unavailable
from strongroom.domain.identity.model import SYSTEM
from strongroom.domain.xet.xorb import XorbIndex

OWN: Final = "f"
_REFUSED: Final = (Corrupted, DigestMismatch, SizeMismatch, TooLarge, NotFound, Unavailable)


class Backup(Protocol):
    """Where sound copies may be: a folder or bucket as it lies, and what a database beside it says."""

    @property
    def name(self) -> str:
        """As the operator wrote it."""
        ...

    @property
    def upkeep(self) -> UpkeepBlobs:
        """Its bytes."""
        ...

    def place_of(self, sha256: str) -> str | None:
        """Where its own database has a blob; None where it has none, or there is no database."""
        ...

    def page(self, digest: str) -> bytes | None:
        """A page of a tree."""
        ...

    def root(self, digest: str) -> bytes | None:
        """A tree's root."""
        ...

    def terms(self, hashed: str) -> bytes | None:
        """Ranges of a file in chunks."""
        ...


class Repairer:
    """Mends findings of one place, one at a time."""

    def __init__(self, place: Place, backups: Sequence[Backup]) -> None:
        self._place, self._backups = place, backups

    async def repair(self, finding: Finding) -> Finding:
        """The finding, with what was done about it; as it was where nothing helps."""
        done = await self._repaired(finding)
        if done is not None:
            await self._place.executor.command(partial(_record, finding=finding, done=done))
        return replace(finding, repaired=done)

    async def _repaired(self, finding: Finding) -> str | None:
        if finding.kind in OF_BYTES and finding.blob is not None:
            return await self._bytes(finding.blob)
        match finding.kind:
            case Kind.DIGESTS if finding.blob is not None:
                return await self._digests(finding.blob)
            case Kind.CHUNKS:
                return await self._chunks(str(finding.details.get("xorb", finding.digest)))
            case Kind.RECONSTRUCTION:
                return await self._file(finding.digest)
            case Kind.PAGE:
                return await self._page(finding.digest)
            case Kind.TREE:
                return await self._tree(finding.digest)
            case Kind.UNHELD if finding.blob is not None:
                held = int(finding.details["asset"]), [finding.blob.id]
                await self._place.executor.command(lambda tx: tx.blobs.hold(*held))
                return "noted that the asset holds it"
        return None

    # -- bytes ---------------------------------------------------------------------------------------------------

    async def _bytes(self, blob: Blob) -> str | None:
        async for name, copy in self._copies(blob):
            aside = None if in_chunks(blob.place) else await self._aside(blob)
            try:
                stored = await self._store(blob, copy)
            except _REFUSED:
                if aside is not None:
                    await self._place.upkeep.forget_aside(aside)
                continue
            moved = await self._place.executor.command(partial(_replace, blob=blob, stored=stored))
            if moved and stored.place != blob.place and not in_chunks(blob.place):
                with suppress(Unavailable):  # a bad sector: it lies there, and no row names it
                    await self._place.upkeep.bury(as_stored(blob))
            return f"from {name}" + (f"; what was there is {aside}" if aside else "")
        return None

    async def _aside(self, blob: Blob) -> str | None:
        """What is there, kept; what cannot be read cannot be kept either."""
        try:
            return await self._place.upkeep.set_aside(as_stored(blob))
        except Unavailable:
            return None

    async def _store(self, blob: Blob, copy: AsyncGenerator[bytes, None]) -> StoredBlob:
        """Take a copy in, if it is one."""
        async with aclosing(copy) as pieces:
            if blob.size > SMALL or blob.place == OWN or in_chunks(blob.place):
                return await self._place.store.put(
                    pieces, expect_sha256=blob.sha256, expect_size=blob.size, max_size=blob.size
                )
            data = b"".join([piece async for piece in pieces])[: blob.size + 1]
        running = self._place.codec.fingerprint(len(data))
        running.update(data)
        if (running.size, running.sha256) != (blob.size, blob.sha256):
            raise DigestMismatch("This is no copy.", expected=blob.sha256, found=running.sha256)
        return (await self._place.store.put_small([data], nothing_known))[0]

    async def _copies(self, blob: Blob) -> AsyncIterator[tuple[str, AsyncGenerator[bytes, None]]]:
        """Where its bytes may be: under a damaged label, in the other shape, in backups."""
        wanted = as_stored(blob)
        if not in_chunks(blob.place) and blob.place != OWN:
            yield "its own record", self._place.upkeep.raw(wanted)
        if blob.place != OWN:
            yield "its whole form", self._place.upkeep.raw(replace(wanted, place=OWN))
        if not in_chunks(blob.place):
            made = await self._place.executor.read(lambda tx: tx.xet.hashes_of([blob.id]))
            for hashed in made.values():
                yield "its chunks", self._place.store.read(replace(wanted, place=PLACE + hashed))
        for backup in self._backups:
            known = backup.place_of(blob.sha256)
            for place in dict.fromkeys(one for one in (known, blob.place, OWN) if one and not in_chunks(one)):
                yield backup.name, backup.upkeep.raw(replace(wanted, place=place))

    async def _digests(self, blob: Blob) -> str | None:
        running = self._place.codec.fingerprint(blob.size)
        async with aclosing(self._place.upkeep.raw(as_stored(blob))) as pieces:
            async for piece in pieces:
                running.update(piece)
        made = running.blob(blob.place, None)
        if made.sha256 != blob.sha256:
            return None
        await self._place.executor.command(partial(_replace, blob=blob, stored=made))
        return "digests of its blocks taken anew"

    # -- chunks --------------------------------------------------------------------------------------------------

    async def _chunks(self, hashed: str) -> str | None:
        row = await self._place.executor.read(lambda tx: tx.integrity.xorb_called(hashed))
        body = await self._place.executor.read(lambda tx: tx.integrity.blob(row.blob_id)) if row else None
        if row is None or body is None:
            return None
        index = await index_of(self._place.upkeep, self._place.codec, body, hashed)
        if index is None:
            return None
        await self._place.executor.command(partial(_reindex, row=row, index=index))
        return "read out of its body"

    async def _file(self, hashed: str) -> str | None:
        row = await self._place.executor.read(lambda tx: tx.integrity.file_called(hashed))
        if row is None:
            return None
        for name, terms in [("its own ranges", row.terms), *((b.name, b.terms(hashed)) for b in self._backups)]:
            candidate = replace(row, terms=terms or b"")
            if await self._place.executor.read(partial(self._fits, row=candidate)):
                await self._place.executor.command(partial(_remake, row=candidate))
                return f"from {name}"
        return None

    def _fits(self, tx: Transaction, *, row: FileRow) -> bool:
        indexes = chunked.KeptIndexes().on(tx)
        wrong = chunked.check_file(row, chunked.xorbs_of(row), indexes)
        return wrong is None and chunked.check_hash(self._place.codec, row, indexes) is None

    # -- trees ---------------------------------------------------------------------------------------------------

    async def _page(self, digest: str) -> str | None:
        for backup in self._backups:
            body = backup.page(digest)
            if body is not None and trees.is_page(body, digest):
                await self._place.executor.command(lambda tx, b=body: tx.integrity.set_page(digest, b))  # type: ignore[misc]
                return f"from {backup.name}"
        return None

    async def _tree(self, digest: str) -> str | None:
        for backup in self._backups:
            root = trees.readable_root(backup.root(digest))
            if root is None:
                continue
            for page in root.pages:
                body = backup.page(page.id)
                if body is not None and trees.is_page(body, page.id):
                    await self._place.executor.command(lambda tx, p=page.id, b=body: tx.integrity.set_page(p, b))  # type: ignore[misc]
            if await self._place.executor.read(partial(trees.makes, root=root, digest=digest)):
                await self._place.executor.command(lambda tx, r=root: tx.integrity.set_tree(digest, r))  # type: ignore[misc]
                return f"from {backup.name}"
        return None


def _reindex(tx: Transaction, *, row: XorbRow, index: XorbIndex) -> None:
    tx.integrity.set_chunks(row.id, index)
    tx.integrity.sound([row.blob_id])


def _remake(tx: Transaction, *, row: FileRow) -> None:
    tx.xet.remake_file(row.hash, row.terms, sorted(chunked.xorbs_of(row)))


def _replace(tx: Transaction, *, blob: Blob, stored: StoredBlob) -> bool:
    return tx.integrity.replace(blob, stored)


def _record(tx: Transaction, *, finding: Finding, done: str) -> None:
    """A record of the whole server: what was mended is said, whoever holds it."""
    uid, how = tx.new_uid(), done.partition(";")[0][:200]
    details: dict[str, Json] = {"kind": finding.kind.value, "digest": finding.digest, "how": how}
    subject = Subject("store", uid)
    record = AuditRecord(uid, None, tx.now(), SYSTEM, None, "store.repair", "done", subject, None, None, details)
    tx.audit.append(record, None)

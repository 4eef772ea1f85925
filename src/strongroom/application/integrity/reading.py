"""Bytes as they lie, hashed anew and compared with what the metadata says of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob
from strongroom.application.artifacts.upkeep import Found, Label, UpkeepBlobs
from strongroom.application.integrity.findings import Kind
from strongroom.application.integrity.pace import Pace
from strongroom.application.ports.integrity import XorbRow
from strongroom.application.ports.xet import RunningDigests, XetCodec
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import DomainError, Unavailable
from strongroom.domain.xet.body import BodyReader
from strongroom.domain.xet.hashes import raw
from strongroom.domain.xet.xorb import XorbIndex

_DIGEST: Final = 32
_HASHED_HERE: Final = 64 * 1024
#: What a process lacks, and no blob: too many open files, no memory.
_OURS: Final = frozenset({"EMFILE", "ENFILE", "ENOMEM"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one blob's bytes, before anybody looked a second time."""

    kind: Kind
    details: dict[str, str | int]


def as_stored(blob: Blob) -> StoredBlob:
    """A blob as the store knows it."""
    return StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)


def judged(blob: Blob, found: Found) -> Fault | None:
    """What its size and label alone tell."""
    if found.size is None or found.label is Label.DEAD:
        return Fault(Kind.MISSING, {})
    if found.size < blob.size:
        return Fault(Kind.TRUNCATED, {"found_size": found.size})
    if found.size > blob.size:
        return Fault(Kind.OVERLONG, {"found_size": found.size})
    return Fault(Kind.MISLABELLED, {}) if found.label is Label.WRONG else None


class Reader:
    """Reads whole blobs of one store.

    :param probe: raises Unavailable where the store does nothing at all; where it does, a blob that cannot be read is
        damaged, as by a bad sector.
    """

    def __init__(self, upkeep: UpkeepBlobs, codec: XetCodec, pace: Pace, probe: Callable[[], Awaitable[None]]) -> None:
        self._upkeep, self._codec, self._pace, self._probe = upkeep, codec, pace, probe

    async def look(self, blob: Blob) -> Fault | None:
        """Whether something of its name and size is there."""
        return await self._judged(self._look(blob))

    async def whole(self, blob: Blob, xorbs: Sequence[XorbRow] = ()) -> Fault | None:
        """Whether all of it is there, byte for byte; and, of a body, whether its chunks are those on record."""
        return await self._judged(self._whole(blob, xorbs))

    async def _judged(self, looking: Awaitable[Fault | None]) -> Fault | None:
        try:
            return await looking
        except Unavailable as error:
            reason = str(error.details.get("reason", "unknown"))
            if reason in _OURS:
                raise
            await self._probe()
            return Fault(Kind.UNREADABLE, {"reason": reason})

    async def _look(self, blob: Blob) -> Fault | None:
        return judged(blob, await self._upkeep.found(as_stored(blob)))

    async def _whole(self, blob: Blob, xorbs: Sequence[XorbRow]) -> Fault | None:
        fault = await self._look(blob)
        if fault is not None and fault.kind is not Kind.MISLABELLED:
            return fault
        running = self._codec.fingerprint(blob.size)
        bodies = [(row, _Body(self._codec)) for row in xorbs]
        async with aclosing(self._upkeep.raw(as_stored(blob))) as pieces:
            async for piece in pieces:
                await self._pace.spend(len(piece))
                if len(piece) <= _HASHED_HERE and not bodies:
                    running.update(piece)
                else:
                    await asyncio.to_thread(_feed, running, bodies, piece)
        made = running.blob(blob.place, None)
        if made.sha256 != blob.sha256:
            return Fault(Kind.ROTTEN, {"found": made.sha256, **_first_other(blob.blocks, made.blocks)})
        if made.blocks != blob.blocks:
            return Fault(Kind.DIGESTS, _first_other(blob.blocks, made.blocks))
        return fault or next(
            (Fault(Kind.CHUNKS, {"xorb": row.hash}) for row, body in bodies if not body.is_of(row)), None
        )


def _feed(running: RunningDigests, bodies: Sequence[tuple[XorbRow, "_Body"]], piece: bytes) -> None:
    running.update(piece)
    for _, body in bodies:
        body.feed(piece)


def _first_other(wanted: bytes, found: bytes) -> dict[str, str | int]:
    """The first block that differs."""
    for number in range(max(len(wanted), len(found)) // _DIGEST):
        at = number * _DIGEST
        if wanted[at : at + _DIGEST] != found[at : at + _DIGEST]:
            return {"block": number, "at": number * BLOCK}
    return {}


async def index_of(upkeep: UpkeepBlobs, codec: XetCodec, blob: Blob, hashed: str) -> XorbIndex | None:
    """What the chunks of a xorb are, read out of its body; None when that is not the xorb of that hash."""
    body = _Body(codec)
    async with aclosing(upkeep.raw(as_stored(blob))) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(body.feed, piece)
    return body.index(hashed)


class _Body:
    """A body of a xorb while it passes."""

    def __init__(self, codec: XetCodec) -> None:
        self._reader: BodyReader | None = BodyReader(codec.keyed, codec.unpack)

    def feed(self, piece: bytes) -> None:
        if self._reader is not None:
            try:
                self._reader.feed(piece)
            except DomainError:
                self._reader = None

    def index(self, hashed: str) -> XorbIndex | None:
        """What its chunks are, when they are those of that hash."""
        with suppress(DomainError):
            return self._reader.finish(raw(hashed)) if self._reader else None
        return None

    def is_of(self, row: XorbRow) -> bool:
        """Whether the record says of the chunks what they are."""
        found = self.index(row.hash)
        return found is not None and found.pack() == row.chunks

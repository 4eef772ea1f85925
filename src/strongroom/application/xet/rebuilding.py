"""Files put together from chunks while they are read; each chunk is compared with its hash before any of it leaves."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from strongroom.application.artifacts.blobstore import BLOCK, ReadBlobs, StoredBlob
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.xet import XetCodec, Xorb
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Corrupted
from strongroom.domain.xet.body import read_chunks
from strongroom.domain.xet.terms import Term, within

#: Indexes of xorbs kept at hand: of usual xorbs 40 KB each.
_KEPT: Final = 64


def stored(blob: Blob) -> StoredBlob:
    """A blob as the store knows it."""
    return StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)


class Rebuilder:
    """Reads ranges of reconstructions.

    :param bodies: where bodies of xorbs are read. :param executor: looks xorbs up.
    """

    def __init__(self, bodies: ReadBlobs, codec: XetCodec, executor: Executor) -> None:
        self._bodies, self._codec, self._executor = bodies, codec, executor
        self._kept: OrderedDict[int, Xorb] = OrderedDict()

    async def read(self, terms: Sequence[Term], start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes ``[start, end)`` in pieces of at most a block.

        :raises Corrupted: a chunk is missing, or not what was stored; `details["at"]` is the offset in the file.
        """
        touched, skip = within(terms, start, end)
        at = start
        for term in touched:
            async with aclosing(self._term(term, skip, end - at)) as pieces:
                async for piece in pieces:
                    at += len(piece)
                    yield piece
            skip = 0
        if at < end:
            raise Corrupted("Stored bytes are missing.", at=at, missing=True)

    async def _term(self, term: Term, skip: int, left: int) -> AsyncGenerator[bytes, None]:
        xorb = await self.xorb(term.xorb)
        index, base = xorb.index, xorb.index.raw_at(term.start)
        first = index.chunk_at(base + skip)
        skip -= index.raw_at(first) - base
        last = min(term.end, index.chunk_at(index.raw_at(first) + skip + left - 1) + 1)
        async with aclosing(self._chunks(xorb, first, last)) as pieces:
            async for data in pieces:
                wanted = memoryview(data)[skip : skip + left]
                skip = 0
                left -= len(wanted)
                for at in range(0, len(wanted), BLOCK):
                    yield data if len(wanted) == len(data) <= BLOCK else bytes(wanted[at : at + BLOCK])

    async def _chunks(self, xorb: Xorb, first: int, last: int) -> AsyncGenerator[bytes, None]:
        """Chunks ``[first, last)``, some at a time."""
        index, held = xorb.index, b""
        body = self._bodies.read(stored(xorb.blob), index.body_at(first), index.body_at(last))
        async with aclosing(body) as pieces:
            async for piece in pieces:
                held += piece
                while first < last and index.body[first] - index.body_at(first) <= len(held):
                    chunks, used = await asyncio.to_thread(
                        read_chunks, self._codec.keyed, self._codec.unpack, index, first, last, held, BLOCK
                    )
                    held, first = held[used:], first + len(chunks)
                    yield b"".join(chunks)

    async def xorb(self, xorb_id: int) -> Xorb:
        """A xorb that is on record.

        :raises Corrupted: it is not.
        """
        found = self._kept.pop(xorb_id, None)
        if found is None:
            found = (await self._executor.read(lambda tx: tx.xet.xorbs([xorb_id]), brief=True)).get(xorb_id)
        if found is None:
            raise Corrupted("Stored bytes are missing.", missing=True)
        self._kept[xorb_id] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

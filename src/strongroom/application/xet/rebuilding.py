"""Files put together from chunks while they are read; each chunk is compared with its hash before any of it leaves."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from strongroom.application.artifacts.blobstore import BLOCK, ReadBlobs, StoredBlob
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.xet import XetCodec, Xorb
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Corrupted
from strongroom.domain.xet.body import read_chunks
from strongroom.domain.xet.hashes import Data
from strongroom.domain.xet.terms import Term, within

T = TypeVar("T")
R = TypeVar("R")

#: Indexes of xorbs kept at hand: of usual xorbs 40 KB each.
_KEPT: Final = 64
#: Bytes of chunks that are read and unpacked in one go, and how many such goes are under way: some 12 MiB of memory.
_STRETCH: Final = 2 * BLOCK
_AHEAD: Final = 3


def stored(blob: Blob) -> StoredBlob:
    """A blob as the store knows it."""
    return StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Chunks ``[first, last)`` of a xorb, of whose bytes `take` are wanted, behind the first `skip`."""

    xorb: Xorb
    first: int
    last: int
    skip: int
    take: int


class Rebuilder:
    """Reads ranges of reconstructions.

    Bodies are read without a comparison of their blocks: each chunk is compared, and headers between them are not used.

    :param bodies: where bodies of xorbs are read. :param executor: looks xorbs up.
    """

    def __init__(self, bodies: ReadBlobs, codec: XetCodec, executor: Executor) -> None:
        self._bodies, self._codec, self._executor = bodies, codec, executor
        self._kept: OrderedDict[int, Xorb] = OrderedDict()

    async def read(self, terms: Sequence[Term], start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes ``[start, end)`` in pieces of at most a block.

        :raises Corrupted: a chunk is missing, or not what was stored; `details["blob"]` is the body.
        """
        async with aclosing(self._stretches(terms, start, end, _joined)) as stretches:
            async for pieces in stretches:
                for piece in pieces:
                    yield piece

    def chunks(self, terms: Sequence[Term], start: int, end: int) -> AsyncGenerator[Sequence[Data], None]:
        """The same bytes for who looks at them where they lie: chunks, as many at a time as were read in one go."""
        return self._stretches(terms, start, end, list)

    def _stretches(
        self, terms: Sequence[Term], start: int, end: int, form: Callable[[list[Data]], list[T]]
    ) -> AsyncGenerator[list[T], None]:
        """:param form: what becomes of the chunks that were read in one go, in the thread that reads them."""
        return _ahead(self._planned(terms, start, end), partial(self._read, form), _AHEAD)

    async def _planned(self, terms: Sequence[Term], start: int, end: int) -> AsyncGenerator[_Stretch, None]:
        touched, skip = within(terms, start, end)
        left = end - start
        for term in touched:
            for stretch in _stretches_of(await self.xorb(term.xorb), term, skip, left):
                left -= stretch.take
                yield stretch
            skip = 0
        if left:
            raise Corrupted("Stored bytes are missing.", missing=True)

    async def _read(self, form: Callable[[list[Data]], list[T]], stretch: _Stretch) -> list[T]:
        index = stretch.xorb.index
        start, end = index.body_at(stretch.first), index.body_at(stretch.last)

        def look(data: bytes) -> list[T]:
            return form(self._compared(stretch, data))

        return await self._bodies.examine(stored(stretch.xorb.blob), start, end, look)

    def _compared(self, stretch: _Stretch, data: bytes) -> list[Data]:
        xorb, codec = stretch.xorb, self._codec
        try:
            chunks = read_chunks(codec.keyed, codec.unpack, xorb.index, stretch.first, stretch.last, data)
        except Corrupted as error:
            block = xorb.index.body_at(int(str(error.details["chunk"]))) // BLOCK
            raise Corrupted(error.message, blob=xorb.blob.sha256, block=block, missing=False) from error
        return _trimmed(chunks, stretch.skip, stretch.take)

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


def _stretches_of(xorb: Xorb, term: Term, skip: int, left: int) -> Iterator[_Stretch]:
    """The part of a term behind `skip` bytes, and of that at most `left` bytes, a stretch at a time."""
    index = xorb.index
    at = index.raw_at(term.start) + skip
    end = min(index.raw_at(term.end), at + left)
    first = index.chunk_at(at)
    while at < end:
        last = first + 1
        while last < term.end and index.raw_at(last) < end and _small(xorb, first, last + 1):
            last += 1
        take = min(index.raw_at(last), end) - at
        yield _Stretch(xorb, first, last, at - index.raw_at(first), take)
        at, first = at + take, last


def _small(xorb: Xorb, first: int, last: int) -> bool:
    """Whether these chunks are few enough for one stretch, both packed and unpacked."""
    index = xorb.index
    return index.raw_between(first, last) <= _STRETCH and index.body_at(last) - index.body_at(first) <= 2 * _STRETCH


def _trimmed(chunks: Sequence[Data], skip: int, take: int) -> list[Data]:
    """The `take` bytes of the chunks behind the first `skip`, which are in the first chunk and end in the last."""
    views: list[Data] = [memoryview(chunk) for chunk in chunks]
    views[0] = views[0][skip:]
    beyond = sum(map(len, views)) - take
    views[-1] = views[-1][: len(views[-1]) - beyond]
    return views


def _joined(chunks: Sequence[Data]) -> list[bytes]:
    """The chunks in pieces of at most a block; a chunk is never larger."""
    pieces: list[list[Data]] = [[]]
    size = 0
    for chunk in chunks:
        if size + len(chunk) > BLOCK:
            pieces.append([])
            size = 0
        pieces[-1].append(chunk)
        size += len(chunk)
    return [b"".join(piece) for piece in pieces]


async def _ahead(
    items: AsyncGenerator[T, None], work: Callable[[T], Awaitable[R]], most: int
) -> AsyncGenerator[R, None]:
    """What `work` makes of each item, in their order, while up to `most` are worked on."""
    begun: deque[asyncio.Future[R]] = deque()
    try:
        async for item in items:
            begun.append(asyncio.ensure_future(work(item)))
            if len(begun) == most:
                yield await begun[0]
                begun.popleft()
        while begun:
            yield await begun[0]
            begun.popleft()
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await items.aclose()

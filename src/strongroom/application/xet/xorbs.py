"""Xorbs coming in: verified chunk by chunk while they are stored; nothing is kept of one that is not what it claims."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.ports.xet import XetCodec
from strongroom.application.xet.tokens import Session, target
from strongroom.domain.errors import Unavailable
from strongroom.domain.xet.body import BodyReader
from strongroom.domain.xet.hashes import answers, key_of, raw
from strongroom.domain.xet.xorb import BODY_LARGEST, XorbIndex

LEDGER_US: Final = 22 * 24 * 3600 * 1_000_000
"""Clients remember for 21 days which chunks they have sent, and do not send them again."""


def codec_of(edge: Edge) -> XetCodec:
    """:raises Unavailable: this server does not serve the protocol."""
    if edge.gateway.codec is None:
        raise Unavailable("This server does not take chunks.")
    return edge.gateway.codec


class Verified:
    """A body on its way to the store, read along; `index` is there once all of it was found to be right."""

    def __init__(self, codec: XetCodec, claimed: bytes) -> None:
        self._reader = BodyReader(codec.keyed, codec.unpack)
        self._claimed = claimed
        self.index: XorbIndex | None = None

    async def units(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The same bytes in units of about a block; raises before the end when they are not the xorb claimed."""
        held: list[bytes] = []
        size = 0
        async for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= BLOCK:
                yield await asyncio.to_thread(self._take, held)
                held, size = [], 0
        if held:
            yield await asyncio.to_thread(self._take, held)
        self.index = await asyncio.to_thread(self._reader.finish, self._claimed)

    def _take(self, held: list[bytes]) -> bytes:
        unit = held[0] if len(held) == 1 else b"".join(held)
        self._reader.feed(unit)
        return unit


async def put(edge: Edge, session: Session, hashed: str, chunks: AsyncIterator[bytes], size: int | None) -> None:
    """Store a xorb; durable and on record when it returns. The same is done whether or not it is here already (N16).

    :raises Invalid: it is no xorb, or has not the hash that it is sent under.
    """
    await edge.read(lambda call: target(call, session, write=True))
    body = Verified(codec_of(edge), raw(hashed))
    async with aclosing(body.units(chunks)) as units:
        stored = await edge.store.put(units, expect_sha256=None, expect_size=size, max_size=BODY_LARGEST)
    await edge.command(lambda call: enter(call, session, hashed, stored, body.index))


def enter(call: Call, session: Session, hashed: str, stored: StoredBlob, index: XorbIndex | None) -> None:
    """Record a xorb that is stored, and that the caller has sent it."""
    target(call, session, write=True)
    assert index is not None  # noqa: S101 - the store has read the body to its end
    blob = call.tx.blobs.add([stored])[stored.sha256]
    answering = [key_of(index.hash_of(chunk)) for chunk in range(index.count) if answers(index.hash_of(chunk))]
    xorb_id = call.tx.xet.add_xorb(hashed, blob.id, index, answering)
    call.tx.xet.note_xorb(call.actor.id, xorb_id, call.now + LEDGER_US)

"""Xorbs coming in: verified chunk by chunk while they are stored; nothing is kept of one that is not what it claims."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.cutting import blocks_of
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.ports.xet import XetCodec
from strongroom.application.xet.tokens import Session, target
from strongroom.domain.errors import BadPageToken, NotFound, TooLarge, Unavailable
from strongroom.domain.xet.body import BodyReader
from strongroom.domain.xet.hashes import answers, key_of, raw
from strongroom.domain.xet.xorb import BODY_LARGEST, XorbIndex

LEDGER_US: Final = 22 * 24 * 3600 * 1_000_000
STIRRED_US: Final = 60 * 1_000_000
"""Clients remember for 21 days which chunks they have sent, and do not send them again."""

_GRANTED: Final = "xet.grant"
_NO_GRANT: Final = "There is no such grant."


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
        """The same bytes, a block at a time; raises before the end when they are not the xorb claimed."""
        async with aclosing(blocks_of(chunks)) as blocks:
            async for block in blocks:
                await asyncio.to_thread(self._reader.feed, block)
                yield block
        self.index = await asyncio.to_thread(self._reader.finish, self._claimed)


async def put(edge: Edge, session: Session, hashed: str, chunks: AsyncIterator[bytes], size: int | None) -> None:
    """Store a xorb; durable and on record when it returns. The same is done whether or not it is here already (N16).

    :raises Invalid: it is no xorb, or has not the hash that it is sent under.
    """
    await edge.read(lambda call: target(call, session, write=True))
    body = Verified(codec_of(edge), raw(hashed))
    async with aclosing(body.units(chunks)) as units:
        stored = await edge.store.put(units, expect_sha256=None, expect_size=size, max_size=BODY_LARGEST)
    await edge.command(lambda call: enter(call, session, hashed, stored, body.index))


@dataclass(frozen=True, slots=True)
class Grant:
    """Where a client may send a xorb's body itself. `id` names it when it asks for it to be taken."""

    id: str
    url: str
    headers: Mapping[str, str]


async def grant(edge: Edge, session: Session, hashed: str, size: int) -> Grant | None:
    """An address in the bucket for a xorb's body; None when the caller has sent that xorb before.

    :raises NotFound: bytes come through us here. :raises TooLarge: no xorb is that large.
    """
    raw(hashed)
    direct = edge.gateway.direct
    if direct is None:
        raise NotFound("Bodies are sent to this server.")
    if not 0 < size <= BODY_LARGEST:
        raise TooLarge(f"A xorb has at most {BODY_LARGEST} bytes.", limit=BODY_LARGEST)

    def begin(call: Call) -> tuple[str, str] | None:
        target(call, session, write=True)
        known = call.tx.xet.ids_by_hash([hashed])
        ids = list(known.values()) or [-1]
        if call.tx.xet.noted(call.actor.id, ids) - call.tx.integrity.damaged_xorbs(ids):
            return None
        name = call.tx.random_bytes(16).hex()
        return name, call.sealer.seal_credential(_GRANTED, (name, hashed, session.asset, call.actor.uid))

    begun = await edge.command(begin)
    if begun is None:
        return None
    name, sealed = begun
    made = await direct.grant_direct(name)
    return Grant(sealed, made.url, made.headers)


async def take(edge: Edge, session: Session, hashed: str, granted: str) -> None:
    """Read a body that was sent to a bucket back, once, verify it and put it on record.

    :raises NotFound: the grant is not of this caller for this xorb, or nothing was sent.
    """
    direct, body = edge.gateway.direct, Verified(codec_of(edge), raw(hashed))

    def check(call: Call) -> str:
        target(call, session, write=True)
        try:
            found = call.sealer.open_credential(_GRANTED, granted)
        except BadPageToken:
            found = None
        if found is None or found[1:] != (hashed, session.asset, call.actor.uid):
            raise NotFound(_NO_GRANT)
        return str(found[0])

    name = await edge.read(check)
    if direct is None:
        raise NotFound(_NO_GRANT)
    stored = await direct.take_direct(name, body.units, max_size=BODY_LARGEST)
    await edge.command(lambda call: enter(call, session, hashed, stored, body.index))


def enter(call: Call, session: Session, hashed: str, stored: StoredBlob, index: XorbIndex | None) -> None:
    """Record a xorb that is stored, and that the caller has sent it.

    Whoever sends it is about to commit: a head that waits to be quiet waits on, since it may be half of what is coming.
    """
    asset = target(call, session, write=True)
    assert index is not None  # noqa: S101 - the store has read the body to its end
    blob = call.tx.blobs.add([stored])[stored.sha256]
    answering = [key_of(index.hash_of(chunk)) for chunk in range(index.count) if answers(index.hash_of(chunk))]
    xorb_id = call.tx.xet.add_xorb(hashed, blob.id, index, answering)
    call.tx.xet.note_xorb(call.actor.id, xorb_id, call.now + LEDGER_US)
    call.tx.publication.stir(asset.id, call.now + STIRRED_US)

"""Files coming in: what a shard claims is compared with the chunks, then each file's SHA-256 is taken from its bytes.

A file is on record only after that: no claimed digest is trusted anywhere before. Then it is a blob like any other,
whose place is its chunks, unless the same bytes lie in the store whole already: those stay where they are.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from strongroom.application.artifacts import uploads
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.ports.xet import RunningDigests, XetCodec, XetFile, Xorb
from strongroom.application.xet.claims import CheckedFile, check_file, named, require_possession
from strongroom.application.xet.rebuilding import Rebuilder
from strongroom.application.xet.store import place_of
from strongroom.application.xet.tokens import Session, target
from strongroom.application.xet.xorbs import codec_of
from strongroom.domain.errors import DigestMismatch, NotPossessed, Unavailable
from strongroom.domain.xet.hashes import Data, key_of, text
from strongroom.domain.xet.shard import ClaimedFile, ClaimedXorb, Shard, parse_shard
from strongroom.domain.xet.terms import pack_terms

#: Files that are entered in one transaction.
ENTERED_AT_ONCE = 64
#: Xorbs that are looked up at a time, and that are held.
AHEAD = 32
HELD = 256


@dataclass(slots=True)
class Progress:
    """How far it has come, in bytes."""

    verified: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """A file with the digests of its bytes; `stored` is None where they are on record.

    :ivar remade: it is on record as made of chunks that are damaged; these are not.
    """

    file: CheckedFile
    stored: StoredBlob | None
    blob_id: int | None = None
    remade: bool = False


async def register(edge: Edge, session: Session, data: bytes, progress: Progress) -> None:
    """Verify all that a shard claims and put its files on record; the caller then possesses them (N16).

    :raises Invalid: it is no shard, or claims what is not so. :raises NotPossessed: it names chunks of others.
    """
    codec = codec_of(edge)
    await edge.read(lambda call: target(call, session, write=True))
    shard = await asyncio.to_thread(parse_shard, data)
    await _check_xorbs(edge, shard)
    checked = [await _checked(edge, session, codec, file) for file in shard.files]
    progress.total = sum(file.size for file in checked)
    async with edge.gateway.turns.taken(progress.total):
        rebuilder = Rebuilder(edge.store, codec, edge.gateway.executor)
        for start in range(0, len(checked), ENTERED_AT_ONCE):
            batch = checked[start : start + ENTERED_AT_ONCE]
            verified = [await _verified(edge, codec, rebuilder, file, progress) for file in batch]
            await edge.command(partial(_enter, session=session, files=verified))


async def _check_xorbs(edge: Edge, shard: Shard) -> None:
    """What the shard says of xorbs is what they are: other clients must not be told otherwise, and a lie is a fault.

    Only of those that the caller has sent, or was told of: whether another xorb is here must not show.
    """
    for start in range(0, len(shard.xorbs), ENTERED_AT_ONCE):
        batch = shard.xorbs[start : start + ENTERED_AT_ONCE]
        hashes = [text(xorb.hash) for xorb in batch]
        found = await edge.read(partial(_own_xorbs, hashes=hashes))
        await asyncio.to_thread(_compare_xorbs, batch, found)


def _xorbs(call: Call, *, hashes: Sequence[str]) -> Mapping[str, Xorb]:
    return call.tx.xet.xorbs_by_hash(hashes)


def _own_xorbs(call: Call, *, hashes: Sequence[str]) -> Mapping[str, Xorb]:
    found = call.tx.xet.xorbs_by_hash(hashes)
    noted = call.tx.xet.noted(call.actor.id, [xorb.id for xorb in found.values()] or [-1])
    return {hashed: xorb for hashed, xorb in found.items() if xorb.id in noted}


def _compare_xorbs(claimed: Sequence[ClaimedXorb], found: Mapping[str, Xorb]) -> None:
    for one in claimed:
        stored = found.get(text(one.hash))
        if stored is None:
            raise NotPossessed("Send these chunks first.", xorbs=[text(one.hash)])
        if stored.index.hashes != one.hashes():
            raise DigestMismatch("The shard states other chunks of a xorb than it has.", xorb=stored.hash)


async def _checked(edge: Edge, session: Session, codec: XetCodec, file: ClaimedFile) -> CheckedFile:
    find = _Finding(edge, await asyncio.to_thread(named, file))
    checked = await asyncio.to_thread(check_file, codec, file, find)
    await edge.read(lambda call: require_possession(call, target(call, session, write=True), checked))
    return checked


class _Finding:
    """Looks xorbs up for a thread that walks over a file, some ahead; few are held at a time, however long the file."""

    def __init__(self, edge: Edge, names: Sequence[str]) -> None:
        self._edge, self._names = edge, names
        self._places = {name: place for place, name in enumerate(names)}
        self._loop = asyncio.get_running_loop()
        self._held: OrderedDict[str, Xorb] = OrderedDict()

    def __call__(self, name: str) -> Xorb | None:
        """The xorb of that name. Not to be called on the event loop."""
        if name not in self._held:
            self._load(self._places[name])
        if name in self._held:
            self._held.move_to_end(name)
        return self._held.get(name)

    def _load(self, place: int) -> None:
        ahead = [name for name in self._names[place : place + AHEAD] if name not in self._held]
        reading = self._edge.read(partial(_xorbs, hashes=ahead))
        found = asyncio.run_coroutine_threadsafe(reading, self._loop).result()
        self._held.update((name, found[name]) for name in reversed(ahead) if name in found)
        while len(self._held) > HELD:
            self._held.popitem(last=False)


async def _verified(
    edge: Edge, codec: XetCodec, rebuilder: Rebuilder, file: CheckedFile, progress: Progress
) -> Verified:
    """The file with its SHA-256: known of a file of that hash, else taken from its bytes, whatever is claimed."""
    known, damaged = await edge.read(partial(_known, name=file.name))
    if known is not None and not damaged:
        _compare(file, known.sha256)
        progress.verified += file.size
        return Verified(file, None, known.blob_id)
    running = codec.fingerprint(file.size)
    async with aclosing(rebuilder.chunks(file.terms, 0, file.size)) as stretches:
        async for chunks in stretches:  # the next ones are read and compared in other threads while these are hashed
            await asyncio.to_thread(_hash, running, chunks)
            progress.verified += sum(map(len, chunks))
    _compare(file, running.sha256)
    return Verified(file, running.blob(place_of(file.name), running.git), remade=damaged)


def _known(call: Call, *, name: str) -> tuple[XetFile | None, bool]:
    """A file of that hash, and whether it is damaged."""
    found = call.tx.xet.file(name)
    return found, found is not None and found.sha256 in call.tx.integrity.damaged([found.sha256])


def _hash(running: RunningDigests, chunks: Sequence[Data]) -> None:
    for chunk in chunks:
        running.update(chunk)


def _compare(file: CheckedFile, found: str) -> None:
    if file.sha256 is not None and file.sha256 != found:
        raise DigestMismatch("The file does not have the SHA-256 claimed.", expected=file.sha256, found=found)


def _enter(call: Call, *, session: Session, files: Sequence[Verified]) -> None:
    target(call, session, write=True)
    until = call.now + uploads.LEDGER_US
    for one in files:
        terms, blob_id = one.file.terms, one.blob_id
        if one.stored is not None:
            blob_id = call.tx.blobs.add([one.stored])[one.stored.sha256].id
            made = one.file.name, pack_terms(terms), [term.xorb for term in terms]
            call.tx.xet.add_file(made[0], blob_id, made[1], made[2])
            if one.remade:
                call.tx.xet.remake_file(*made)
        elif call.tx.xet.file(one.file.name) is None:
            raise Unavailable("The file was removed at this moment; send it again.")
        assert blob_id is not None  # noqa: S101 - either it was on record, or it is now
        call.tx.blobs.note_sent(call.actor.id, [blob_id], until)
        call.tx.xet.answer([key_of(one.file.first)], terms[0].xorb)

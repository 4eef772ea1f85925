"""Answers to "does anybody know this chunk": xorbs of which the caller may read every chunk, under a fresh key.

A client that made its file elsewhere learns so which chunks it need not send. It learns nothing of what it may not
read, and of what it may read only hashes under a key that is made for this one answer.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from strongroom.application.artifacts.uploads import LEDGER_US
from strongroom.application.call import Call, asset_target
from strongroom.application.edge import Edge
from strongroom.application.ports.xet import XetFile, Xorb
from strongroom.application.xet.tokens import Session, target
from strongroom.application.xet.xorbs import codec_of
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.xet.answer import Offered, build_answer
from strongroom.domain.xet.hashes import SIZE, key_of, raw
from strongroom.domain.xet.terms import Coverage, Term, unpack_terms

KEPT_S: Final = 4 * 3600
"""How long clients keep an answer; they may name its chunks for 48 hours more, should an upload take so long."""

XORBS_MOST: Final = 16
CANDIDATES: Final = 8
FILES_LOOKED_AT: Final = 50
HOLDERS_LOOKED_AT: Final = 50
_NOTHING: Final = "No chunk of that hash is known."


async def answer(edge: Edge, session: Session, hashed: str) -> bytes:
    """A shard that names the xorb of a chunk and those beside it in the same file.

    :raises NotFound: the chunk is not known, or lies in nothing that the caller may read.
    """
    chunk, codec = raw(hashed), codec_of(edge)
    found = await edge.read(lambda call: _find(call, session, chunk))
    if not found:
        raise NotFound(_NOTHING)

    def note(call: Call) -> tuple[bytes, int]:
        for xorb in found:
            call.tx.xet.note_xorb(call.actor.id, xorb.id, call.now + KEPT_S * 1_000_000 + LEDGER_US)
        return call.tx.random_bytes(SIZE), call.now // 1_000_000

    key, now_s = await edge.command(note)
    offered = [Offered(raw(xorb.hash), xorb.index) for xorb in found]
    return await asyncio.to_thread(build_answer, codec.keyed, offered, key, now_s, now_s + KEPT_S)


def _find(call: Call, session: Session, chunk: bytes) -> Sequence[Xorb]:
    """The xorbs to name, the chunk's own first. What may not be read is left before any of it is looked at."""
    target(call, session, write=True)
    for xorb_id in call.tx.xet.answering(key_of(chunk), CANDIDATES) or [-1]:
        files = _readable(call, call.tx.xet.files_with(xorb_id, FILES_LOOKED_AT))
        if not files:
            continue
        terms = {file.id: unpack_terms(file.terms) for file in files}
        beside = _beside(xorb_id, terms[files[0].id])
        damaged = call.tx.integrity.damaged_xorbs(beside)
        xorbs = {one: xorb for one, xorb in call.tx.xet.xorbs(beside).items() if one not in damaged}
        if xorb_id not in xorbs or xorbs[xorb_id].index.find(chunk) is None:
            continue
        whole = [xorbs[one] for one in beside if one in xorbs and _is_whole(call, xorbs[one], terms)]
        if whole and whole[0].id == xorb_id:
            return whole
    return []


def _readable(call: Call, files: Sequence[XetFile]) -> Sequence[XetFile]:
    """Those that an asset holds whose bytes the caller may read."""
    holders = call.tx.xet.holders([file.blob_id for file in files] or [-1], HOLDERS_LOOKED_AT)
    assets = call.tx.assets.by_ids(sorted({one for held in holders.values() for one in held}) or [-1])
    mine = {
        asset.id
        for asset in assets.values()
        if asset.deleted_at is None
        and asset.workspace_id == call.workspace.id
        and call.allows(Permission.VERSION_BYTES, asset_target(asset))
    }
    return [file for file in files if mine.intersection(holders.get(file.blob_id, ()))]


def _beside(xorb_id: int, terms: Sequence[Term]) -> list[int]:
    """The xorb, then those that follow it in the file, then those before it."""
    order = list(dict.fromkeys(term.xorb for term in terms))
    at = order.index(xorb_id)
    return [*order[at:], *reversed(order[:at])][:XORBS_MOST]


def _is_whole(call: Call, xorb: Xorb, known: Mapping[int, Sequence[Term]]) -> bool:
    """Whether every chunk of the xorb lies in a file that the caller may read."""
    if Coverage(xorb.id, (term for terms in known.values() for term in terms)).has(0, xorb.index.count):
        return True
    files = _readable(call, call.tx.xet.files_with(xorb.id, FILES_LOOKED_AT))
    return Coverage(xorb.id, (term for file in files for term in unpack_terms(file.terms))).has(0, xorb.index.count)

"""The log as it grows, for those who pass it on: numbered records from a leaf on, waited for when there are none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.audit.log import LOG, require_server, rows
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.domain.audit.export import Leaf
from strongroom.domain.errors import Conflict

ACTION: Final = "audit.follow"
WAIT_LONGEST_S: Final = 30.0
PERIOD_S: Final = 0.5
BYTES_MOST: Final = 4 * 1024 * 1024
"""Of the records in one answer, but for the last."""
_OWN: Final = b'"action":"' + ACTION.encode() + b'"'


@dataclass(frozen=True, slots=True)
class FollowedView:
    """A record: its number, its canonical text as stored, and its stored leaf hash (hex)."""

    leaf: int
    record: str
    hash: str


@dataclass(frozen=True, slots=True)
class FollowView:
    """Records from a leaf on, in order; a number that is left out is not in the database any more.

    :ivar next: the leaf to go on with. :ivar size: how many records the log has.
    """

    origin: str
    records: Sequence[FollowedView]
    next: int
    size: int


def page(call: Call, origin: str, start: int, limit: int) -> FollowView:
    """Records from `start` on.

    :raises Conflict: the log is shorter: it is another one, or an older copy of it.
    """
    require_server(call)
    size = call.tx.audit.size()
    if start > size:
        raise Conflict(f"The log has {size} records only: it is another one, or an older copy.", size=size)
    kept, weight = list[Leaf](), 0
    until = min(start + limit, size)
    for leaf in rows(call.tx, start, limit):
        kept.append(leaf)
        weight += len(leaf.record)
        if weight > BYTES_MOST:
            until = leaf.number + 1
            break
    views = [FollowedView(one.number, one.record.decode(errors="replace"), one.hash.hex()) for one in kept]
    return FollowView(origin, views, until, size)


def note(call: Call, found: FollowView) -> None:
    """Say that records were read; of an answer that only says so itself, nothing, or it would never end."""
    require_server(call)
    if any(_OWN not in one.record.encode() for one in found.records):
        call.record(ACTION, LOG, {"from": found.records[0].leaf, "to": found.next}, event=False, outcome="read")


async def followed(edge: Edge, start: int, limit: int, wait: float) -> FollowView:
    """Records from `start` on; when there are none, look again until there are, for at most `wait` seconds."""
    origin = edge.gateway.keys.origin
    found = await edge.read(lambda call: page(call, origin, start, limit))
    if wait > 0 and found.next == start:
        slot, loop = edge.gateway.waiting.take(), asyncio.get_running_loop()
        try:
            end = loop.time() + min(wait, WAIT_LONGEST_S)
            while found.next == start and loop.time() < end:
                await asyncio.sleep(min(PERIOD_S, max(end - loop.time(), 0)))
                found = await edge.read(lambda call: page(call, origin, start, limit))
        finally:
            slot.close()
    if found.records:
        await edge.command(lambda call: note(call, found))
    return found

"""The feed: what happened in a workspace, in one order, for those who may know of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.events.audience import heard
from strongroom.application.events.waiting import Slot
from strongroom.application.ports.events import StoredEvent, Wanted
from strongroom.domain.events import cloudevent
from strongroom.domain.events.types import clean_patterns
from strongroom.domain.identity.roles import Permission

SCAN: Final = 5_000
"""Leaves that one look at the feed passes over at most."""

PERIOD_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
WAIT_LONGEST_S: Final = 30.0
A_STEP: Final = 100


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the feed, oldest first, as CloudEvents 1.0.

    `next` is what to ask after the next time, also when there is nothing; `head` the last position of the whole feed.
    """

    events: Sequence[Mapping[str, object]]
    next: int
    head: int


def as_cloud_event(event: StoredEvent, workspace_uid: str) -> dict[str, object]:
    """An event as it is shown and sent. The asset's path is the present one; everything else never changes."""
    details = json.loads(event.details)
    details.pop("subject", None)
    data: dict[str, object] = {"actor": event.actor, "details": details}
    if event.asset_uid is not None:
        data["asset"] = {"uid": event.asset_uid, "kind": event.asset_kind, "path": event.asset_path}
        data["asset_seq"] = event.asset_seq
    return cloudevent.cloud_event(
        uid=event.uid,
        workspace=workspace_uid,
        action=event.action,
        subject=f"{event.subject_kind}/{event.subject_uid}",
        recorded_at=event.recorded_at,
        leaf=event.leaf,
        data=data,
    )


def lane_of(event: StoredEvent) -> str:
    """What the event is in order with: its asset, else its subject."""
    return f"asset/{event.asset_id}" if event.asset_id is not None else f"{event.subject_kind}/{event.subject_uid}"


def listed(call: Call, after: int | None, limit: int, types: Sequence[str] = ()) -> EventPage:
    """Events after a position, None for the beginning.

    Who may read the audit log sees all of the workspace; see `audience` for everybody else.
    """
    call.ask(Permission.ASSET_READ)
    head = call.tx.feed.head()
    start = -1 if after is None else min(after, head)
    upto = min(head, start + SCAN)
    wanted = Wanted(call.workspace.id, None, clean_patterns(types))
    found = heard(call.tx, call.caller.access, call.workspace.id, wanted, start, upto, limit)
    reached = found[-1].leaf if len(found) == limit else upto
    return EventPage([as_cloud_event(event, call.workspace.uid) for event in found], reached, head)


async def waited(edge: Edge, after: int | None, limit: int, types: Sequence[str], wait: float) -> EventPage:
    """The same as `listed`; when there is nothing, look again until there is, for at most `wait` seconds."""
    page = await edge.read(lambda call: listed(call, after, limit, types))
    if wait <= 0 or page.events:
        return page
    slot, loop = edge.gateway.waiting.take(), asyncio.get_running_loop()
    try:
        end = loop.time() + min(wait, WAIT_LONGEST_S)
        while not page.events and loop.time() < end:
            if page.next >= page.head:
                await asyncio.sleep(min(PERIOD_S / 2, max(end - loop.time(), 0)))
            start = page.next
            page = await edge.read(lambda call, start=start: listed(call, start, limit, types))  # type: ignore[misc]
    finally:
        slot.close()
    return page


async def stream(edge: Edge, after: int | None, types: Sequence[str]) -> AsyncIterator[bytes]:
    """Server-sent events from a position, None for now. The first look decides whether the caller may.

    Each look authenticates again, so the stream ends a second after its token does.
    """
    page = await edge.read(lambda call: listed(call, after, 1, types))
    start = page.head if after is None else min(after, page.head)
    return _lines(edge, edge.gateway.waiting.take(), start, types)


async def _lines(edge: Edge, slot: Slot, start: int, types: Sequence[str]) -> AsyncIterator[bytes]:
    """Every heartbeat says the position reached, so that going on does not look at the same leaves again."""
    loop = asyncio.get_running_loop()
    try:
        yield f"retry: 2000\nid: {start}\n\n".encode()
        spoke = loop.time()
        while True:
            page = await edge.read(lambda call, start=start: listed(call, start, A_STEP, types))  # type: ignore[misc]
            start = page.next
            for event in page.events:
                position = int(str(event["sequence"]))
                yield b"id: %d\ndata: %s\n\n" % (position, cloudevent.encode(event))
            if loop.time() - spoke >= HEARTBEAT_S:
                yield f": still here\nid: {start}\n\n".encode()
                spoke = loop.time()
            if page.next >= page.head:
                await asyncio.sleep(PERIOD_S)
    finally:
        slot.close()

"""The feed of events: listed, waited for, streamed."""

import re
from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.edge import Edge
from strongroom.application.events import feed
from strongroom.application.paging import DEFAULT_PAGE
from strongroom.dialects.native.operation import Request, Struct, TextAnswer, flow
from strongroom.dialects.native.wire import PageSize
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

_POSITION = re.compile(r"-1|[0-9]{1,18}")
Position = Annotated[int, Meta(ge=-1, le=2**62, description="A position in the feed, as `next` in an answer.")]
Types = Annotated[
    str, Meta(max_length=4096, description="Types of events, with commas between: `asset.create,alias.*`; else all.")
]


class Listen(Struct, frozen=True, kw_only=True):
    """Where to begin, and which types of events."""

    after: Position | None = None
    types: Types | None = None

    def patterns(self) -> list[str]:
        """The types one by one."""
        return [text for text in (self.types or "").split(",") if text.strip()]


class ListEvents(Listen, frozen=True, kw_only=True):
    """Which events to list; without `after` from the beginning. `wait` is seconds to wait when there are none."""

    limit: PageSize = DEFAULT_PAGE
    wait: Annotated[int, Meta(ge=0, le=int(feed.WAIT_LONGEST_S))] = 0


@flow(
    "event.list",
    "GET",
    "/events",
    Permission.ASSET_READ,
    "Events of the workspace after a position, oldest first, as CloudEvents",
    params=ListEvents,
    answer=feed.EventPage,
)
async def list_events(edge: Edge, request: Request[ListEvents, Any]) -> feed.EventPage:
    p = request.params
    return await feed.waited(edge, p.after, p.limit, p.patterns(), p.wait)


@flow(
    "event.stream",
    "GET",
    "/events/stream",
    Permission.ASSET_READ,
    "Events as they happen (server-sent events); Last-Event-ID goes on where a stream broke off",
    params=Listen,
    raw_answer="text/event-stream",
)
async def stream_events(edge: Edge, request: Request[Listen, Any]) -> TextAnswer:
    after = request.params.after
    if request.resume:
        if not _POSITION.fullmatch(request.resume):
            raise Invalid("Last-Event-ID is the id of an event of this stream.")
        after = int(request.resume)
    return TextAnswer(await feed.stream(edge, after, request.params.patterns()), "text/event-stream")


OPERATIONS = (list_events, stream_events)

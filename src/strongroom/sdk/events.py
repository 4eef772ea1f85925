"""The feed of events: followed by asking again and again, each time a little while, so that nothing is missed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.api import Api

_PAGE = 100
_WAIT_SECONDS = 20


class Event(msgspec.Struct, frozen=True):
    """Something that happened, as CloudEvents 1.0.

    :ivar id: of its audit record. :ivar type: such as ``dev.strongroom.asset.create``.
    :ivar subject: kind and uid with a slash between. :ivar data: actor, details, and the asset if it is about one.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: str
    data: Mapping[str, Any] = {}
    specversion: str = "1.0"
    datacontenttype: str = "application/json"

    @property
    def position(self) -> int:
        """Where it is in the feed: hand it to `events` as `after` to go on behind it."""
        return int(self.sequence)


class _Page(msgspec.Struct, frozen=True):
    events: list[Event]
    next: int
    head: int


def events(api: Api, after: int | None, types: Sequence[str], *, follow: bool = True) -> Iterator[Event]:
    """Events behind a position, in order. When a connection breaks it goes on where it was.

    :param after: None begins now, -1 with the first event. :param follow: wait for more when there is none.
    """
    chosen = ",".join(types) or None
    if after is None:
        after = api.call("event.list", _Page, limit=1).head
    while True:
        wait = _WAIT_SECONDS if follow else 0
        page = api.call("event.list", _Page, after=after, types=chosen, limit=_PAGE, wait=wait)
        yield from page.events
        after = page.next
        if not follow and page.next >= page.head:
            return

"""A principal's inbox: what it is told, counted, marked. `notifying` fills it.

An item is shown while its object may be seen: what was told before a grant ended is told no more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from strongroom.application.call import Call
from strongroom.application.collaboration.views import (
    InboxCountView,
    InboxItemView,
    InboxSettingsView,
    MarkedView,
    item_views,
)
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.collaboration.model import Reading
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

COUNT_MOST: Final = 1_000
MARKED_MOST: Final = 1_000
"""Items named one by one in one request."""

STATES: Final[Mapping[str, Sequence[Reading]]] = {
    "unread": (Reading.UNREAD,),
    "read": (Reading.READ,),
    "done": (Reading.DONE,),
    "open": (Reading.UNREAD, Reading.READ),
    "all": tuple(Reading),
}


def listed(call: Call, state: str, page: PageRequest) -> Page[InboxItemView]:
    """Items of the caller in the workspace, the newest event first."""
    call.require(Permission.SELF)
    if state not in STATES:
        raise Invalid(f"State is one of {', '.join(STATES)}.")
    listing = f"inbox/{call.actor.id}/{call.workspace.id}/{state}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.inbox.list(
        call.actor.id,
        call.workspace.id,
        call.caller.access.visible(call.workspace.id),
        STATES[state],
        int(after[0] or 0) if after else None,
        page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, lambda item: (item.event.leaf,))
    return Page(item_views(call, kept.items), kept.next_page_token)


def count(call: Call) -> InboxCountView:
    """How much is unread."""
    call.require(Permission.SELF)
    visible = call.caller.access.visible(call.workspace.id)
    return InboxCountView(call.tx.inbox.count(call.actor.id, call.workspace.id, visible, COUNT_MOST), COUNT_MOST)


def mark(call: Call, state: str, upto: int | None, positions: Sequence[int]) -> MarkedView:
    """Mark items unread, read or done: all up to a position, or those named. What is done stays so under `upto`."""
    call.require(Permission.SELF)
    if state not in set(Reading):
        raise Invalid(f"An item is {', '.join(Reading)}.")
    if (upto is None) == (not positions):
        raise Invalid("Name the items by `upto` or by `positions`.")
    if len(positions) > MARKED_MOST:
        raise Invalid(f"At most {MARKED_MOST} positions at a time.", limit=MARKED_MOST)
    return MarkedView(call.tx.inbox.mark(call.actor.id, call.workspace.id, Reading(state), upto, positions))


def settings(call: Call) -> InboxSettingsView:
    """What the caller chose."""
    call.require(Permission.SELF)
    return InboxSettingsView(call.tx.inbox.automatic(call.actor.id))


def configure(call: Call, *, automatic: bool) -> InboxSettingsView:
    """Choose whether what the caller makes or comments on is watched by itself; watches that exist stay."""
    call.require(Permission.SELF)
    call.tx.inbox.set_automatic(call.actor.id, automatic=automatic)
    return InboxSettingsView(automatic)

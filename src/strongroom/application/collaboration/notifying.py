"""From the feed to inboxes: who is told of what.

One cursor, moved in the transaction that writes the items: a crash neither loses nor doubles one, and several processes
take turns. Nobody is told of what it did itself. Who may see an item is asked when it is read.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strongroom.application.events.audience import tracked_of
from strongroom.application.ports.collaboration import Seat, Spot, Told, Watcher
from strongroom.application.ports.events import StoredEvent, Wanted
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.collaboration.model import Reason, Watch, Watched
from strongroom.domain.events.types import fits
from strongroom.domain.registry.names import paths_above

CURSOR: Final = "inbox"
SCAN: Final = 1_000
DONE_KEPT_US: Final = 30 * 86_400 * 1_000_000
KEPT_US: Final = 90 * 86_400 * 1_000_000

_REQUESTS: Final = {"approval.request": "approval", "waiver.ask": "waiver"}
_ANSWERS: Final = frozenset({"approval.give", "approval.take_back", "waiver.grant", "waiver.refuse", "waiver.revoke"})
_BEGINS_WATCH: Final = frozenset({"asset.create", "experiment.create", "comment.create", "discussion.create"})


@dataclass(frozen=True, slots=True)
class Happening:
    """An event with where it happened."""

    event: StoredEvent
    spot: Spot
    details: Mapping[str, Any]


async def notify(executor: Executor) -> None:
    """Fill inboxes up to the head of the feed. Only writes when there is something new."""
    while await executor.read(lambda tx: tx.cursors.get(CURSOR) < tx.feed.head()):
        if not await executor.command(step):
            return


def step(tx: Transaction) -> bool:
    """Look at the next part of the feed; False when another process does."""
    after = tx.cursors.claim(CURSOR)
    if after is None:
        return False
    upto = min(tx.feed.head(), after + SCAN)
    events = tx.feed.between(Wanted(None), after, upto, SCAN)
    happenings = _placed(tx, events)
    if happenings:
        _begin_watches(tx, happenings)
        tx.inbox.add(list(_told(tx, happenings)), tx.now())
    tx.cursors.move(CURSOR, max(upto, after))
    return True


def _placed(tx: Transaction, events: Sequence[StoredEvent]) -> list[Happening]:
    """Events of assets, of experiments and of runs; nobody watches anything else."""
    details = {event.leaf: json.loads(event.details) for event in events}
    uids = {event.leaf: tracked_of(event, details[event.leaf]) for event in events if event.asset_id is None}
    assets = tx.inbox.asset_spots(sorted({event.asset_id for event in events if event.asset_id is not None}))
    experiments = tx.inbox.experiment_spots(sorted({uid for uid in uids.values() if uid is not None}))
    found: list[Happening] = []
    for event in events:
        own = assets.get(event.asset_id) if event.asset_id is not None else None
        spot = own or experiments.get(uids.get(event.leaf) or "")
        if spot is not None:
            found.append(Happening(event, spot, details[event.leaf]))
    return found


def _begin_watches(tx: Transaction, happenings: Sequence[Happening]) -> None:
    """Users watch what they make or comment on, unless they chose otherwise."""
    making = [one for one in happenings if one.event.action in _BEGINS_WATCH]
    seats = tx.inbox.seats(sorted({one.event.actor for one in making}))
    found: list[tuple[int, Watch]] = []
    for one in making:
        seat = seats.get(one.event.actor)
        if seat is not None and seat.automatic and seat.kind == "user":
            watch = Watch(seat.id, one.spot.kind, one.spot.object_id, True, True, (), one.event.leaf, tx.now())  # noqa: FBT003
            found.append((one.event.workspace_id, watch))
    tx.watches.add_automatic(found)


def _told(tx: Transaction, happenings: Sequence[Happening]) -> Iterable[Told]:
    """Who is told of what, each of an event once and for the best reason."""
    uids = sorted({uid for one in happenings if (uid := _comment_of(one))})
    called, answered, governed = tx.inbox.called(uids), tx.inbox.answered(uids), _governed(tx, happenings)
    workspaces = sorted({one.event.workspace_id for one in happenings})
    watchers = _by_place(tx.watches.of(workspaces, [one.spot for one in happenings]))
    for one in happenings:
        reasons: dict[Seat, Reason] = {}
        for seat, reason in _reasons(one, called, answered, governed, watchers):
            reasons.setdefault(seat, reason)
        for seat, reason in reasons.items():
            if seat.uid != one.event.actor:
                spot = one.spot
                yield Told(seat.id, one.event.leaf, one.event.workspace_id, reason, spot.kind, spot.object_id)


def _governed(tx: Transaction, happenings: Sequence[Happening]) -> Mapping[int, Sequence[Seat]]:
    """By leaf: whom a request is addressed to; of what came of one, whoever asked."""
    owners = {one.event.leaf: _owner_of(one) for one in happenings}
    addressed = tx.inbox.addressed(sorted({uid for uid in owners.values() if uid}))
    askers = {one.event.leaf: _asker_of(one) for one in happenings if one.event.action in _ANSWERS}
    seats = tx.inbox.seats(sorted({uid for uid in askers.values() if uid}))
    found: dict[int, Sequence[Seat]] = {leaf: addressed[uid] for leaf, uid in owners.items() if uid in addressed}
    found.update((leaf, [seats[uid]]) for leaf, uid in askers.items() if uid in seats)
    return found


def _owner_of(one: Happening) -> str:
    """Uid of the request that was made with this event; empty when none was."""
    return str(one.details[_REQUESTS[one.event.action]]) if one.event.action in _REQUESTS else ""


def _asker_of(one: Happening) -> str:
    return str(one.details.get("requester") or one.details.get("asked_by") or "")


def _comment_of(one: Happening) -> str:
    """Uid of the comment whose text is new with this event; empty when there is none."""
    return str(one.details["comment"]) if {"comment", "revision"} <= one.details.keys() else ""


_Place = tuple[int, Watched, int | str]
"""Workspace, kind, and the object's id or a namespace's slug path."""


def _by_place(watchers: Iterable[Watcher]) -> Mapping[_Place, Sequence[Watcher]]:
    found: dict[_Place, list[Watcher]] = {}
    for one in watchers:
        kind = one.watch.kind
        place = one.slug_path if kind is Watched.NAMESPACE else one.watch.object_id
        found.setdefault((one.workspace_id, kind, place), []).append(one)
    return found


def _reasons(
    one: Happening,
    called: Mapping[tuple[str, int], Sequence[Seat]],
    answered: Mapping[str, Seat],
    governed: Mapping[int, Sequence[Seat]],
    watchers: Mapping[_Place, Sequence[Watcher]],
) -> Iterable[tuple[Seat, Reason]]:
    """The best reason comes first."""
    if comment := _comment_of(one):
        yield from ((seat, Reason.MENTION) for seat in called.get((comment, one.details["revision"]), ()))
        if comment in answered and one.event.action == "comment.create":
            yield answered[comment], Reason.REPLY
    yield from ((seat, Reason.APPROVAL) for seat in governed.get(one.event.leaf, ()))
    workspace, spot = one.event.workspace_id, one.spot
    places: list[_Place] = [(workspace, spot.kind, spot.object_id)]
    places += [(workspace, Watched.NAMESPACE, path) for path in paths_above(spot.slug_path)]
    for watcher in (watcher for place in places for watcher in watchers.get(place, ())):
        if watcher.watch.after < one.event.leaf and fits(watcher.watch.types, one.event.action):
            yield watcher.seat, Reason.WATCH

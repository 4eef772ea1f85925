"""Targets: registered, told what to run, and watched for silence and drift."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing
from strongroom.application.delivery.views import ReleaseView, release_views
from strongroom.application.edge import Edge
from strongroom.application.identity.authority import as_system
from strongroom.application.paging import Page, within_bytes
from strongroom.application.ports.transaction import Transaction
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Environment, Mode, Placement
from strongroom.domain.delivery.names import TARGETS_MOST, clean_about, clean_slug
from strongroom.domain.delivery.rules import shares
from strongroom.domain.delivery.targets import SILENT_AFTER_US, Status, Target, status_of
from strongroom.domain.errors import NotFound, TooLarge
from strongroom.domain.identity.roles import Permission

KIND: Final = "target"
WAIT_LONGEST_S: Final = 30.0
PERIOD_S: Final = 0.5
"""Seconds that a target may wait for a change, and between the looks."""
AT_ONCE: Final = 500
"""Targets that one look for silence announces."""
TARGET_WEIGHS: Final = 2_000
HIDDEN: Final = "There is no such target."


@dataclass(frozen=True, slots=True)
class TargetView:
    """A place that runs things, its latest report and what that means (`status`)."""

    uid: str
    environment: str
    line: str
    name: str
    description: str
    status: str
    running: str | None
    health: str
    numbers: Mapping[str, float]
    message: str
    registered_by: str
    created_at: datetime
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class WantedView:
    """What a target is to run: releases with their mode and share of the traffic. `mark` changes whenever they do."""

    target: TargetView
    releases: Sequence["WantedRelease"]
    mark: str


@dataclass(frozen=True, slots=True)
class WantedRelease:
    """A release that a target is to run."""

    mode: str
    share: int
    release: ReleaseView


def register(call: Call, environment: str, line: str, name: str, description: str = "") -> TargetView:
    """Register a target; the same name again is the target that there is."""
    place = environments.locked(call, environment, Permission.TARGET_WRITE)
    line, name = clean_slug(line, what="line"), clean_slug(name, what="name of a target")
    found = call.tx.targets.by_name(place.id, line, name)
    if found is not None:
        return _views(call, {place.id: place}, [found])[0]
    if call.tx.targets.count(place.id) >= TARGETS_MOST:
        raise TooLarge(f"An environment has at most {TARGETS_MOST} targets.", limit=TARGETS_MOST)
    new = Target(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        environment_id=place.id,
        line=line,
        name=name,
        description=clean_about(description),
        registered_by=call.actor.uid,
        recorded_at=call.now,
        removed_at=None,
        reported_at=None,
        running=None,
        health="",
        numbers={},
        message="",
        breaches=0,
        status=Status.PENDING.value,
    )
    made = call.tx.targets.add(new, call.actor.id)
    call.record("target.register", Subject(KIND, made.uid), {"environment": environment, "line": line, "name": name})
    return _views(call, {place.id: place}, [made])[0]


def found(call: Call, uid: str, permission: Permission) -> tuple[Environment, Target]:
    """A target with its environment, when the caller may do this there. :raises NotFound: none, or not visible."""
    call.ask(permission)
    target = call.tx.targets.by_uid(call.workspace.id, uid)
    if target is None:
        call.absent = True
        raise NotFound(HIDDEN)
    try:
        return environments.by_id(call, target.environment_id, permission), target
    except NotFound as error:
        raise NotFound(HIDDEN) from error


def get(call: Call, uid: str) -> TargetView:
    """One target."""
    place, target = found(call, uid, Permission.RELEASE_READ)
    return _views(call, {place.id: place}, [target])[0]


def remove(call: Call, uid: str) -> None:
    """Forget a target; its records stay in the audit log."""
    _place, target = found(call, uid, Permission.TARGET_WRITE)
    call.tx.targets.remove(target.id, call.now)
    call.record("target.remove", Subject(KIND, uid), {"name": target.name})


def of(
    call: Call, known: Mapping[int, Environment], line: str | None, most: int
) -> tuple[dict[tuple[int, str], list[TargetView]], bool]:
    """Targets of environments that the caller may read, by environment and line, bounded; and whether that is all."""
    rows = call.tx.targets.list(sorted(known), line, most + 1)
    page = within_bytes(
        Page(rows[:most], None),
        lambda some: list(zip(some, _views(call, known, some), strict=True)),
        lambda one: TARGET_WEIGHS + len(one[1].description) + len(one[1].message),
        lambda _: "there is more",
    )
    grouped: dict[tuple[int, str], list[TargetView]] = {}
    for target, view in page.items:
        grouped.setdefault((target.environment_id, target.line), []).append(view)
    return grouped, page.next_page_token is None and len(rows) <= most


# -- what a target is to run -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """What is set to run on a line of an environment, and when that last changed."""

    placed: Sequence[Placement]
    digests: Mapping[int, str]
    changed_at: int | None

    def status(self, target: Target, now: int) -> Status:
        """What a target's reports mean beside it."""
        return status_of(target, set(self.digests.values()), self.changed_at, now)


def due_for(call: Call, target: Target) -> Due:
    """What is set to run on the line of a target."""
    key = target.environment_id, target.line
    placed = call.tx.placements.current([key[0]], [key[1]])
    digests = call.tx.releases.digests([one.release_id for one in placed])
    return Due(placing.in_order(placed), digests, call.tx.placements.changed_at([key[0]], [key[1]]).get(key))


def wanted(call: Call, uid: str) -> WantedView:
    """What a target is to run now."""
    place, target = found(call, uid, Permission.RELEASE_READ)
    return wanted_view(call, place, target, due_for(call, target))


def wanted_view(call: Call, place: Environment, target: Target, due: Due) -> WantedView:
    """A target, and what is set to run on its line."""
    releases = call.tx.releases.by_ids([one.release_id for one in due.placed])
    views = dict(zip(releases, release_views(call, list(releases.values())), strict=True))
    answered = shares(due.placed) | {one.id: one.share for one in due.placed if one.mode is Mode.SHADOW}
    told = [WantedRelease(one.mode.value, answered[one.id], views[one.release_id]) for one in due.placed]
    view = _view(target, place.name, due.status(target, call.now))
    return WantedView(view, told, _mark([one.id for one in due.placed]))


def _mark(ids: Sequence[int]) -> str:
    return ".".join(map(str, sorted(ids))) or "0"


def mark(call: Call, uid: str) -> str:
    """The mark of what a target is to run, by a few keyed reads."""
    place, target = found(call, uid, Permission.RELEASE_READ)
    return _mark(call.tx.placements.mark(place.id, target.line))


async def awaited(edge: Edge, uid: str, known: str | None, wait: float) -> WantedView:
    """The same; while its mark is the known one, look at that alone until it is not, for at most `wait` seconds."""
    told = await edge.read(lambda call: wanted(call, uid))
    if wait <= 0 or told.mark != known:
        return told
    slot, loop = edge.gateway.waiting.take(), asyncio.get_running_loop()
    try:
        end = loop.time() + min(wait, WAIT_LONGEST_S)
        while loop.time() < end:
            await asyncio.sleep(min(PERIOD_S, max(end - loop.time(), 0)))
            if await edge.read(lambda call: mark(call, uid), brief=True) != known:
                break
    finally:
        slot.close()
    return await edge.read(lambda call: wanted(call, uid))


# -- what it means -----------------------------------------------------------------------------------------------


def _views(call: Call, known: Mapping[int, Environment], targets: Sequence[Target]) -> list[TargetView]:
    """Targets with their status as it is now, in a constant number of queries."""
    places, lines = sorted({one.environment_id for one in targets}), sorted({one.line for one in targets})
    placed = call.tx.placements.current(places, lines) if places else ()
    digests = call.tx.releases.digests([one.release_id for one in placed])
    changed = call.tx.placements.changed_at(places, lines) if places else {}
    running: dict[tuple[int, str], dict[int, str]] = {}
    for one in placed:
        running.setdefault((one.environment_id, one.line), {})[one.release_id] = digests[one.release_id]
    views = []
    for target in targets:
        key = target.environment_id, target.line
        status = Due((), running.get(key, {}), changed.get(key)).status(target, call.now)
        views.append(_view(target, known[target.environment_id].name, status))
    return views


def _view(target: Target, environment: str, status: Status) -> TargetView:
    return TargetView(
        target.uid,
        environment,
        target.line,
        target.name,
        target.description,
        status.value,
        target.running,
        target.health,
        target.numbers,
        target.message,
        target.registered_by,
        time_of(target.recorded_at),
        maybe_time(target.reported_at),
    )


def announce(call: Call, before: Target, after: Target) -> None:
    """A change of status is a record with an event; whoever watches hears of silence and drift by it."""
    if before.status != after.status:
        details = {"from": before.status, "to": after.status, "line": after.line, "running": after.running}
        call.record("target.status", Subject(KIND, after.uid), details)


def announce_silent(tx: Transaction) -> int:
    """Announce targets that have fallen silent, as the server itself; how many. A job asks for it each few seconds."""
    silent = tx.targets.silent(tx.now() - SILENT_AFTER_US, AT_ONCE)
    calls: dict[int, Call] = {}
    for target in silent:
        if target.workspace_id not in calls:
            calls[target.workspace_id] = as_system(tx, tx.workspaces.by_id(target.workspace_id))
        after = replace(target, status=Status.STALE.value)
        tx.targets.report(after)
        announce(calls[target.workspace_id], target, after)
    return len(silent)

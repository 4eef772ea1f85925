"""Targets: registered, told what to run, heard, and watched for silence and drift."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing
from strongroom.application.delivery.views import ReleaseView, release_views
from strongroom.application.edge import Edge
from strongroom.application.identity.authority import as_system
from strongroom.application.ports.transaction import Transaction
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Action, Environment, Placement
from strongroom.domain.delivery.names import (
    MESSAGE_LONGEST,
    NUMBERS_MOST,
    TARGETS_MOST,
    clean_number_name,
    clean_slug,
)
from strongroom.domain.delivery.targets import SILENT_AFTER_US, Health, Status, Target, breached, status_of
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.text import clean_text

KIND: Final = "target"
WAIT_LONGEST_S: Final = 30.0
PERIOD_S: Final = 0.5
"""Seconds that a target may wait for a change, and between the looks."""
AT_ONCE: Final = 500
"""Targets that one look for silence announces."""


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


@dataclass(frozen=True, slots=True)
class Report:
    """What a target says of itself. :param running: digest of the release that it really runs; None: nothing."""

    running: str | None
    health: str = Health.HEALTHY.value
    numbers: Mapping[str, float] | None = None
    message: str = ""


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
        description=clean_description(description),
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


def _found(call: Call, uid: str, permission: Permission) -> tuple[Environment, Target]:
    """A target with its environment, when the caller may do this there. :raises NotFound: none, or not visible."""
    call.ask(permission)
    target = call.tx.targets.by_uid(call.workspace.id, uid)
    known = {one.id: one for one in call.tx.environments.list(call.workspace.id)} if target else {}
    place = known.get(target.environment_id) if target else None
    if target is None or place is None:
        call.absent = True
        raise NotFound("There is no such target.")
    try:
        environments.by_name(call, place.name, permission)
    except NotFound as error:
        raise NotFound("There is no such target.") from error
    return place, target


def get(call: Call, uid: str) -> TargetView:
    """One target."""
    place, target = _found(call, uid, Permission.RELEASE_READ)
    return _views(call, {place.id: place}, [target])[0]


def remove(call: Call, uid: str) -> None:
    """Forget a target; its records stay in the audit log."""
    _place, target = _found(call, uid, Permission.TARGET_WRITE)
    call.tx.targets.remove(target.id, call.now)
    call.record("target.remove", Subject(KIND, uid), {"name": target.name})


def of(
    call: Call, known: Mapping[int, Environment], line: str | None, most: int
) -> dict[tuple[int, str], list[TargetView]]:
    """Targets of environments that the caller may read, by environment and line."""
    found = call.tx.targets.list(sorted(known), line, None, most)
    grouped: dict[tuple[int, str], list[TargetView]] = {}
    for target, view in zip(found, _views(call, known, found), strict=True):
        grouped.setdefault((target.environment_id, target.line), []).append(view)
    return grouped


def wanted(call: Call, uid: str) -> WantedView:
    """What a target is to run now."""
    place, target = _found(call, uid, Permission.RELEASE_READ)
    return _wanted(call, place, target)


def _wanted(call: Call, place: Environment, target: Target) -> WantedView:
    placed = placing.in_order(call.tx.placements.current([place.id], target.line))
    found = call.tx.releases.by_ids([one.release_id for one in placed])
    views = dict(zip(found, release_views(call, list(found.values())), strict=True))
    releases = [WantedRelease(one.mode.value, one.share, views[one.release_id]) for one in placed]
    mark = ".".join(str(one.id) for one in placed) or "0"
    return WantedView(_views(call, {place.id: place}, [target])[0], releases, mark)


async def awaited(edge: Edge, uid: str, mark: str | None, wait: float) -> WantedView:
    """The same; while it is still that of `mark`, look again until it is not, for at most `wait` seconds."""
    found = await edge.read(lambda call: wanted(call, uid))
    if wait <= 0 or found.mark != mark:
        return found
    slot, loop = edge.gateway.waiting.take(), asyncio.get_running_loop()
    try:
        end = loop.time() + min(wait, WAIT_LONGEST_S)
        while found.mark == mark and loop.time() < end:
            await asyncio.sleep(min(PERIOD_S, max(end - loop.time(), 0)))
            found = await edge.read(lambda call: wanted(call, uid))
        return found
    finally:
        slot.close()


def report(call: Call, uid: str, said: Report) -> WantedView:
    """Hear what a target runs, and answer what it is to run.

    Reports are not written to the audit log one by one; a change of status is, with an event. Beyond the guard of what
    runs often enough, the release is taken back in the same transaction, with the cause.
    """
    place, target = _found(call, uid, Permission.TARGET_WRITE)
    clean = _clean(said)
    locked = call.tx.targets.lock(target.id)
    if locked is None:
        raise NotFound("There is no such target.")
    placed = call.tx.placements.current([place.id], target.line)
    digests = _digests(call, placed)
    guarded = next((one for one in placed if one.guard and digests[one.release_id] == clean.running), None)
    beyond = bool(guarded and guarded.guard and breached(guarded.guard, clean.numbers or {}))
    heard = replace(
        locked,
        reported_at=call.now,
        running=clean.running,
        health=clean.health,
        numbers=dict(clean.numbers or {}),
        message=clean.message,
        breaches=locked.breaches + 1 if beyond else 0,
    )
    changed_at = call.tx.placements.changed_at([place.id], target.line).get((place.id, target.line))
    status = status_of(heard, set(digests.values()), changed_at, call.now)
    heard = replace(heard, status=status.value)
    call.tx.targets.report(heard)
    _announce(call, locked, heard)
    if beyond and guarded and guarded.guard and heard.breaches >= guarded.guard.reports:
        _take_back(call, place, guarded, heard)
        call.tx.targets.report(replace(heard, breaches=0))
    return _wanted(call, place, heard)


def _clean(said: Report) -> Report:
    if said.health not in set(Health):
        raise Invalid(f"Health is one of {', '.join(Health)}.")
    numbers = said.numbers or {}
    if len(numbers) > NUMBERS_MOST:
        raise TooLarge(f"A report has at most {NUMBERS_MOST} numbers.", limit=NUMBERS_MOST)
    for name, value in numbers.items():
        clean_number_name(name)
        if not math.isfinite(value):
            raise Invalid("The numbers of a report are finite.")
    message = clean_text(said.message, what="message", longest=MESSAGE_LONGEST)
    return Report(said.running, said.health, dict(numbers), message)


def _digests(call: Call, placed: Sequence[Placement]) -> dict[int, str]:
    found = call.tx.releases.by_ids([one.release_id for one in placed])
    return {id_: release.digest for id_, release in found.items()}


def _announce(call: Call, before: Target, after: Target) -> None:
    """A change of status is a record with an event; whoever watches hears of silence and drift by it."""
    if before.status != after.status:
        details = {"from": before.status, "to": after.status, "line": after.line, "running": after.running}
        call.record("target.status", Subject(KIND, after.uid), details)


def _take_back(call: Call, place: Environment, guarded: Placement, heard: Target) -> None:
    """By the server itself: whoever reports may not place releases. Where nothing ran before, what runs stays."""
    guard = guarded.guard
    locked = call.tx.environments.lock(place.id)
    still = [one.id for one in call.tx.placements.current([place.id], guarded.line)]
    if guard is None or locked is None or guarded.id not in still:
        return
    system = as_system(call.tx, call.workspace)
    value = heard.numbers[guard.number]
    cause = {"target": heard.uid, "number": guard.number, "value": repr(value), "limit": repr(guard.limit)}
    try:
        placing.take_back(system, locked, guarded.line, Action.AUTOMATIC, f"{guard.number} was {value!r}", cause)
    except Conflict:
        system.record("release.stuck", Subject("environment", locked.uid), {"line": guarded.line, "cause": cause})
    call.records.extend(system.records)


def _views(call: Call, known: Mapping[int, Environment], targets: Sequence[Target]) -> list[TargetView]:
    """Targets with their status as it is now, in a constant number of queries."""
    places = sorted({one.environment_id for one in targets})
    line = targets[0].line if targets and len({one.line for one in targets}) == 1 else None
    placed = call.tx.placements.current(places, line) if places else ()
    digests, changed = _digests(call, placed), call.tx.placements.changed_at(places, line) if places else {}
    running: dict[tuple[int, str], set[str]] = {}
    for item in placed:
        running.setdefault((item.environment_id, item.line), set()).add(digests[item.release_id])
    return [
        TargetView(
            one.uid,
            known[one.environment_id].name,
            one.line,
            one.name,
            one.description,
            _status(one, running, changed, call.now).value,
            one.running,
            one.health,
            one.numbers,
            one.message,
            one.registered_by,
            time_of(one.recorded_at),
            maybe_time(one.reported_at),
        )
        for one in targets
    ]


def _status(
    one: Target, running: Mapping[tuple[int, str], set[str]], changed: Mapping[tuple[int, str], int], now: int
) -> Status:
    key = one.environment_id, one.line
    return status_of(one, running.get(key, ()), changed.get(key), now)


def announce_silent(tx: Transaction) -> int:
    """Announce targets that have fallen silent, as the server itself; how many. A job asks for it each few seconds."""
    found = tx.targets.silent(tx.now() - SILENT_AFTER_US, AT_ONCE)
    for target in found:
        call = as_system(tx, tx.workspaces.by_id(target.workspace_id))
        after = replace(target, status=Status.STALE.value)
        tx.targets.report(after)
        _announce(call, target, after)
    return len(found)

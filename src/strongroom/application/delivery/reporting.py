"""What targets say of themselves is heard; where a guard is breached often enough, its release is taken back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from strongroom.application.call import Call
from strongroom.application.delivery import placing, watching
from strongroom.application.delivery.watching import Due, WantedView
from strongroom.application.identity.authority import as_system
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Environment, Placement
from strongroom.domain.delivery.names import MESSAGE_LONGEST, NUMBERS_MOST, clean_number_name
from strongroom.domain.delivery.targets import Health, Target, breached
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.text import clean_text


@dataclass(frozen=True, slots=True)
class Report:
    """What a target says of itself. :param running: digest of the release that it really runs; None: nothing."""

    running: str | None
    health: str = Health.HEALTHY.value
    numbers: Mapping[str, float] | None = None
    message: str = ""


def report(call: Call, uid: str, said: Report) -> WantedView:
    """Hear what a target runs, and answer what it is to run.

    Reports are not written to the audit log one by one; a change of status is, with an event. Beyond the guard of what
    runs often enough, the release is taken back in the same transaction, with the cause.
    """
    place, target = watching.found(call, uid, Permission.TARGET_WRITE)
    clean = _clean(said)
    before = call.tx.targets.lock(target.id)
    if before is None:
        raise NotFound(watching.HIDDEN)
    due = watching.due_for(call, before)
    guarded = _guarded(due, clean)
    heard = replace(
        before,
        reported_at=call.now,
        running=clean.running,
        health=clean.health,
        numbers=dict(clean.numbers or {}),
        message=clean.message,
        breaches=_breaches(before, clean, guarded),
    )
    heard = replace(heard, status=due.status(heard, call.now).value)
    watching.announce(call, before, heard)
    if guarded and guarded.guard and heard.breaches >= guarded.guard.reports:
        _take_back(call, place, guarded, heard)
        heard, due = replace(heard, breaches=0), watching.due_for(call, heard)
    call.tx.targets.report(heard)
    return watching.wanted_view(call, place, heard, due)


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


def _guarded(due: Due, said: Report) -> Placement | None:
    """What the target says it runs, if that has a guard."""
    return next((one for one in due.placed if one.guard and due.digests[one.release_id] == said.running), None)


def _breaches(before: Target, said: Report, guarded: Placement | None) -> int:
    """Reports in a row beyond the guard of what runs.

    What was said of another release, or before this one was placed (maybe under another guard), does not count.
    """
    if not (guarded and guarded.guard and breached(guarded.guard, said.numbers or {})):
        return 0
    same = before.running == said.running and (before.reported_at or 0) >= guarded.valid_from
    return before.breaches + 1 if same else 1


def _take_back(call: Call, place: Environment, guarded: Placement, heard: Target) -> None:
    """By the server itself: whoever reports may not place releases. Where nothing ran before, what runs stays."""
    guard = guarded.guard
    locked = call.tx.environments.lock(place.id)
    if guard is None or locked is None or guarded.id not in call.tx.placements.mark(place.id, guarded.line):
        return
    system = as_system(call.tx, call.workspace)
    value = heard.numbers[guard.number]
    cause = {"target": heard.uid, "number": guard.number, "value": repr(value), "limit": repr(guard.limit)}
    try:
        placing.take_back(system, locked, guarded, f"{guard.number} was {value!r}", cause)
    except Conflict:
        system.record("release.stuck", Subject("environment", locked.uid), {"line": guarded.line, "cause": cause})
    call.records.extend(system.records)

"""Targets: places that run things, what they report, and what that means."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from strongroom.domain.delivery.model import Guard

SILENT_AFTER_US: Final = 45_000_000
"""Microseconds without a report after which a target is stale; with the period of the watch it is shown within 60 s."""
MOVING: Final = 30_000_000
"""Microseconds that a target has to follow after what it should run changed, before another digest is a drift."""


class Health(StrEnum):
    """What a target says of itself."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"


class Status(StrEnum):
    """What a target's reports mean."""

    IDLE = "idle"
    PENDING = "pending"
    RUNNING = "running"
    MOVING = "moving"
    DRIFTED = "drifted"
    STALE = "stale"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Target:
    """A place that runs one line in one environment, and its latest report.

    :ivar running: digest of the release that it says it runs. :ivar status: as it was last announced.
    :ivar breaches: reports in a row beyond the guard of what it runs.
    """

    id: int
    uid: str
    workspace_id: int
    environment_id: int
    line: str
    name: str
    description: str
    registered_by: str
    recorded_at: int
    removed_at: int | None
    reported_at: int | None
    running: str | None
    health: str
    numbers: Mapping[str, float]
    message: str
    breaches: int
    status: str


def status_of(target: Target, wanted: Collection[str], changed_at: int | None, now: int) -> Status:
    """What is to be said of a target now.

    :param wanted: digests that are set to run on its line; none: it is to run nothing.
    :param changed_at: when that last changed.
    """
    if target.reported_at is None:
        return Status.PENDING if now - target.recorded_at < SILENT_AFTER_US else Status.STALE
    if now - target.reported_at >= SILENT_AFTER_US:
        return Status.STALE
    if target.running is None and not wanted:
        return Status.IDLE
    if target.running not in wanted:
        since = max(changed_at or 0, target.recorded_at)
        return Status.MOVING if now - since < MOVING else Status.DRIFTED
    return Status.FAILING if target.health == Health.FAILING else Status.RUNNING


def breached(guard: Guard, numbers: Mapping[str, float]) -> bool:
    """Whether a report is beyond a guard; a number that was not reported, or is NaN, is not."""
    value = numbers.get(guard.number)
    if value is None:
        return False
    return value > guard.limit if guard.above else value < guard.limit

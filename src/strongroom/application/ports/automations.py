"""What the application asks of the database for automations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.domain.automations.model import Automation, AutomationRun, RunState


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A run of an automation with its event."""

    run: AutomationRun
    event_uid: str
    action: str


class Automations(Protocol):
    """Automations of all workspaces and what became of the events that they heard."""

    def add(self, new: Automation) -> Automation: ...
    def by_uid(self, workspace_id: int, uid: str) -> Automation | None:
        """The one of that uid, unless it is deleted."""
        ...

    def by_id(self, automation_id: int) -> Automation: ...
    def lock(self, automation_id: int) -> Automation: ...
    def count(self, workspace_id: int) -> int: ...
    def list(self, workspace_id: int, after_id: int, limit: int) -> Sequence[Automation]: ...
    def update(self, old: Automation, /, **changes: object) -> Automation:
        """Change fields; the ETag moves on."""
        ...

    def behind(self, head: int, limit: int) -> Sequence[int]:
        """Ids of enabled ones that have not looked at the feed up to `head`."""
        ...

    def claim(self, automation_id: int) -> Automation | None:
        """The enabled one, locked; None while another process works on it."""
        ...

    def move(self, automation_id: int, after: int) -> None: ...
    def expect(self, automation_id: int, leaves: Sequence[int], now: int) -> None:
        """Put down events to be worked on; those that are there stay as they are."""
        ...

    def due(self, now: int, limit: int) -> Sequence[tuple[int, int]]:
        """Automation and leaf of what is pending and due, by leaf; of enabled ones only."""
        ...

    def take(self, automation_id: int, leaf: int, now: int) -> AutomationRun | None:
        """One of those, locked until the end of the transaction; None when another process has or had it."""
        ...

    def end(self, run: AutomationRun, state: RunState, code: str, effect: str | None, next_at: int) -> None:
        """Write how a try went; it counts."""
        ...

    def cancel(self, automation_id: int) -> None:
        """What is pending is wanted no longer."""
        ...

    def runs(self, automation_id: int, state: str | None, below: int | None, limit: int) -> Sequence[LoggedRun]:
        """By leaf, newest first, below a leaf."""
        ...

    def forget(self, before: int) -> int:
        """Drop runs that have ended and were written before."""
        ...

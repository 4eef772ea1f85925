"""``audit export --follow``: passes records on as they come, each at least once, and goes on where it was.

The position is written after what it counts was taken: by a file, when it is on disk; by a collector, when the network
took it. Syslog has no answer, so after a broken connection the last records are sent again.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strongroom.cli import output
from strongroom.cli.audit_lines import content
from strongroom.cli.audit_sinks import Sink
from strongroom.sdk.errors import Corrupted, Invalid, TooManyRequests, Unavailable

if TYPE_CHECKING:
    from strongroom.sdk.audit import Audit
    from strongroom.sdk.identity_models import Follow

PAGE: Final = 500
WAIT_S: Final = 20
AGAIN: Final = 1_000
"""Records that are sent again after a connection broke."""
PAUSES_S: Final = (0.5, 1, 2, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Position:
    """The leaf to go on with, and the hash of the one before, which shows that the log is still the same."""

    origin: str
    next: int
    hash: str

    @classmethod
    def read(cls, path: Path) -> "Position | None":
        """What a file says; None when there is no file. :raises Invalid: it says something else."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            found = cls(str(said["origin"]), int(said["next"]), str(said["hash"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid(f"{path} does not hold a position.") from error
        if found.next < 1:
            raise Invalid(f"{path} does not hold a position.")
        return found

    def write(self, path: Path) -> None:
        """Put it into a file, whole or not at all, on disk when it returns."""
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        with partial.open("w", encoding="utf-8") as file:
            json.dump({"origin": self.origin, "next": self.next, "hash": self.hash}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


class Follower:
    """Passes records on.

    :param opened: opens where they go. :param keep: the file of the position; None keeps none.
    :param pause: waits some seconds, given by a test.
    """

    def __init__(
        self, audit: "Audit", opened: Callable[[], Sink], keep: Path | None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._audit, self._open, self._keep, self._pause = audit, opened, keep, pause
        self._sink: Sink | None = None
        self._next = self.sent = 0

    def run(self, start: int | None, *, follow: bool) -> int:
        """Send all there is, and go on when told so; how many were sent, those that were sent again included.

        :param start: the leaf to begin with; None is the kept position, else the first.
        :raises Corrupted: the kept position is of another log, or the log was rewritten.
        """
        self._next = self._begin() if start is None else start
        failures = 0
        try:
            while True:
                try:
                    done = self._step(wait=WAIT_S if follow else 0)
                    failures = 0
                except (OSError, Unavailable, TooManyRequests) as error:
                    if not follow:
                        raise
                    self._broke(error)
                    self._pause(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                    failures += 1
                    continue
                if done and not follow:
                    return self.sent
        finally:
            if self._sink is not None:
                self._sink.close()

    def _begin(self) -> int:
        kept = Position.read(self._keep) if self._keep else None
        if kept is None:
            return 0
        last = self._audit.follow(kept.next - 1, limit=1)
        if last.origin != kept.origin or [one.hash for one in last.records] != [kept.hash]:
            raise Corrupted(f"The log is not the one that was followed: record {kept.next - 1} is another, or gone.")
        return kept.next

    def _step(self, *, wait: int) -> bool:
        """Send what the next answer holds; whether there is nothing more now."""
        if self._sink is None:
            self._sink = self._open()
        found = self._audit.follow(self._next, limit=PAGE, wait=wait)
        missing = found.next - self._next - len(found.records)
        for one in found.records:
            self._sink.send(content(one, found.origin))
        self._sink.settle()
        self.sent += len(found.records)
        if missing:
            output.note(
                f"{missing} records between {self._next} and {found.next - 1} are not in the database any more."
            )
        self._reached(found)
        return found.next >= found.size

    def _reached(self, found: "Follow") -> None:
        self._next = found.next
        if self._keep is not None and found.records and found.records[-1].leaf == found.next - 1:
            Position(found.origin, found.next, found.records[-1].hash).write(self._keep)

    def _broke(self, error: Exception) -> None:
        """Whatever was on its way may not have come."""
        output.note(f"{error}; trying again")
        if isinstance(error, OSError) and self._sink is not None:
            self._next = max(0, self._next - AGAIN)
            with suppress(OSError):
                self._sink.close()
            self._sink = None

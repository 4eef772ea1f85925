"""Reads of a version's bytes, kept for audit: one record per principal, version and hour, with counts (domain.md N15).

The first read in an hour writes its window before any byte goes out, so that the fact survives a crash. Further reads
are counted in memory and added to the window every few seconds; a crash loses at most those few seconds of counts.
A closed hour becomes one audit record.

What is counted is summed up a principal and version as well (`consume`): the edges of lineage that say who consumed
which version, from the first read on; and an asset and day, which is how often it is downloaded.
"""

import threading
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM

HOUR_US = 3600 * 1_000_000
GRACE_US = 5 * 60 * 1_000_000
CLOSE_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Window:
    """A principal's reads of a version in one hour (hours since 1970)."""

    principal_uid: str
    version_id: int
    hour: int


class ReadCounters:
    """Counts of this process that are not in the database yet. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Window] = set()
        self._counts: dict[Window, tuple[int, int]] = {}

    def is_open(self, window: Window) -> bool:
        """Whether this process knows that the window is in the database."""
        with self._lock:
            return window in self._open

    def opened(self, window: Window) -> None:
        """The window is in the database now; windows of other hours are forgotten."""
        with self._lock:
            self._open = {known for known in self._open if known.hour >= window.hour - 1}
            self._open.add(window)

    def count(self, window: Window, size: int) -> None:
        """One read of `size` bytes."""
        with self._lock:
            reads, total = self._counts.get(window, (0, 0))
            self._counts[window] = (reads + 1, total + size)

    def take(self) -> dict[Window, tuple[int, int]]:
        """All counts so far, which are forgotten here: window -> (reads, bytes)."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return counts

    def give_back(self, counts: dict[Window, tuple[int, int]]) -> None:
        """Counts that could not be written."""
        with self._lock:
            for window, (reads, total) in counts.items():
                have = self._counts.get(window, (0, 0))
                self._counts[window] = (have[0] + reads, have[1] + total)


def window_of(call: Call, version_id: int) -> Window:
    """The window that a read by this caller falls into now."""
    return Window(call.caller.uid, version_id, call.now // HOUR_US)


def open_window(call: Call, window: Window) -> None:
    """Write the window, unless it is there, and the edge of lineage that it is."""
    if call.tx.audit.open_window(window.principal_uid, window.version_id, window.hour):
        call.tx.lineage.consume(window.version_id, window.principal_uid, window.hour, 0, 0)


def write_counts(tx: Transaction, counts: dict[Window, tuple[int, int]]) -> None:
    """Add counts to their windows; those whose window is closed count in the hour in which they come.

    So a transfer that ends long after it began does not open a second record of an hour that has one.
    """
    oldest = _oldest_open(tx)
    for window, (reads, size) in sorted(counts.items(), key=_order):
        tx.lineage.consume(window.version_id, window.principal_uid, window.hour, reads, size)
        if not tx.audit.count_reads(window.principal_uid, window.version_id, window.hour, reads, size):
            hour = max(window.hour, oldest)
            tx.audit.open_window(window.principal_uid, window.version_id, hour)
            tx.audit.count_reads(window.principal_uid, window.version_id, hour, reads, size)
    days: dict[tuple[int, int], int] = {}
    for window, (reads, _size) in counts.items():
        days[window.version_id, window.hour] = days.get((window.version_id, window.hour), 0) + reads
    tx.lineage.count_days(days)


def _order(item: tuple[Window, tuple[int, int]]) -> tuple[int, str, int]:
    """One order for all processes, so that two that write at once do not wait for each other in a circle."""
    window, _ = item
    return window.version_id, window.principal_uid, window.hour


def _oldest_open(tx: Transaction) -> int:
    """The oldest hour whose windows are not to be closed yet."""
    return (tx.now() - GRACE_US) // HOUR_US


def close_windows(tx: Transaction) -> int:
    """Turn windows of past hours into audit records; returns how many.

    Windows stay open five minutes longer than their hour, so that counts on their way still reach them.
    """
    closed = 0
    for principal_uid, version_id, hour, reads, size in tx.audit.close_windows(_oldest_open(tx), CLOSE_AT_ONCE):
        version = tx.versions.by_id(version_id)
        asset = tx.assets.by_id(version.asset_id)
        record = AuditRecord(
            uid=tx.new_uid(),
            workspace=tx.workspaces.by_id(asset.workspace_id).uid,
            recorded_at=tx.now(),
            actor=principal_uid,
            token_id=None,
            action="version.read",
            outcome="read",
            subject=Subject("version", version.uid),
            details={"hour": hour, "reads": reads, "bytes": size, "written_by": SYSTEM},
        )
        tx.audit.append(record, asset.workspace_id)
        closed += 1
    return closed

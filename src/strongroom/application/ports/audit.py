"""What the application asks of the database for the audit log, the outbox and idempotency keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.audit.merkle import NodeSource
from strongroom.domain.audit.record import AuditRecord


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record with its place in the log; `leaf` is None until the sequencer has numbered it."""

    id: int
    uid: str
    leaf: int | None
    body: bytes
    hash: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that an idempotency key already got."""

    request_hash: str
    status: int
    headers: str
    body: bytes


class AuditLog(NodeSource, Protocol):
    """The append-only log. Appending never waits for the log's head."""

    def append(self, record: AuditRecord, workspace_id: int | None) -> StoredRecord: ...
    def emit(self, audit_id: int, type_: str, asset_id: int | None, asset_seq: int | None, body: str) -> None:
        """Put an event into the outbox, in the same transaction."""
        ...

    def size(self) -> int:
        """How many leaves the log has."""
        ...

    def waiting(self, limit: int) -> Sequence[str]:
        """Uids of records that have no number yet."""
        ...

    def by_uid(self, uid: str) -> StoredRecord | None: ...
    def list(
        self,
        workspace_id: int | None,
        *,
        actor: str | None,
        action: str | None,
        subject_uid: str | None,
        since: int | None,
        until: int | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[StoredRecord]:
        """Records, newest first; all workspaces when `workspace_id` is None."""
        ...

    def export(self, start: int, count: int) -> Sequence[StoredRecord]:
        """Records by leaf, from `start`."""
        ...

    def checkpoints(self, after_size: int, limit: int) -> Sequence[tuple[int, str]]:
        """Signed notes by the size they sign, oldest first."""
        ...

    def latest_checkpoint(self) -> tuple[int, str] | None: ...
    def add_checkpoint(self, size: int, note: str) -> None: ...
    def open_window(self, principal_uid: str, version_id: int, hour: int) -> bool:
        """Begin counting a principal's reads of a version in this hour; False when it had begun."""
        ...

    def count_reads(self, principal_uid: str, version_id: int, hour: int, reads: int, size: int) -> bool:
        """Add to a window; False when it is not open."""
        ...

    def close_windows(self, before_hour: int, limit: int) -> Iterator[tuple[str, int, int, int, int]]:
        """Remove and yield windows of past hours: principal uid, version id, hour, reads, bytes."""
        ...


class Idempotency(Protocol):
    """Answers remembered for 24 hours by (principal, key)."""

    def get(self, principal_id: int, key: str) -> Remembered | None: ...
    def put(self, principal_id: int, key: str, answer: Remembered) -> None: ...
    def forget(self, before: int) -> int: ...

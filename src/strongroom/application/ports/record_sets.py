"""What the application asks of the database for record sets."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.tracking.record_sets import EvalRecord, RecordSet, Schema


class RecordSets(Protocol):
    """Record sets with their records, and the experiments that they are for."""

    def add(self, new: RecordSet, /) -> RecordSet: ...
    def by_uid(self, workspace_id: int, uid: str) -> RecordSet | None: ...
    def lock(self, set_id: int) -> RecordSet | None: ...
    def count(self, workspace_id: int) -> int: ...
    def list(self, workspace_id: int, visible: Visible, experiments: Sequence[int] | None) -> Sequence[RecordSet]:
        """All that are visible, the newest first; of these experiments when some are named."""
        ...

    def update(self, one: RecordSet, /, *, schema: Schema, records: int, bytes_: int, changed: bool) -> RecordSet:
        """Note what its records come to. :param changed: whether they changed, which makes a new generation."""
        ...

    def remove(self, one: RecordSet, /) -> None:
        """With its records."""
        ...

    def of_keys(self, set_id: int, keys: Sequence[str]) -> Mapping[str, EvalRecord]: ...
    def put(self, set_id: int, records: Sequence[EvalRecord]) -> None:
        """Add records, or replace those of the same keys; a new one has no id yet."""
        ...

    def records(self, set_id: int, after: Key | None, limit: int) -> Sequence[EvalRecord]:
        """In the order in which they were added."""
        ...

    def drop(self, set_id: int, uids: Sequence[str]) -> tuple[int, int]:
        """Remove records; how many there were, and their bytes."""
        ...

    def experiments(self, set_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """Set -> ids of the experiments that it is for."""
        ...

    def join(self, set_id: int, experiment_ids: Sequence[int]) -> None: ...
    def part(self, set_id: int, experiment_ids: Sequence[int]) -> None: ...

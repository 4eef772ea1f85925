"""What the application asks of the database for traces, their spans and what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.tracking.assessments import Assessment
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.spans import Span
from strongroom.domain.tracking.traces import Trace


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Which traces of an experiment; what is None does not matter. A run's are those made in it or linked with it."""

    state: str | None = None
    session: str | None = None
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span with what is kept of it beside its columns."""

    span: Span
    body: str
    size: int


class Traces(Protocol):
    """Traces and their spans. Writers hold the traces' locks."""

    def by_uid(self, workspace_id: int, uid: str) -> Trace | None:
        """The trace of that uid in the workspace."""
        ...

    def by_trace_ids(self, workspace_id: int, trace_ids: Sequence[str]) -> Mapping[str, Trace]:
        """Those of the OpenTelemetry ids that exist, by id."""
        ...

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Trace]:
        """Those of the ids that exist, by id."""
        ...

    def add_missing(self, traces: Sequence[Trace], actor_id: int) -> None:
        """Store new traces (their `id` is ignored); where the workspace has the trace id, nothing changes."""
        ...

    def lock(self, workspace_id: int, trace_ids: Sequence[str]) -> Mapping[str, Trace]:
        """The same as `by_trace_ids`, locked in the order of their ids until the end of the transaction."""
        ...

    def update(self, trace: Trace, /, **changes: object) -> Trace:
        """Apply column changes to a locked one; `etag` goes up by one, `updated_at` is now."""
        ...

    def list(self, experiment: Experiment, wanted: TraceFilter, after: Key | None, limit: int) -> Sequence[Trace]:
        """Traces of an experiment, latest claimed start first (started_at, id)."""
        ...

    def oldest(self, experiment: Experiment, until: int, limit: int) -> Sequence[Trace]:
        """Traces of an experiment that started at or before a time, the oldest first."""
        ...

    def delete(self, ids: Sequence[int]) -> None:
        """Remove traces with their spans, files, assessments, links, tags and properties, for good."""
        ...

    def sizes(self, trace_id: int, span_ids: Sequence[str]) -> Mapping[str, int]:
        """Those of the spans that are stored, with their bytes."""
        ...

    def put_spans(self, trace: Trace, spans: Sequence[StoredSpan]) -> None:
        """Store spans of a locked trace; those that are there are replaced."""
        ...

    def spans(self, trace_id: int, after: Key | None, limit: int, largest: int) -> tuple[Sequence[Span], bool]:
        """Spans of a trace by start and id, after a place, and whether there are more.

        :param largest: bytes after which it ends early; at least one span is read.
        """
        ...

    def link(self, trace_ids: Sequence[int], kind: str, target_id: int) -> int:
        """Link traces with a run or a version; how many links are new."""
        ...

    def links(self, ids: Sequence[int]) -> Mapping[int, Sequence[tuple[str, int]]]:
        """Trace -> what it is linked with: kind and id, the oldest link first."""
        ...


class Assessments(Protocol):
    """What is said of traces. Writers hold the trace's lock."""

    def by_uid(self, workspace_id: int, uid: str) -> Assessment | None:
        """The assessment of that uid in the workspace."""
        ...

    def add(self, assessment: Assessment, trace: Trace, actor_id: int) -> Assessment:
        """Store a new one (its `id` is ignored)."""
        ...

    def replace(self, assessment: Assessment) -> None:
        """Store what is now said; `updated_at` is that of the value."""
        ...

    def remove(self, assessment_id: int) -> None:
        """Remove one for good."""
        ...

    def of_traces(self, ids: Sequence[int]) -> Mapping[int, Sequence[Assessment]]:
        """Trace -> its assessments, the oldest first."""
        ...

    def count(self, trace_id: int) -> int:
        """How many a trace has."""
        ...

"""Experiments and runs as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RunState(StrEnum):
    """A run is running until it is ended with one of the others; an ended run may be resumed."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Experiment:
    """Runs that belong together; its name is unique in its namespace, over trashed ones too."""

    id: int
    uid: str
    workspace_id: int
    namespace_id: int
    namespace_path: str
    namespace_slug_path: str
    name: str
    description: str
    etag: int
    created_by: str
    recorded_at: int
    deleted_at: int | None
    updated_at: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of training or other code; `source` holds what `domain.tracking.source` lets through.

    `started_at` and `ended_at` are what the client claims, `recorded_at` is ours (domain.md N17). The environment's
    text is read apart: it may be large, and many runs share one. Here stands its SHA-256.
    """

    id: int
    uid: str
    workspace_id: int
    experiment_id: int
    experiment_uid: str
    parent_uid: str | None
    name: str
    kind: str
    state: RunState
    note: str
    source: Mapping[str, object]
    environment_digest: str | None
    etag: int
    created_by: str
    started_at: int
    ended_at: int | None
    recorded_at: int
    deleted_at: int | None


@dataclass(frozen=True, slots=True)
class Chain:
    """The hash chain over a run's batches: its head (64 hex digits), how many batches, and how many are audited."""

    run_id: int
    head: str
    count: int
    audited_count: int
    audited_at: int


@dataclass(frozen=True, slots=True)
class Block:
    """One stored batch of a run. `record` is all of it but the points, `body` its points (empty when it has none).

    `least_step` is the smallest step of any point in it.
    """

    position: int
    least_step: int
    record: bytes
    body: bytes

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
    claimed_at: int | None = None


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
class HeldRun:
    """What a writer needs to know of a run whose row it has locked, with the chain as it stands."""

    id: int
    uid: str
    workspace_id: int
    experiment_id: int
    state: RunState
    deleted_at: int | None
    chain: Chain


@dataclass(frozen=True, slots=True)
class BlockSize:
    """A stored block without its bytes.

    :param position: of its first batch. :param batches: how many follow one another in it. :param size: bytes.
    """

    position: int
    batches: int
    points: int
    size: int


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A stored block. `record` is all of its batches but the points, `body` their points (empty when it has none).

    Steps are the least and greatest of any point in it, None without any.
    """

    position: int
    batches: int
    points: int
    least_step: int | None
    greatest_step: int | None
    record: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class OtherSummary:
    """What is kept beside the points of a series whose values are no numbers; `last` is the latest one's beginning."""

    key: str
    kind: str
    last: str
    step: int
    time_us: int
    count: int

"""What the server answers about experiments, runs, their series, logged models and pipelines."""
# ruff: noqa: RUF012 - msgspec copies such defaults for every object; ruff knows that of direct subclasses only

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strongroom.sdk.models import Answer, Real, Scalar, Tag


class Experiment(Answer, frozen=True):
    """An experiment. `path` is namespace and name."""

    uid: str
    namespace: str
    name: str
    path: str
    description: str
    etag: int
    created_by: str
    created_at: datetime
    tags: list[Tag] = []
    deleted_at: datetime | None = None


class Metric(Answer, frozen=True):
    """A series in short. `last` is at the greatest step; times are microseconds since 1970."""

    last: Real
    last_step: int
    last_time_us: int
    least: Real
    greatest: Real
    count: int


class Point(Answer, frozen=True):
    """One point of a series; step and time (microseconds since 1970) as claimed."""

    step: int
    time_us: int
    value: Real


class RunInfo(Answer, frozen=True):
    """A run as the server knows it. `params` and `metrics` are the whole when as many as their totals."""

    uid: str
    experiment_uid: str
    experiment: str
    name: str
    kind: str
    state: str
    etag: int
    created_by: str
    started_at: datetime
    created_at: datetime
    parent_uid: str | None = None
    note: str = ""
    source: Mapping[str, Any] = {}
    environment_digest: str | None = None
    params: Mapping[str, str] = {}
    params_total: int = 0
    metrics: Mapping[str, Metric] = {}
    metrics_total: int = 0
    summary: Mapping[str, Scalar] = {}
    tags: list[Tag] = []
    inputs: int = 0
    outputs: int = 0
    ended_at: datetime | None = None
    deleted_at: datetime | None = None


class Measured(Answer, frozen=True):
    """One point of a metric: what measured it (`run_uid`), and on which data set."""

    key: str
    value: Real
    step: int
    time_us: int
    dataset: str | None = None
    dataset_digest: str | None = None
    run_uid: str | None = None


class LoggedModel(Answer, frozen=True):
    """A logged model; `metrics` are the latest of each key on each data set."""

    uid: str
    experiment_uid: str
    experiment: str
    name: str
    type: str
    status: str
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    run_uid: str | None = None
    params: Mapping[str, str] = {}
    params_total: int = 0
    metrics: list[Measured] = []
    metrics_total: int = 0
    tags: list[Tag] = []
    deleted_at: datetime | None = None


class Step(Answer, frozen=True):
    """A step of a pipeline. `run_uid` is its latest attempt; `answered_by` the finished run that a cached one rests on.

    `status` is waiting, ready or blocked before it is begun, then that of its run.
    """

    name: str
    depends_on: list[str]
    status: str
    attempts: int
    cached: bool
    run_uid: str | None = None
    cache_key: str | None = None
    answered_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Pipeline(Answer, frozen=True):
    """A run with its steps, each after those it depends on; `counts` says how many stand how."""

    run_uid: str
    state: str
    counts: Mapping[str, int]
    steps: list[Step]


class NestedRun(Answer, frozen=True):
    """A run in a tree; `depth` is 0 for the one that was asked for."""

    uid: str
    depth: int
    experiment_uid: str
    name: str
    kind: str
    state: str
    started_at: datetime
    parent_uid: str | None = None
    ended_at: datetime | None = None


class Tree(Answer, frozen=True):
    """A run and those nested in it, level by level."""

    runs: list[NestedRun]
    truncated: bool = False

"""What callers see of experiments, runs and what runs recorded. The native API sends these as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.registry.views import TagView, tag_views, tag_weight
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.tracking.model import Experiment, Run
from strongroom.domain.tracking.points import Kind
from strongroom.domain.tracking.values import Summary

VALUES_SHOWN = 1_000
"""Params, and summaries of series, in the view of one run; the rest is read in pages."""
VALUES_LISTED = 200
"""The same for each run of a list."""


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """An experiment. `claimed_at` is when it was made elsewhere, of one that was imported."""

    uid: str
    namespace: str
    name: str
    path: str
    description: str
    tags: Sequence[TagView]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MetricView:
    """A series in short. `last` is the value at the greatest step; values may be NaN or infinite.

    NaN is `least` or `greatest` only if every value is NaN. `last_time_us` is as claimed, microseconds since 1970.
    """

    last: float
    last_step: int
    last_time_us: int
    least: float
    greatest: float
    count: int


@dataclass(frozen=True, slots=True)
class KeyedMetricView:
    """A series in short, with its key."""

    key: str
    metric: MetricView


@dataclass(frozen=True, slots=True)
class PointView:
    """One point of a series; step and time (microseconds since 1970) as claimed, any float as value."""

    step: int
    time_us: int
    value: float


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """Points of one series in order, as columns of equal length: steps, times in microseconds since 1970, values.

    Values are numbers of a FLOAT series, NaN and infinities among them, else texts.
    """

    run_uid: str
    key: str
    kind: Kind
    steps: Sequence[int]
    times_us: Sequence[int]
    values: Sequence[float] | Sequence[str]
    next_page_token: str | None


@dataclass(frozen=True, slots=True)
class OtherSeriesView:
    """A series whose values are no numbers, in short; `last` is the beginning of its latest value."""

    key: str
    kind: str
    last: str
    last_step: int
    last_time_us: int
    count: int


@dataclass(frozen=True, slots=True)
class ComparedView:
    """Several series at once."""

    series: Sequence[ColumnsView]


@dataclass(frozen=True, slots=True)
class LoggedView:
    """A run's chain after a batch: how many batches it has, and its head."""

    batches: int
    head: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run. `params` and `metrics` are the whole when as many as `params_total` and `metrics_total`.

    `summary` is what the client set, apart from the series in short. `inputs` and `outputs` count what it read and put
    out, as far as the caller may see it. `started_at` and `ended_at` are claimed by the client, `created_at` is ours.
    """

    uid: str
    experiment_uid: str
    experiment: str
    parent_uid: str | None
    name: str
    kind: str
    state: str
    note: str
    source: Mapping[str, object]
    environment_digest: str | None
    params: Mapping[str, str]
    params_total: int
    metrics: Mapping[str, MetricView]
    metrics_total: int
    summary: Mapping[str, Scalar]
    tags: Sequence[TagView]
    inputs: int
    outputs: int
    etag: int
    created_by: str
    started_at: datetime
    ended_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None


def experiment_path(experiment: Experiment) -> str:
    """Namespace and name."""
    return f"{experiment.namespace_path}/{experiment.name}" if experiment.namespace_path else experiment.name


def experiment_views(call: Call, experiments: Sequence[Experiment]) -> list[ExperimentView]:
    """Experiments, in the trash or not, with their tags."""
    tags = call.tx.tags.current("experiment", [experiment.id for experiment in experiments])
    return [
        ExperimentView(
            experiment.uid,
            experiment.namespace_path,
            experiment.name,
            experiment_path(experiment),
            experiment.description,
            tag_views(tags.get(experiment.id, ())),
            experiment.etag,
            experiment.created_by,
            time_of(experiment.recorded_at),
            time_of(experiment.updated_at or experiment.recorded_at),
            maybe_time(experiment.deleted_at),
            maybe_time(experiment.claimed_at),
        )
        for experiment in experiments
    ]


def experiment_view(call: Call, experiment: Experiment) -> ExperimentView:
    """One experiment with its tags."""
    return experiment_views(call, [experiment])[0]


def experiment_weight(view: ExperimentView) -> int:
    """About how many bytes a view has, from what callers may make long."""
    return 500 + len(view.description) + tag_weight(view.tags)


def metric_view(summary: Summary) -> MetricView:
    """The summary of a series."""
    last = summary.last
    return MetricView(last.value, last.step, last.time_us, summary.least, summary.greatest, summary.count)


def run_views(
    call: Call, experiments: Experiment | Mapping[int, Experiment], runs: Sequence[Run], most: int = VALUES_LISTED
) -> list[RunView]:
    """Runs with what they recorded, in a constant number of queries.

    :param experiments: what they belong to: one, or several by their ids.
    :param most: params, and series, shown of each.
    """
    owners = {experiments.id: experiments} if isinstance(experiments, Experiment) else experiments
    ids = [run.id for run in runs]
    tags = call.tx.tags.current("run", ids)
    params = call.tx.runs.params_of(ids, most)
    metrics = call.tx.runs.summaries_of(ids, most)
    said = call.tx.tags.properties("run", ids)
    counts = call.tx.lineage.counts(ids, call.caller.access.visible(call.workspace.id))
    views = []
    for run in runs:
        params_total, shown = params.get(run.id, (0, ()))
        metrics_total, summaries = metrics.get(run.id, (0, {}))
        views.append(
            RunView(
                uid=run.uid,
                experiment_uid=run.experiment_uid,
                experiment=experiment_path(owners[run.experiment_id]),
                parent_uid=run.parent_uid,
                name=run.name,
                kind=run.kind,
                state=run.state.value,
                note=run.note,
                source=run.source,
                environment_digest=run.environment_digest,
                params={param.key: param.value for param in shown},
                params_total=params_total,
                metrics={key: metric_view(summary) for key, summary in summaries.items()},
                metrics_total=metrics_total,
                summary=said.get(run.id, {}),
                tags=tag_views(tags.get(run.id, ())),
                inputs=counts[run.id][0],
                outputs=counts[run.id][1],
                etag=run.etag,
                created_by=run.created_by,
                started_at=time_of(run.started_at),
                ended_at=maybe_time(run.ended_at),
                created_at=time_of(run.recorded_at),
                deleted_at=maybe_time(run.deleted_at),
            )
        )
    return views


def run_view(call: Call, experiment: Experiment, run: Run, most: int = VALUES_SHOWN) -> RunView:
    """One run with what it recorded."""
    return run_views(call, experiment, [run], most)[0]


def run_weight(view: RunView) -> int:
    """About how many bytes a view of a list has, from what callers may make long."""
    params = sum(len(key) + len(value) for key, value in view.params.items())
    metrics = sum(150 + len(key) for key in view.metrics)
    said = sum(len(key) + (len(value) if isinstance(value, str) else 8) for key, value in view.summary.items())
    return 1_000 + len(view.note) + params + metrics + said + tag_weight(view.tags)

"""What callers see of logged models. The native API sends these as they are, but for floats that JSON has not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.registry.views import TagView, tag_views, tag_weight
from strongroom.application.tracking.views import VALUES_LISTED, VALUES_SHOWN, experiment_path
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.lineage.model import Node
from strongroom.domain.tracking.logged_models import Latest, LoggedModel, Measurement
from strongroom.domain.tracking.model import Experiment


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """One point of a metric of a logged model; step and time (microseconds since 1970) as claimed, any float as value.

    `dataset` and `dataset_digest` name what it was measured on, `run_uid` the run that measured it.
    """

    key: str
    value: float
    step: int
    time_us: int
    dataset: str | None
    dataset_digest: str | None
    run_uid: str | None


@dataclass(frozen=True, slots=True)
class LoggedModelView:
    """A logged model. `params` and `metrics` are the whole when as many as `params_total` and `metrics_total`.

    `metrics` are the latest of each key on each data set; `run_uid` is the run that put the model out.
    `claimed_at` is when it was made elsewhere, of one that was imported.
    """

    uid: str
    experiment_uid: str
    experiment: str
    run_uid: str | None
    name: str
    type: str
    status: str
    params: Mapping[str, str]
    params_total: int
    metrics: Sequence[MeasuredView]
    metrics_total: int
    tags: Sequence[TagView]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    claimed_at: datetime | None = None


def measured_view(one: Measurement, run_uid: str | None, datasets: Mapping[int, Node]) -> MeasuredView:
    """A point with the names of its data set and run."""
    node = datasets.get(one.dataset_id) if one.dataset_id is not None else None
    point = one.point
    name, digest = (node.name, node.digest) if node else (None, None)
    return MeasuredView(one.key, point.value, point.step, point.time_us, name, digest, run_uid)


def datasets_of(call: Call, measured: Sequence[Measurement]) -> Mapping[int, Node]:
    """The data sets that points name, by the ids of their nodes."""
    return call.tx.lineage.nodes(sorted({one.dataset_id for one in measured if one.dataset_id is not None}))


def logged_model_views(
    call: Call,
    experiments: Experiment | Mapping[int, Experiment],
    models: Sequence[LoggedModel],
    most: int = VALUES_LISTED,
) -> list[LoggedModelView]:
    """Logged models with what was said and measured of them, in a constant number of queries.

    :param experiments: what they belong to: one, or several by their ids.
    :param most: params, and metrics, shown of each.
    """
    owners = {experiments.id: experiments} if isinstance(experiments, Experiment) else experiments
    ids = [model.id for model in models]
    tags = call.tx.tags.current("logged_model", ids)
    params = call.tx.logged_models.params_of(ids, most)
    latest = call.tx.logged_models.latest_of(ids, most)
    datasets = datasets_of(call, [one.measured for _, some in latest.values() for one in some])
    views = []
    for model in models:
        params_total, shown = params.get(model.id, (0, ()))
        metrics_total, measured = latest.get(model.id, (0, ()))
        views.append(
            LoggedModelView(
                uid=model.uid,
                experiment_uid=model.experiment_uid,
                experiment=experiment_path(owners[model.experiment_id]),
                run_uid=model.run_uid,
                name=model.name,
                type=model.type,
                status=model.status.value,
                params={param.key: param.value for param in shown},
                params_total=params_total,
                metrics=_metrics(measured, datasets),
                metrics_total=metrics_total,
                tags=tag_views(tags.get(model.id, ())),
                etag=model.etag,
                created_by=model.created_by,
                created_at=time_of(model.recorded_at),
                updated_at=time_of(model.updated_at),
                deleted_at=maybe_time(model.deleted_at),
                claimed_at=maybe_time(model.claimed_at),
            )
        )
    return views


def _metrics(latest: Sequence[Latest], datasets: Mapping[int, Node]) -> list[MeasuredView]:
    return [measured_view(one.measured, one.run_uid, datasets) for one in latest]


def logged_model_view(call: Call, experiment: Experiment, model: LoggedModel) -> LoggedModelView:
    """One logged model with what was said and measured of it."""
    return logged_model_views(call, experiment, [model], VALUES_SHOWN)[0]


def logged_model_weight(view: LoggedModelView) -> int:
    """About how many bytes a view of a list has, from what callers may make long."""
    params = sum(len(key) + len(value) for key, value in view.params.items())
    metrics = sum(250 + len(one.key) + len(one.dataset or "") for one in view.metrics)
    return 1_000 + params + metrics + tag_weight(view.tags)

"""Runs, from MLflow's words to ours and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from strongroom.application.tracking.used import DatasetUse, Used
from strongroom.application.tracking.views import ColumnsView, MetricView, RunView
from strongroom.dialects.mlflow.translate.common import enum_number, milliseconds, tag_list
from strongroom.dialects.mlflow.translate.experiments import NOTE, experiment_id
from strongroom.dialects.mlflow.translate.ids import hex_of, model_id, uid_of_hex
from strongroom.dialects.mlflow.translate.places import run_root
from strongroom.dialects.mlflow.wire.codec import invalid, spelled
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.dialects.mlflow.wire.runs import (
    Dataset,
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from strongroom.domain.tracking.points import Kind
from strongroom.domain.tracking.source import LONGEST, REPOSITORY_LONGEST, Source

NAME, USER, PARENT = "mlflow.runName", "mlflow.user", "mlflow.parentRunId"
CONTEXT = "mlflow.data.context"
DESCRIBED = ("source", "schema", "profile")
"""What a client says of a data set beyond name and digest, kept as properties of its node."""
VALUES_MOST = 100_000
"""Params, and metrics, of one run in one answer."""

_STATES: Mapping[str, str] = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "killed",
}
_NUMBERS = dict(enumerate(_STATES, 1))
_SPOKEN = {"running": "RUNNING", "finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
_SOURCE = {
    "repository": ("mlflow.source.git.repoURL", REPOSITORY_LONGEST),
    "commit": ("mlflow.source.git.commit", LONGEST),
    "branch": ("mlflow.source.git.branch", LONGEST),
    "entry_point": ("mlflow.source.name", LONGEST),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What tags say that has a place of its own with us, and the tags that are left."""

    name: str | None
    note: str | None
    tags: Mapping[str, str]


def said(tags: Mapping[str, str]) -> Said:
    """Take a run's name and note out of its tags: MLflow keeps them there, and shows them as tags again."""
    rest = {key: value for key, value in tags.items() if key not in {NAME, NOTE}}
    return Said(tags.get(NAME), tags.get(NOTE), rest)


def source_of(tags: Mapping[str, str]) -> Source:
    """Where a run's code came from, as far as its tags say so; the tags stay as they are."""

    def told(field: str) -> str | None:
        key, longest = _SOURCE[field]
        return tags[key] if key in tags and len(tags[key]) <= longest else None

    return Source(told("repository"), told("commit"), told("branch"), told("entry_point"))


def parent_uid(tags: Mapping[str, str]) -> str | None:
    """The run below which tags put a run, if it can be one of ours."""
    return uid_of_hex(tags.get(PARENT, ""))


def state_of(status: str | int | None) -> str | None:
    """Our word for a run's status, by name or number. :raises Invalid: there is no such status."""
    if status is None or status == "":
        return None
    number = enum_number(status)
    name = _NUMBERS.get(number) if number is not None else str(status)
    if name is None or name not in _STATES:
        raise invalid("status", status)
    return _STATES[name]


def spoken_state(state: str) -> str:
    """MLflow's word for a state."""
    return _SPOKEN[state]


def run_info(view: RunView, default_uid: str | None) -> RunInfo:
    """What a run is."""
    experiment = experiment_id(view.experiment_uid, default_uid)
    user = next((tag.value for tag in view.tags if tag.key == USER), None)
    return RunInfo(
        run_id=hex_of(view.uid),
        run_uuid=hex_of(view.uid),
        run_name=view.name,
        experiment_id=experiment,
        user_id=user or "",
        status=spoken_state(view.state),
        start_time=milliseconds(view.started_at),
        end_time=milliseconds(view.ended_at) if view.ended_at else None,
        artifact_uri=run_root(experiment, view.uid),
        lifecycle_stage="deleted" if view.deleted_at else "active",
    )


def run(view: RunView, default_uid: str | None, used: Used | None = None) -> Run:
    """A run with what it recorded, read and put out."""
    used = used or Used()
    data = RunData(
        metrics=[metric(key, value) for key, value in view.metrics.items()],
        params=[Param(key=key, value=value) for key, value in view.params.items()],
        tags=run_tags(view),
    )
    return Run(info=run_info(view, default_uid), data=data, inputs=inputs(used), outputs=outputs(used))


def inputs(used: Used) -> RunInputs:
    """What a run read."""
    return RunInputs(
        dataset_inputs=[_dataset(one) for one in used.datasets],
        model_inputs=[ModelInput(model_id=model_id(one.uid)) for one in used.models],
    )


def outputs(used: Used) -> RunOutputs:
    """What a run put out."""
    return RunOutputs(
        model_outputs=[ModelOutput(model_id=model_id(one.uid), step=one.step or 0) for one in used.outputs]
    )


def _dataset(use: DatasetUse) -> DatasetInput:
    node, described = use.node, use.node.properties
    told = {name: str(described[name]) for name in DESCRIBED if described.get(name)}
    dataset = Dataset(name=node.name, digest=node.digest or "", source_type=node.type, **told)
    tags = [Tag(key=CONTEXT, value=use.context)] if use.context else []
    return DatasetInput(tags=tags, dataset=dataset)


def run_tags(view: RunView) -> list[Tag]:
    """A run's tags, its name and note among them again."""
    own = {NAME: view.name, NOTE: view.note}
    return [*tag_list(view.tags), *(Tag(key=key, value=value) for key, value in own.items() if value)]


def metric(key: str, view: MetricView) -> Metric:
    """The latest point of a series."""
    return Metric(key=key, value=spelled(view.last), timestamp=view.last_time_us // 1000, step=view.last_step)


def history(found: ColumnsView, run_uid: str | None = None) -> list[Metric]:
    """Points of a series; MLflow keeps equal ones once, and knows no series but of numbers.

    :param run_uid: the run, where the points of several stand together.
    """
    if found.kind is not Kind.FLOAT:
        return []
    values = cast("Sequence[float]", found.values)
    once = dict.fromkeys(zip(found.steps, found.times_us, values, strict=True))
    run_id = hex_of(run_uid) if run_uid else None
    return [
        Metric(key=found.key, value=spelled(value), timestamp=time_us // 1000, step=step, run_id=run_id)
        for step, time_us, value in once
    ]

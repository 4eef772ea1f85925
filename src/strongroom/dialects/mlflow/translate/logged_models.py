"""Logged models, from MLflow's words to ours and back."""

from collections.abc import Mapping, Sequence

from strongroom.application.tracking.inputs import Input
from strongroom.application.tracking.logged_views import LoggedModelView, MeasuredView
from strongroom.dialects.mlflow.translate.common import enum_number, milliseconds, tag_list
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import hex_of, model_id, model_uid
from strongroom.dialects.mlflow.translate.places import model_root
from strongroom.dialects.mlflow.translate.runs import CONTEXT, DESCRIBED
from strongroom.dialects.mlflow.wire import logged_models as wire
from strongroom.dialects.mlflow.wire.codec import invalid, missing, spelled
from strongroom.dialects.mlflow.wire.runs import Metric, Param

_STATES: Mapping[str, str] = {
    "LOGGED_MODEL_PENDING": "pending",
    "LOGGED_MODEL_READY": "ready",
    "LOGGED_MODEL_UPLOAD_FAILED": "failed",
}
_NUMBERS = dict(enumerate(_STATES, 1))
_SPOKEN = {ours: theirs for theirs, ours in _STATES.items()}


def status_of(status: str | int | None) -> str:
    """Our word for a status, by name or number. :raises Invalid: there is none such."""
    number = enum_number(status) if status is not None else None
    name = _NUMBERS.get(number) if number is not None else str(status)
    if name is None or name not in _STATES:
        raise invalid("status", status)
    return _STATES[name]


def params_of(params: Sequence[Param]) -> dict[str, str]:
    """Params from a client. :raises Invalid: one has no key."""
    found = {}
    for number, one in enumerate(params):
        if not one.key:
            raise missing(f"params[{number}].key")
        found[one.key] = one.value or ""
    return found


def logged_model(view: LoggedModelView, default_uid: str | None) -> wire.LoggedModel:
    """A logged model for a client."""
    experiment = experiment_id(view.experiment_uid, default_uid)
    info = wire.ModelInfo(
        model_id=model_id(view.uid),
        experiment_id=experiment,
        name=view.name,
        creation_timestamp_ms=milliseconds(view.claimed_at or view.created_at),
        last_updated_timestamp_ms=milliseconds(view.updated_at),
        artifact_uri=model_root(experiment, view.uid),
        status=_SPOKEN[view.status],
        model_type=view.type or None,
        source_run_id=hex_of(view.run_uid) if view.run_uid else None,
        tags=tag_list(view.tags),
    )
    params = [Param(key=key, value=value) for key, value in view.params.items()]
    metrics = [metric(one, view.uid) for one in view.metrics]
    return wire.LoggedModel(info=info, data=wire.ModelData(params=params, metrics=metrics))


def metric(view: MeasuredView, uid: str) -> Metric:
    """A measurement for a client."""
    return Metric(
        key=view.key,
        value=spelled(view.value),
        timestamp=view.time_us // 1000,
        step=view.step,
        dataset_name=view.dataset,
        dataset_digest=view.dataset_digest,
        model_id=model_id(uid),
        run_id=hex_of(view.run_uid) if view.run_uid else None,
    )


def inputs_of(message: wire.LogInputs) -> list[Input]:
    """What a run read: data sets by name and digest, logged models by their ids."""
    found = []
    for number, one in enumerate(message.datasets):
        dataset = one.dataset
        if dataset is None or not dataset.name:
            raise missing(f"datasets[{number}].dataset.name")
        tags = {tag.key: tag.value for tag in one.tags}
        described = {name: getattr(dataset, name) for name in DESCRIBED}
        found.append(
            Input(
                name=dataset.name,
                type=dataset.source_type or "",
                digest=dataset.digest,
                context=tags.get(CONTEXT),
                properties={key: value for key, value in described.items() if value},
            )
        )
    return found + [Input(logged_model_uid=model_uid(one.model_id or "")) for one in message.models]


def outputs_of(message: wire.LogOutputs) -> list[Input]:
    """What a run put out."""
    return [Input(logged_model_uid=model_uid(one.model_id or ""), step=one.step or 0) for one in message.models]

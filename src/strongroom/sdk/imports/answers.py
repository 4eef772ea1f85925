"""MLflow's messages as values, whatever a server says in them; folders and databases speak of the same things."""

from collections.abc import Mapping
from typing import Any

from strongroom.sdk.imports.model import (
    DatasetInput,
    Experiment,
    LoggedModel,
    Measured,
    ModelVersion,
    Points,
    RegisteredModel,
    Run,
    Wrong,
)
from strongroom.sdk.imports.reading import pairs, real, rows_of, text, whole
from strongroom.sdk.imports.source import SourceError

CONTEXT = "mlflow.data.context"
IS_PROMPT = "mlflow.prompt.is_prompt"


def object_of(value: object) -> Mapping[str, Any]:
    """An object of JSON; an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else {}


def experiment_of(row: Mapping[str, Any]) -> Experiment | Wrong:
    """An experiment."""
    id_, name = text(row.get("experiment_id")), text(row.get("name"))
    if not id_ or not name:
        return Wrong("experiments", id_ or name, "it has no id or no name")
    return Experiment(
        id_,
        name,
        pairs(row.get("tags")),
        whole(row.get("creation_time")),
        whole(row.get("last_update_time")),
        row.get("lifecycle_stage") == "deleted",
        text(row.get("artifact_location")),
    )


def run_of(row: Mapping[str, Any]) -> Run | Wrong:
    """A run."""
    info, data = object_of(row.get("info")), object_of(row.get("data"))
    inputs, outputs = object_of(row.get("inputs")), object_of(row.get("outputs"))
    id_ = text(info.get("run_id") or info.get("run_uuid"))
    if not id_:
        return Wrong("runs", "", "it has no id")
    used = [_dataset_input(one) for one in rows_of(inputs.get("dataset_inputs"))]
    read = [text(one.get("model_id")) for one in rows_of(inputs.get("model_inputs"))]
    made = [(text(one.get("model_id")), whole(one.get("step")) or 0) for one in rows_of(outputs.get("model_outputs"))]
    return Run(
        id_,
        text(info.get("experiment_id")),
        text(info.get("run_name")),
        text(info.get("user_id")),
        text(info.get("status")) or "RUNNING",
        whole(info.get("start_time")),
        whole(info.get("end_time")),
        info.get("lifecycle_stage") == "deleted",
        text(info.get("artifact_uri")),
        pairs(data.get("params")),
        pairs(data.get("tags")),
        [text(one.get("key")) for one in rows_of(data.get("metrics"))],
        used,
        read,
        made,
    )


def _dataset_input(row: Mapping[str, Any]) -> DatasetInput:
    found = object_of(row.get("dataset"))
    return dataset_of(found, pairs(row.get("tags")).get(CONTEXT))


def dataset_of(found: Mapping[str, Any], context: str | None, prefix: str = "") -> DatasetInput:
    """A data set out of what is said of it; some fields begin with `prefix`."""
    said = {name: text(found.get(f"{prefix}{name}")) for name in ("source_type", "source", "schema", "profile")}
    return DatasetInput(text(found.get("name")), text(found.get("digest")), **said, context=context or None)


def points_of(rows: list[dict[str, Any]], key: str) -> Points:
    """Points of one series. :raises SourceError: one of them is none."""
    found = [(whole(row.get("step", 0)), whole(row.get("timestamp")), real(row.get("value"))) for row in rows]
    if any(None in one for one in found):
        raise SourceError(f"a point of {key!r} is no point")
    return Points(*([one[place] for one in found] for place in range(3)))  # type: ignore[arg-type]


def logged_model_of(row: Mapping[str, Any]) -> LoggedModel | Wrong:
    """A logged model."""
    info, data = object_of(row.get("info")), object_of(row.get("data"))
    id_ = text(info.get("model_id"))
    if not id_:
        return Wrong("logged models", "", "it has no id")
    return LoggedModel(
        id_,
        text(info.get("experiment_id")),
        text(info.get("name")),
        text(info.get("model_type")),
        status_of(text(info.get("status"))),
        text(info.get("source_run_id")) or None,
        whole(info.get("creation_timestamp_ms")),
        whole(info.get("last_updated_timestamp_ms")),
        deleted=False,
        location=text(info.get("artifact_uri")),
        params=pairs(data.get("params")),
        tags=pairs(info.get("tags")),
    )


def status_of(said: str) -> str:
    """PENDING, READY or FAILED, from any of MLflow's spellings and numbers."""
    bare = said.removeprefix("LOGGED_MODEL_")
    return {"UPLOAD_FAILED": "FAILED", "1": "PENDING", "2": "READY", "3": "FAILED"}.get(bare, bare)


def measured_of(row: Mapping[str, Any]) -> Measured | None:
    """A measurement of a logged model; None of what is none."""
    value, step, time = real(row.get("value")), whole(row.get("step", 0)), whole(row.get("timestamp"))
    if value is None or step is None or time is None:
        return None
    named = [text(row.get(name)) or None for name in ("run_id", "dataset_name", "dataset_digest")]
    return Measured(text(row.get("key")), value, step, time, *named)


def registered_model_of(row: Mapping[str, Any]) -> RegisteredModel | Wrong:
    """A registered model or prompt."""
    name = text(row.get("name"))
    if not name:
        return Wrong("registered models", "", "it has no name")
    aliases = {text(one.get("alias")): whole(one.get("version")) or 0 for one in rows_of(row.get("aliases"))}
    return RegisteredModel(
        name,
        text(row.get("description")),
        whole(row.get("creation_timestamp")),
        whole(row.get("last_updated_timestamp")),
        pairs(row.get("tags")),
        aliases,
    )


def version_of(row: Mapping[str, Any], number: int, location: str) -> ModelVersion:
    """A version out of MLflow's message of it."""
    return ModelVersion(
        number,
        text(row.get("description")),
        text(row.get("user_id")),
        text(row.get("current_stage")) or "None",
        text(row.get("source")),
        location,
        text(row.get("run_id")),
        text(row.get("run_link")),
        text(row.get("status")) or "READY",
        whole(row.get("creation_timestamp")),
        whole(row.get("last_updated_timestamp")),
        pairs(row.get("tags")),
    )

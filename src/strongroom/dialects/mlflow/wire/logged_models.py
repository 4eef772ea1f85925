"""Logged models on the wire."""

from strongroom.dialects.mlflow.wire.artifacts import FileInfo
from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.dialects.mlflow.wire.runs import DatasetInput, Metric, ModelInput, ModelOutput, Param


class ModelInfo(Message):
    """What a logged model is."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str | None = None
    source_run_id: str | None = None
    tags: list[Tag] = []


class ModelData(Message):
    """What was said and measured of it."""

    params: list[Param] = []
    metrics: list[Metric] = []


class LoggedModel(Message):
    """A logged model as it is answered."""

    info: ModelInfo
    data: ModelData


class LoggedModelAnswer(Message):
    """One logged model."""

    model: LoggedModel


class CreateLoggedModel(Message):
    """A new logged model."""

    experiment_id: str | None = None
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[Param] = []
    tags: list[Tag] = []


class ByModel(Message):
    """A logged model by its id."""

    model_id: str | None = None


class FinalizeModel(ByModel):
    """Its status, by name or number."""

    status: str | int | None = None


class SetModelTags(ByModel):
    """Tags to set."""

    tags: list[Tag] = []


class DeleteModelTag(ByModel):
    """A tag to remove."""

    tag_key: str | None = None


class LogModelParams(ByModel):
    """Params to set."""

    params: list[Param] = []


class ListModelFiles(ByModel):
    """A directory of a logged model."""

    artifact_directory_path: str = ""
    page_token: str | None = None


class ModelFilesAnswer(Message):
    """What lies in it, by whole paths."""

    root_uri: str
    files: list[FileInfo] = []
    next_page_token: str | None = None


class OrderBy(Message):
    """One thing to order by."""

    field_name: str | None = None
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


class OnDataset(Message):
    """A data set that models were measured on, of any digest when it has none."""

    dataset_name: str | None = None
    dataset_digest: str | None = None


class SearchLoggedModels(Message):
    """Which logged models, in which order."""

    experiment_ids: list[str] = []
    filter: str | None = None
    datasets: list[OnDataset] = []
    max_results: int | None = None
    order_by: list[OrderBy] = []
    page_token: str | None = None


class LoggedModelsAnswer(Message):
    """A page of logged models."""

    models: list[LoggedModel] = []
    next_page_token: str | None = None


class LogInputs(Message):
    """What a run read."""

    run_id: str | None = None
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


class LogOutputs(Message):
    """What a run put out."""

    run_id: str | None = None
    models: list[ModelOutput] = []

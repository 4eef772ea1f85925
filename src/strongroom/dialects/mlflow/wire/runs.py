"""Runs and what they record, on the wire."""

from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.dialects.mlflow.wire.experiments import Tag


class RunInfo(Message):
    """What a run is; it repeats its id."""

    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None = None
    artifact_uri: str = ""
    lifecycle_stage: str = ""


class Metric(Message):
    """One point, asked or answered; times are milliseconds since 1970."""

    key: str | None = None
    value: float | str | None = None
    timestamp: int | None = None
    step: int | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    model_id: str | None = None
    run_id: str | None = None


class Param(Message):
    """A param."""

    key: str | None = None
    value: str | None = None


class RunData(Message):
    """What a run recorded: the latest point of every metric."""

    metrics: list[Metric] = []
    params: list[Param] = []
    tags: list[Tag] = []


class Dataset(Message):
    """A data set as a client describes it."""

    name: str | None = None
    digest: str | None = None
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Message):
    """A data set that a run read, with tags such as what it was used for."""

    tags: list[Tag] = []
    dataset: Dataset | None = None


class ModelInput(Message):
    """A logged model that a run read."""

    model_id: str | None = None


class ModelOutput(Message):
    """A logged model that a run put out."""

    model_id: str | None = None
    step: int | None = None


class RunInputs(Message):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Message):
    """What a run put out."""

    model_outputs: list[ModelOutput] = []


class Run(Message):
    """A run as it is answered; inputs and outputs are there even when they are empty."""

    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs


class RunAnswer(Message):
    """One run."""

    run: Run


class RunInfoAnswer(Message):
    """What a run is, after a change."""

    run_info: RunInfo


class CreateRun(Message):
    """A new run."""

    experiment_id: str | None = None
    user_id: str | None = None
    run_name: str | None = None
    start_time: int | None = None
    tags: list[Tag] = []


class ByRun(Message):
    """A run by its id, under its new or its old name."""

    run_id: str | None = None
    run_uuid: str | None = None


class UpdateRun(ByRun):
    """Changes to a run; `status` by name or number."""

    status: str | int | None = None
    end_time: int | None = None
    run_name: str | None = None


class SetTag(ByRun):
    """One tag to set, or, without its value, to remove."""

    key: str | None = None
    value: str | None = None


class LogMetric(ByRun):
    """One point."""

    key: str | None = None
    value: float | None = None
    timestamp: int | None = None
    step: int | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogParam(ByRun):
    """One param."""

    key: str | None = None
    value: str | None = None


class Point(Message):
    """One point of a batch."""

    key: str | None = None
    value: float | None = None
    timestamp: int | None = None
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogBatch(Message):
    """Points, params and tags of one run, all or none."""

    run_id: str | None = None
    metrics: list[Point] = []
    params: list[Param] = []
    tags: list[Tag] = []


class SearchRuns(Message):
    """Which runs, in which order."""

    experiment_ids: list[str] = []
    filter: str | None = None
    run_view_type: str | int | None = None
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str | None = None


class RunsAnswer(Message):
    """A page of runs; without a token it is the last."""

    runs: list[Run] = []
    next_page_token: str | None = None


class GetHistory(ByRun):
    """The points of one metric."""

    metric_key: str | None = None
    page_token: str | None = None
    max_results: int | None = None


class HistoryAnswer(Message):
    """A page of points; without a token it is the last."""

    metrics: list[Metric] = []
    next_page_token: str | None = None


class GetSampled(Message):
    """The points of one metric of several runs, sampled, maybe of some steps only."""

    run_ids: list[str] = []
    metric_key: str | None = None
    start_step: int | None = None
    end_step: int | None = None
    max_results: int | None = None


class GetBulk(Message):
    """The points of one metric of several runs."""

    run_id: list[str] = []
    metric_key: str | None = None
    max_results: int | None = None


class BulkAnswer(Message):
    """Points of several runs, each with its run."""

    metrics: list[Metric] = []

"""Experiments on the wire."""

from strongroom.dialects.mlflow.wire.codec import Message


class Tag(Message):
    """A tag of any object."""

    key: str | None = None
    value: str | None = None


class Experiment(Message):
    """An experiment as it is answered."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[Tag] = []


class ExperimentAnswer(Message):
    """One experiment."""

    experiment: Experiment


class CreateExperiment(Message):
    """A new experiment."""

    name: str | None = None
    artifact_location: str | None = None
    tags: list[Tag] = []


class ExperimentId(Message):
    """An experiment by its id; also what creating one answers."""

    experiment_id: str | None = None


class ExperimentName(Message):
    """An experiment by its name."""

    experiment_name: str | None = None


class UpdateExperiment(Message):
    """A new name."""

    experiment_id: str | None = None
    new_name: str | None = None


class SetExperimentTag(Message):
    """One tag to set, or, without its value, to remove."""

    experiment_id: str | None = None
    key: str | None = None
    value: str | None = None


class SearchExperiments(Message):
    """Which experiments, in which order. `view_type` by name or number."""

    max_results: int | None = None
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] = []
    view_type: str | int | None = None


class ExperimentsAnswer(Message):
    """A page of experiments; without a token it is the last."""

    experiments: list[Experiment] = []
    next_page_token: str | None = None

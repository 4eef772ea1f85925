"""What an MLflow holds, as values; the same whether a server, a folder or a database was read.

Times are milliseconds since 1970 as MLflow has them, None where it has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment. `location` is where its artifacts lie by default."""

    id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int | None = None
    updated_ms: int | None = None
    deleted: bool = False
    location: str = ""


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """A data set that a run read."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run without its points. `models_out` are ids of logged models with the steps that they came from."""

    id: str
    experiment_id: str
    name: str = ""
    user: str = ""
    status: str = "RUNNING"
    started_ms: int | None = None
    ended_ms: int | None = None
    deleted: bool = False
    location: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metric_keys: Sequence[str] = ()
    datasets: Sequence[DatasetInput] = ()
    models_in: Sequence[str] = ()
    models_out: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """Some points of one series, as columns of equal length."""

    steps: Sequence[int]
    times_ms: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A point of a metric of a logged model."""

    key: str
    value: float
    step: int
    time_ms: int
    run_id: str | None = None
    dataset: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A logged model without its measurements; `status` is PENDING, READY or FAILED."""

    id: str
    experiment_id: str
    name: str
    type: str = ""
    status: str = "PENDING"
    run_id: str | None = None
    created_ms: int | None = None
    updated_ms: int | None = None
    deleted: bool = False
    location: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model, or a prompt, which MLflow tells by a tag. `aliases` maps names to version numbers.

    `highest` is the greatest number that a version of it ever had, deleted ones too, as far as the source knows.
    """

    name: str
    description: str = ""
    created_ms: int | None = None
    updated_ms: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    highest: int = 0


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version. `source` is what it was registered from, `location` where its files are if that is known."""

    number: int
    description: str = ""
    user: str = ""
    stage: str = "None"
    source: str = ""
    location: str = ""
    run_id: str = ""
    run_link: str = ""
    status: str = "READY"
    created_ms: int | None = None
    updated_ms: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something in the source that cannot be read, and why; it is reported and the rest goes on."""

    kind: str
    name: str
    reason: str

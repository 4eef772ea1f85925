"""How a model is packaged, as its MLmodel file says: flavors, signature, requirements."""

from collections.abc import Mapping
from typing import Any

import msgspec


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is told here; `models` imports this module."""


class Flavor(_Told, frozen=True):
    """One way to load a model; `version` is of the library that wrote it."""

    name: str
    version: str | None = None


class Column(_Told, frozen=True):
    """A column; a tensor where it has a `shape`, in which -1 is any size."""

    name: str | None
    type: str
    required: bool = True
    shape: list[int] | None = None


class ModelParam(_Told, frozen=True):
    """A value that may be stated beside the inputs; `default` is JSON."""

    name: str
    type: str
    default: str = "null"
    shape: list[int] | None = None


class Signature(_Told, frozen=True):
    """What goes into a model and comes out; None where nothing is said of a side. `truncated`: not all is here."""

    inputs: list[Column] | None = None
    outputs: list[Column] | None = None
    params: list[ModelParam] | None = None
    truncated: bool = False


class Packaging(_Told, frozen=True):
    """How a model is packaged. `state` is ready, or unreadable, which `reason` explains.

    `flavor` is the one of `flavors` that tells most; `input_example` is a path; `requirements` are the lines of
    requirements.txt; `size`, `claimed_at` and the ids are what the client said; `notes` are what could not be read.
    """

    state: str
    reason: str | None = None
    flavor: str | None = None
    flavors: list[Flavor] = []
    signature: Signature | None = None
    input_example: str | None = None
    requirements: list[str] = []
    requirements_total: int = 0
    requirement_files: list[str] = []
    python_version: str | None = None
    mlflow_version: str | None = None
    size: int | None = None
    model_id: str | None = None
    model_uuid: str | None = None
    run_id: str | None = None
    claimed_at: str | None = None
    environment: Mapping[str, Any] | None = None
    resources: Mapping[str, Any] | None = None
    notes: list[str] = []


class ManifestSummary(_Told, frozen=True):
    """That a version has a manifest; ``client.manifests.get`` has the rest."""

    kind: str
    digest: str
    members: int = 0


class SplitSummary(_Told, frozen=True):
    """How much there is in a split; `rows` is None when nobody knows, `columns` are how many."""

    name: str
    files: int
    bytes: int
    rows: int | None = None
    columns: int = 0


class StatisticsSummary(_Told, frozen=True):
    """How far the statistics of a data set are; ``client.datasets.statistics`` has the rest."""

    state: str
    splits: list[SplitSummary] = []

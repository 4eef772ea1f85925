"""Evaluations: what was measured of a version, on which data, by which code and judge. Immutable once written."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which values of a metric are the better ones."""

    HIGHER = "higher"
    LOWER = "lower"


class MetricKind(StrEnum):
    """What a metric is about."""

    QUALITY = "quality"
    LATENCY = "latency"
    COST = "cost"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric over all rows. `low` and `high` are the ends of its confidence interval at level `confidence`."""

    name: str
    value: float
    unit: str = ""
    better: Direction = Direction.HIGHER
    kind: MetricKind = MetricKind.QUALITY
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class SliceMeasure:
    """A metric over a part of the rows."""

    slice: str
    metric: str
    value: float
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judged, where it was not the code alone: a model or a person's role; `model` names a model's version."""

    name: str
    version: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """What was evaluated on. Without a digest it is *unbound*: shown, and neither searched nor used by a gate.

    :param version_id: of the data set, when it is ours; the digest is then that of its tree, and the name what the
        registry calls it. Else both are what somebody says.
    """

    digest: str = ""
    name: str = ""
    version_id: int | None = None

    @property
    def bound(self) -> bool:
        """Whether it is known which bytes were evaluated on."""
        return self.digest != ""

    @property
    def resolved(self) -> bool:
        """Whether the data set is ours, and not only claimed."""
        return self.version_id is not None


@dataclass(frozen=True, slots=True)
class Code:
    """What computed the metrics."""

    commit: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The results of single rows: a Parquet file, and what is in it."""

    sha256: str
    size: int
    count: int
    columns: tuple[str, ...]
    slices: tuple[str, ...] = ()
    slices_cut: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A statement about one version, which its links and copies share.

    :param version_id: the version that was evaluated. :param recorded_by: id of the principal.
    :param root_id: the first of a chain of corrections, by which the chain is ordered among others; 0 for itself.
    :param origin_uid: of the one that this was copied from, with its version, in another workspace.
    :param supersedes_id: what it corrects, and `reason` why. :param superseded_by_id: what corrects it.
    """

    id: int
    uid: str
    workspace_id: int
    version_id: int
    name: str
    measures: tuple[Measure, ...]
    slices: tuple[SliceMeasure, ...]
    data: Data
    code: Code
    judge: Judge | None
    rows: Rows | None
    note: str
    properties: Mapping[str, object]
    recorded_by: int
    recorded_at: int
    evaluated_at: int | None
    root_id: int = 0
    supersedes_id: int | None = None
    superseded_by_id: int | None = None
    reason: str = ""
    retracted_at: int | None = None
    retracted_by: int | None = None
    retracted_reason: str = ""
    origin_uid: str | None = None

    @property
    def current(self) -> bool:
        """Whether it still stands: neither corrected nor retracted."""
        return self.superseded_by_id is None and self.retracted_at is None

"""Evaluations of versions: recorded, read, corrected, retracted, compared."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field, structs

from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.evaluations import comparing, finding, recording
from strongroom.application.evaluations.comparing import ComparisonView
from strongroom.application.evaluations.views import EvaluationView
from strongroom.application.paging import Page
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Sha256, Time, Uid
from strongroom.domain.evaluations.comparing import (
    ALPHA,
    ALPHA_LEAST,
    ALPHA_MOST,
    RESAMPLES,
    RESAMPLES_LEAST,
    RESAMPLES_MOST,
    SEED_LARGEST,
)
from strongroom.domain.evaluations.fields import MEASURES_MOST, PROPERTIES_MOST, SLICES_MOST
from strongroom.domain.evaluations.model import Direction, Judge, Measure, MetricKind, SliceMeasure
from strongroom.domain.identity.roles import Permission

Key = Annotated[str, Meta(min_length=1, max_length=250)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Unit = Annotated[str, Meta(max_length=32, description="Such as ms, USD or %.")]
Word = Annotated[str, Meta(max_length=255)]
Scalar = str | int | float | bool | None


class MetricBody(Struct, frozen=True, kw_only=True):
    """A metric over all rows; `low` and `high` are its confidence interval, at level `confidence`."""

    name: Key
    value: float
    unit: Unit = ""
    better: Literal["higher", "lower"] = "higher"
    kind: Literal["quality", "latency", "cost", "other"] = "quality"
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    rows: Count | None = None

    def measure(self) -> Measure:
        """As the domain has it."""
        said = structs.asdict(self) | {"better": Direction(self.better), "kind": MetricKind(self.kind)}
        return Measure(**said)


class SliceBody(Struct, frozen=True, kw_only=True):
    """A metric over a part of the rows."""

    slice: Name
    metric: Key
    value: float
    rows: Count | None = None


class JudgeBody(Struct, frozen=True, kw_only=True):
    """Who judged: a model or a person's role. `model` names the version of a model."""

    name: Name
    version: Word = ""
    model: Word = ""


class EvaluationBody(Struct, frozen=True, kw_only=True):
    """What was measured. The data set is a version (`dataset_uid`) or a digest; with neither it is unbound.

    `rows` is the SHA-256 of a Parquet file with the results of single rows, sent to the version's asset before.
    """

    name: Name
    metrics: Annotated[list[MetricBody], Meta(min_length=1, max_length=MEASURES_MOST)]
    slices: Annotated[list[SliceBody], Meta(max_length=SLICES_MOST)] = []
    dataset_uid: Uid | None = None
    dataset_digest: Annotated[str, Meta(max_length=200)] = ""
    dataset_name: Word = ""
    commit: Annotated[str, Meta(max_length=128)] = ""
    path: Annotated[str, Meta(max_length=1000)] = ""
    judge: JudgeBody | None = None
    rows: Sha256 | None = None
    note: Annotated[str, Meta(max_length=4000)] = ""
    properties: Annotated[dict[str, Scalar], Meta(max_length=PROPERTIES_MOST)] = field(default_factory=dict)
    evaluated_at: Time | None = None

    def said(self) -> recording.RecordEvaluation:
        """As the application takes it."""
        plain = {name: getattr(self, name) for name in recording.RecordEvaluation.__dataclass_fields__}
        plain["metrics"] = [one.measure() for one in self.metrics]
        plain["slices"] = [SliceMeasure(**structs.asdict(one)) for one in self.slices]
        plain["judge"] = Judge(**structs.asdict(self.judge)) if self.judge else None
        plain["evaluated_at"] = None if self.evaluated_at is None else microseconds(self.evaluated_at)
        return recording.RecordEvaluation(**plain)


class CorrectBody(Struct, frozen=True, kw_only=True):
    """The whole evaluation as it should have been, and what was wrong."""

    evaluation: EvaluationBody
    reason: str


class RetractBody(Struct, frozen=True, kw_only=True):
    """Why it stands no more."""

    reason: str


class ListEvaluations(PagedByUid, frozen=True, kw_only=True):
    """Of which version; `name` and `metric` narrow it, `history` lists those that stand no more as well."""

    name: Name | None = None
    metric: Key | None = None
    history: bool = False


@flow(
    "evaluation.record",
    "POST",
    "/versions/{uid}/evaluations",
    Permission.EVALUATION_WRITE,
    "Record what was measured of a version, on which data, by which code and judge",
    params=ByUid,
    body=EvaluationBody,
    answer=EvaluationView,
    status=201,
)
async def record(edge: Edge, request: Request[ByUid, EvaluationBody]) -> EvaluationView:
    return await recording.record(edge, request.params.uid, request.body.said())


@read(
    "evaluation.list",
    "/versions/{uid}/evaluations",
    Permission.ASSET_READ,
    "Evaluations of a version, the one recorded last first",
    params=ListEvaluations,
    answer=Page[EvaluationView],
)
def list_(call: Call, request: Request[ListEvaluations, Any]) -> Page[EvaluationView]:
    p = request.params
    return finding.listed(call, p.uid, finding.ListEvaluations(p.name, p.metric, p.history), p.page())


@read(
    "evaluation.get",
    "/evaluations/{uid}",
    Permission.ASSET_READ,
    "One evaluation",
    params=ByUid,
    answer=EvaluationView,
)
def get(call: Call, request: Request[ByUid, Any]) -> EvaluationView:
    return finding.get(call, request.params.uid)


@flow(
    "evaluation.correct",
    "POST",
    "/evaluations/{uid}/correct",
    Permission.EVALUATION_WRITE,
    "Record the successor of an evaluation that was wrong; both stay",
    params=ByUid,
    body=CorrectBody,
    answer=EvaluationView,
    status=201,
)
async def correct(edge: Edge, request: Request[ByUid, CorrectBody]) -> EvaluationView:
    return await recording.correct(edge, request.params.uid, request.body.evaluation.said(), request.body.reason)


@command(
    "evaluation.retract",
    "POST",
    "/evaluations/{uid}/retract",
    Permission.EVALUATION_WRITE,
    "Say that an evaluation stands no more",
    params=ByUid,
    body=RetractBody,
    answer=EvaluationView,
)
def retract(call: Call, request: Request[ByUid, RetractBody]) -> EvaluationView:
    return recording.retract(call, request.params.uid, request.body.reason)


@flow(
    "evaluation.rows",
    "GET",
    "/evaluations/{uid}/rows",
    Permission.VERSION_BYTES,
    "The results of single rows, as a Parquet file",
    params=ByUid,
    raw_answer="application/octet-stream",
)
async def rows(edge: Edge, request: Request[ByUid, Any]) -> OpenFile:
    return await finding.open_rows(edge, request.params.uid)


class CompareBody(Struct, frozen=True, kw_only=True):
    """The champion that an evaluation challenges, by which metric, and how.

    `alpha`: how often the interval may leave zero out though nothing differs. The seed is drawn where none is given.
    """

    champion_uid: Uid
    metric: Key
    alpha: Annotated[float, Meta(ge=ALPHA_LEAST, le=ALPHA_MOST)] = ALPHA
    resamples: Annotated[int, Meta(ge=RESAMPLES_LEAST, le=RESAMPLES_MOST)] = RESAMPLES
    seed: Annotated[int, Meta(ge=0, le=SEED_LARGEST)] | None = None


@flow(
    "evaluation.compare",
    "POST",
    "/evaluations/{uid}/compare",
    Permission.EVALUATION_WRITE,
    "Whether this evaluation's version is better than a champion's on the same rows; the answer is kept",
    params=ByUid,
    body=CompareBody,
    answer=ComparisonView,
    status=201,
)
async def compare(edge: Edge, request: Request[ByUid, CompareBody]) -> ComparisonView:
    return await comparing.compare(edge, request.params.uid, comparing.Compare(**structs.asdict(request.body)))


@read(
    "evaluation.comparisons",
    "/evaluations/{uid}/comparisons",
    Permission.ASSET_READ,
    "Comparisons of an evaluation, the latest first",
    params=PagedByUid,
    answer=Page[ComparisonView],
)
def list_comparisons(call: Call, request: Request[PagedByUid, Any]) -> Page[ComparisonView]:
    return comparing.listed(call, request.params.uid, request.params.page())


@read(
    "evaluation.comparison",
    "/comparisons/{uid}",
    Permission.ASSET_READ,
    "One comparison",
    params=ByUid,
    answer=ComparisonView,
)
def get_comparison(call: Call, request: Request[ByUid, Any]) -> ComparisonView:
    return comparing.get(call, request.params.uid)


OPERATIONS = (record, list_, get, correct, retract, rows, compare, list_comparisons, get_comparison)

"""Evaluations: what was measured of versions, and which version is better."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from strongroom.sdk import download, upload
from strongroom.sdk.api import Api
from strongroom.sdk.destination import local_path
from strongroom.sdk.download import Wanted
from strongroom.sdk.errors import Invalid
from strongroom.sdk.localfiles import hash_file
from strongroom.sdk.lookup import VersionRef, version_of, version_uid
from strongroom.sdk.models import Answer, Scalar, Version
from strongroom.sdk.progress import Silent
from strongroom.sdk.upload import Folder


class Metric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A metric: `better` is higher or lower, `kind` quality, latency, cost or other."""

    name: str
    value: float
    unit: str = ""
    better: str = "higher"
    kind: str = "quality"
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    rows: int | None = None


class SliceValue(Answer, frozen=True):
    """A metric over a part of the rows."""

    slice: str
    metric: str
    value: float
    rows: int | None = None


class DataSet(Answer, frozen=True):
    """What was evaluated on; without a digest it is not `bound`. `resolved`: it is a version of the registry."""

    bound: bool
    digest: str
    name: str
    resolved: bool = False
    version_uid: str | None = None


class Code(Answer, frozen=True):
    """What computed the metrics."""

    commit: str = ""
    path: str = ""


class Judge(Answer, frozen=True):
    """Who judged."""

    name: str
    version: str = ""
    model: str = ""


class RowFile(Answer, frozen=True):
    """The results of single rows: a Parquet file, and what is in it."""

    sha256: str
    size: int
    count: int
    columns: list[str]
    slices: list[str] = msgspec.field(default_factory=list)
    slices_cut: bool = False


class Evaluation(Answer, frozen=True):
    """An evaluation; it stands until it is corrected (`superseded_by`) or retracted."""

    uid: str
    name: str
    metrics: list[Metric]
    data: DataSet
    standing: bool
    recorded_at: datetime
    version_uid: str | None = None
    slices: list[SliceValue] = msgspec.field(default_factory=list)
    code: Code = Code()
    judge: Judge | None = None
    rows: RowFile | None = None
    note: str = ""
    properties: Mapping[str, Scalar] = msgspec.field(default_factory=dict)
    recorded_by: str | None = None
    evaluated_at: datetime | None = None
    supersedes: str | None = None
    superseded_by: str | None = None
    reason: str = ""
    retracted_at: datetime | None = None
    retracted_by: str | None = None
    retracted_reason: str = ""
    origin_uid: str | None = None


class Comparison(Answer, frozen=True):
    """A comparison: `verdict` is better, worse or undecided, said of the challenger."""

    uid: str
    champion: str
    challenger: str
    metric: str
    better: str
    alpha: float
    seed: int
    resamples: int
    pairs: int
    difference: float
    verdict: str
    standing: bool
    recorded_at: datetime
    low: float | None = None
    high: float | None = None
    recorded_by: str | None = None


Metrics = Sequence[Metric | Mapping[str, Any]] | Mapping[str, float]
"""Metrics; a mapping of names to numbers takes them as qualities of which more is better."""


class Evaluations:
    """``client.evaluations``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def record(
        self,
        version: VersionRef,
        name: str,
        metrics: Metrics,
        *,
        dataset: VersionRef | None = None,
        rows: str | PathLike[str] | None = None,
        **more: Any,
    ) -> Evaluation:
        """Say what was measured of a version.

        :param dataset: a version of the registry, which has its name there; `dataset_digest` and `dataset_name` say any
            other.
        :param rows: a Parquet file (docs/evaluations.md).
        :param more: dataset_digest, dataset_name, slices, commit, path, judge, note, properties, evaluated_at.
        """
        found = version_of(self._api, version)
        said = self._said(found.asset_uid, name, metrics, dataset, rows, more)
        return self._api.call("evaluation.record", Evaluation, uid=found.uid, **said)

    def correct(
        self,
        evaluation: Evaluation,
        metrics: Metrics,
        *,
        reason: str,
        dataset: VersionRef | None = None,
        rows: str | PathLike[str] | None = None,
        **more: Any,
    ) -> Evaluation:
        """The whole evaluation as it should have been. :raises Conflict: it was corrected or retracted before."""
        asset = self._home(evaluation) if rows is not None else ""
        said = self._said(asset, str(more.pop("name", evaluation.name)), metrics, dataset, rows, more)
        return self._api.call("evaluation.correct", Evaluation, uid=evaluation.uid, evaluation=said, reason=reason)

    def _home(self, evaluation: Evaluation) -> str:
        if evaluation.version_uid is None:
            raise Invalid("The version that was evaluated is not yours to see.")
        return self._api.call("version.get", Version, uid=evaluation.version_uid).asset_uid

    def _said(
        self,
        asset_uid: str,
        name: str,
        metrics: Metrics,
        dataset: VersionRef | None,
        rows: str | PathLike[str] | None,
        more: Mapping[str, Any],
    ) -> dict[str, Any]:
        if isinstance(metrics, Mapping):
            metrics = [{"name": key, "value": value} for key, value in metrics.items()]
        said = {**more, "name": name, "metrics": [msgspec.to_builtins(one) for one in metrics]}
        if dataset is not None:
            said["dataset_uid"] = version_uid(self._api, dataset)
        if rows is not None:
            said["rows"] = self._send(asset_uid, Path(rows))
        return said

    def _send(self, asset_uid: str, path: Path) -> str:
        file = hash_file(path.name, path, Silent())
        upload.send_bytes(self._api, Folder("asset", asset_uid), [file], (), Silent())
        return file.sha256

    def get(self, uid: str) -> Evaluation:
        """One evaluation."""
        return self._api.call("evaluation.get", Evaluation, uid=uid)

    def of(
        self, version: VersionRef, *, name: str | None = None, metric: str | None = None, history: bool = False
    ) -> Iterator[Evaluation]:
        """Evaluations of a version, the one recorded last first; `history` lists those that stand no more as well."""
        uid = version_uid(self._api, version)
        return self._api.every(
            "evaluation.list", Evaluation, uid=uid, name=name, metric=metric, history=history or None
        )

    def retract(self, evaluation: Evaluation | str, reason: str) -> Evaluation:
        """Say that it stands no more."""
        return self._api.call("evaluation.retract", Evaluation, uid=_uid(evaluation), reason=reason)

    def rows(self, evaluation: Evaluation, folder: str | PathLike[str]) -> Path:
        """Fetch the results of single rows into a folder; a Parquet file named by the evaluation's uid."""
        if evaluation.rows is None:
            raise Invalid("The evaluation has no results of single rows.")
        name, root = f"{evaluation.uid}.parquet", Path(folder).resolve()
        root.mkdir(parents=True, exist_ok=True)
        local_path(root, name)
        wanted = Wanted(f"/evaluations/{evaluation.uid}/rows", name, evaluation.rows.sha256, evaluation.rows.size)
        return download.fetch(self._api.transport, root, wanted, Silent())

    def compare(
        self,
        champion: Evaluation | str,
        challenger: Evaluation | str,
        metric: str,
        *,
        alpha: float = 0.05,
        resamples: int = 2_000,
        seed: int | None = None,
    ) -> Comparison:
        """Whether the challenger is better on the same rows, by a paired bootstrap; the answer is kept."""
        return self._api.call(
            "evaluation.compare",
            Comparison,
            uid=_uid(challenger),
            champion_uid=_uid(champion),
            metric=metric,
            alpha=alpha,
            resamples=resamples,
            seed=seed,
        )

    def comparisons(self, evaluation: Evaluation | str) -> Iterator[Comparison]:
        """Comparisons in which it is champion or challenger, the latest first."""
        return self._api.every("evaluation.comparisons", Comparison, uid=_uid(evaluation))


def _uid(evaluation: Evaluation | str) -> str:
    return evaluation if isinstance(evaluation, str) else evaluation.uid

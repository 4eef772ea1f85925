"""An MLflow tracking server, read through its REST API alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.sdk.imports.answers import (
    IS_PROMPT,
    experiment_of,
    logged_model_of,
    measured_of,
    object_of,
    points_of,
    registered_model_of,
    run_of,
    version_of,
)
from strongroom.sdk.imports.behind import API, OfModel, OfRun, Proxied
from strongroom.sdk.imports.http import Absent, MlflowHttp, segments
from strongroom.sdk.imports.model import (
    Experiment,
    LoggedModel,
    Measured,
    ModelVersion,
    Points,
    RegisteredModel,
    Run,
    Wrong,
)
from strongroom.sdk.imports.places import Folders, Place
from strongroom.sdk.imports.reading import rows_of, text, whole
from strongroom.sdk.imports.source import MEASURED_AT_ONCE, POINTS_AT_ONCE, SourceError

PROXIED = "mlflow-artifacts:"
HISTORY_PAGE = 25_000
PAGE = 100
_PROMPTS = f"tags.`{IS_PROMPT}` = 'true'"


class RestSource:
    """See :class:`strongroom.sdk.imports.source.Source`."""

    def __init__(self, uri: str, folders: Folders) -> None:
        self._http, self._folders = MlflowHttp(uri), folders
        self.shown = self._http.url
        self._http.get(f"{API}/experiments/search", max_results=1)  # it is one, and lets us in

    def close(self) -> None:
        """See :class:`Source`."""
        self._http.close()

    def experiments(self) -> Iterator[Experiment | Wrong]:
        """See :class:`Source`."""
        asked: dict[str, object] = {"view_type": "ALL", "max_results": PAGE}
        for page in self._http.pages(f"{API}/experiments/search", "experiments", asked, post=True):
            for row in page:
                yield experiment_of(row)

    def runs(self, experiment: Experiment) -> Iterator[Run | Wrong]:
        """See :class:`Source`."""
        asked: dict[str, object] = {
            "experiment_ids": [experiment.id],
            "run_view_type": "ALL",
            "max_results": PAGE,
            "order_by": ["attributes.start_time ASC"],
        }
        for page in self._http.pages(f"{API}/runs/search", "runs", asked, post=True):
            for row in page:
                yield run_of(row)

    def run(self, run_id: str) -> Run | None:
        """See :class:`Source`."""
        try:
            found = run_of(object_of(self._http.get(f"{API}/runs/get", run_id=run_id).get("run")))
        except SourceError:  # MLflow answers 400 to ids of another form
            return None
        return found if isinstance(found, Run) and found.id == run_id else None

    def points(self, run: Run, key: str) -> Iterator[Points]:
        """See :class:`Source`."""
        asked: dict[str, object] = {"run_id": run.id, "metric_key": key, "max_results": HISTORY_PAGE}
        for page in self._http.pages(f"{API}/metrics/get-history", "metrics", asked):
            for start in range(0, len(page), POINTS_AT_ONCE):
                yield points_of(page[start : start + POINTS_AT_ONCE], key)

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel | Wrong]:
        """See :class:`Source`. Those that were deleted are not shown by a server."""
        asked: dict[str, object] = {"experiment_ids": [experiment.id], "max_results": 50}
        try:
            for page in self._http.pages(f"{API}/logged-models/search", "models", asked, post=True):
                for row in page:
                    yield logged_model_of(row)
        except Absent:
            return  # a server of before 3.0

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """See :class:`Source`."""
        try:
            found = logged_model_of(object_of(self._http.get(f"{API}/logged-models/{segments(model_id)}").get("model")))
        except SourceError:
            return None
        return found if isinstance(found, LoggedModel) and found.id == model_id else None

    def measured(self, model: LoggedModel) -> Iterator[list[Measured]]:
        """See :class:`Source`. A server shows the latest of each key on each data set."""
        try:
            answer = self._http.get(f"{API}/logged-models/{segments(model.id)}")
        except Absent:
            return
        rows = rows_of(object_of(object_of(answer.get("model")).get("data")).get("metrics"))
        found = [one for one in map(measured_of, rows) if one is not None]
        for start in range(0, len(found), MEASURED_AT_ONCE):
            yield found[start : start + MEASURED_AT_ONCE]

    def models(self) -> Iterator[RegisteredModel | Wrong]:
        """See :class:`Source`."""
        for filter_ in ("", _PROMPTS):
            asked: dict[str, object] = {"max_results": PAGE, **({"filter": filter_} if filter_ else {})}
            for page in self._http.pages(f"{API}/registered-models/search", "registered_models", asked):
                for row in page:
                    yield registered_model_of(row)

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion | Wrong]:
        """See :class:`Source`."""
        quote = '"' if "'" in model.name else "'"
        asked = f"name = {quote}{model.name}{quote}"
        if model.tags.get(IS_PROMPT, "").lower() == "true":
            asked += f" AND {_PROMPTS}"
        fields: dict[str, object] = {"filter": asked, "max_results": PAGE, "order_by": "version_number ASC"}
        for page in self._http.pages(f"{API}/model-versions/search", "model_versions", fields):
            for row in page:
                yield self._version(model.name, row)

    def _version(self, name: str, row: Mapping[str, Any]) -> ModelVersion | Wrong:
        number = whole(row.get("version"))
        if text(row.get("name")) != name or number is None:
            return Wrong("versions", f"{name}/{text(row.get('version'))}", "the server answers another version")
        try:
            answer = self._http.get(f"{API}/model-versions/get-download-uri", name=name, version=str(number))
            location = text(answer.get("artifact_uri"))
        except SourceError:
            location = ""
        return version_of(row, number, location)

    def place(self, location: str, *, run: Run | None = None, model: LoggedModel | None = None) -> Place | None:
        """See :class:`Source`. Artifacts that the server does not proxy are asked of it by run or logged model."""
        if (here := self._folders.place(location)) is not None:
            return here
        if location.startswith(PROXIED):
            return Proxied(self._http, location.removeprefix(PROXIED).lstrip("/"))
        if run is not None:
            return OfRun(self._http, run.id)
        return OfModel(self._http, model.id) if model is not None else None

    def others(self) -> Mapping[str, int | None]:
        """See :class:`Source`."""
        return {
            "traces": self._traces(),
            "evaluation data sets": self._count(
                "/api/3.0/mlflow/datasets/search", "datasets", post=True, max_results=50
            ),
            "webhooks": self._count(f"{API}/webhooks", "webhooks", max_results=PAGE),
        }

    def _traces(self) -> int | None:
        count = 0
        try:
            for one in self.experiments():
                if isinstance(one, Experiment):
                    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": one.id}}
                    asked: dict[str, object] = {"locations": [place], "max_results": 500}
                    pages = self._http.pages("/api/3.0/mlflow/traces/search", "traces", asked, post=True)
                    count += sum(len(page) for page in pages)
        except SourceError:
            return None
        return count

    def _count(self, path: str, rows: str, *, post: bool = False, max_results: int) -> int | None:
        try:
            return sum(len(page) for page in self._http.pages(path, rows, {"max_results": max_results}, post=post))
        except Absent:
            return 0  # a server that has no such endpoint has none of them
        except SourceError:
            return None

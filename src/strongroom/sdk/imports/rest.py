"""An MLflow tracking server, read through its REST API alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.sdk.imports.http import Absent, MlflowHttp, segments
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
from strongroom.sdk.imports.places import DEEPEST, KIND, Folders, Found, Place
from strongroom.sdk.imports.reading import pairs, real, rows_of, text, whole
from strongroom.sdk.imports.source import MEASURED_AT_ONCE, POINTS_AT_ONCE, SourceError

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PROXIED = "mlflow-artifacts:"
HISTORY_PAGE = 25_000
PAGE = 100
CONTEXT = "mlflow.data.context"
IS_PROMPT = "mlflow.prompt.is_prompt"
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
                yield _experiment(row)

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
                yield _run(row)

    def run(self, run_id: str) -> Run | None:
        """See :class:`Source`."""
        try:
            found = _run(_object(self._http.get(f"{API}/runs/get", run_id=run_id).get("run")))
        except SourceError:  # MLflow answers 400 to ids of another form
            return None
        return found if isinstance(found, Run) and found.id == run_id else None

    def points(self, run: Run, key: str) -> Iterator[Points]:
        """See :class:`Source`."""
        asked: dict[str, object] = {"run_id": run.id, "metric_key": key, "max_results": HISTORY_PAGE}
        for page in self._http.pages(f"{API}/metrics/get-history", "metrics", asked):
            for start in range(0, len(page), POINTS_AT_ONCE):
                yield _points(page[start : start + POINTS_AT_ONCE], key)

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel | Wrong]:
        """See :class:`Source`. Those that were deleted are not shown by a server."""
        asked: dict[str, object] = {"experiment_ids": [experiment.id], "max_results": 50}
        try:
            for page in self._http.pages(f"{API}/logged-models/search", "models", asked, post=True):
                for row in page:
                    yield _logged_model(row)
        except Absent:
            return  # a server of before 3.0

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """See :class:`Source`."""
        try:
            found = _logged_model(_object(self._http.get(f"{API}/logged-models/{segments(model_id)}").get("model")))
        except SourceError:
            return None
        return found if isinstance(found, LoggedModel) and found.id == model_id else None

    def measured(self, model: LoggedModel) -> Iterator[list[Measured]]:
        """See :class:`Source`. A server shows the latest of each key on each data set."""
        try:
            answer = self._http.get(f"{API}/logged-models/{segments(model.id)}")
        except Absent:
            return
        rows = rows_of(_object(_object(answer.get("model")).get("data")).get("metrics"))
        found = [one for one in map(_measured, rows) if one is not None]
        for start in range(0, len(found), MEASURED_AT_ONCE):
            yield found[start : start + MEASURED_AT_ONCE]

    def models(self) -> Iterator[RegisteredModel | Wrong]:
        """See :class:`Source`."""
        for filter_ in ("", _PROMPTS):
            asked: dict[str, object] = {"max_results": PAGE, **({"filter": filter_} if filter_ else {})}
            for page in self._http.pages(f"{API}/registered-models/search", "registered_models", asked):
                for row in page:
                    yield _registered_model(row)

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
            return _Proxied(self._http, location.removeprefix(PROXIED).lstrip("/"))
        if run is not None:
            return _OfRun(self._http, run.id)
        return _OfModel(self._http, model.id) if model is not None else None

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


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _experiment(row: Mapping[str, Any]) -> Experiment | Wrong:
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


def _run(row: Mapping[str, Any]) -> Run | Wrong:
    info, data = _object(row.get("info")), _object(row.get("data"))
    inputs, outputs = _object(row.get("inputs")), _object(row.get("outputs"))
    id_ = text(info.get("run_id") or info.get("run_uuid"))
    if not id_:
        return Wrong("runs", "", "it has no id")
    used = [_dataset(one) for one in rows_of(inputs.get("dataset_inputs"))]
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


def _dataset(row: Mapping[str, Any]) -> DatasetInput:
    found = _object(row.get("dataset"))
    return dataset_of(found, pairs(row.get("tags")).get(CONTEXT))


def dataset_of(found: Mapping[str, Any], context: str | None, prefix: str = "") -> DatasetInput:
    """A data set out of what is said of it; some fields begin with `prefix`."""
    said = {name: text(found.get(f"{prefix}{name}")) for name in ("source_type", "source", "schema", "profile")}
    return DatasetInput(text(found.get("name")), text(found.get("digest")), **said, context=context or None)


def _points(rows: list[dict[str, Any]], key: str) -> Points:
    found = [(whole(row.get("step", 0)), whole(row.get("timestamp")), real(row.get("value"))) for row in rows]
    if any(None in one for one in found):
        raise SourceError(f"a point of {key!r} is no point")
    return Points(*([one[place] for one in found] for place in range(3)))  # type: ignore[arg-type]


def _logged_model(row: Mapping[str, Any]) -> LoggedModel | Wrong:
    info, data = _object(row.get("info")), _object(row.get("data"))
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


def _measured(row: Mapping[str, Any]) -> Measured | None:
    value, step, time = real(row.get("value")), whole(row.get("step", 0)), whole(row.get("timestamp"))
    if value is None or step is None or time is None:
        return None
    named = [text(row.get(name)) or None for name in ("run_id", "dataset_name", "dataset_digest")]
    return Measured(text(row.get("key")), value, step, time, *named)


def _registered_model(row: Mapping[str, Any]) -> RegisteredModel | Wrong:
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


@dataclass(frozen=True, slots=True)
class _Listing:
    """Files behind a server, which lists one directory at a time."""

    http: MlflowHttp

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """What the server says lies in a directory; names only."""
        raise NotImplementedError

    def files(self, path: str = "", depth: int = 0) -> Iterator[Found | Wrong]:
        """See :class:`Place`."""
        try:
            rows = self.listed(path)
        except SourceError as error:
            yield Wrong(KIND, path or ".", error.detail)
            return
        for row in sorted(rows, key=lambda one: text(one.get("path"))):
            name = text(row.get("path")).rpartition("/")[2]
            below = f"{path}/{name}" if path else name
            if text(row.get("path")) not in {name, below, ""} or name in {"", ".", ".."} or depth > DEEPEST:
                yield Wrong(KIND, below, "the server answers a path that is none")
            elif row.get("is_dir"):
                yield from self.files(below, depth + 1)
            else:
                yield Found(below, whole(row.get("file_size")))


@dataclass(frozen=True, slots=True)
class _Proxied(_Listing):
    """What a server proxies below ``mlflow-artifacts:``."""

    root: str

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        return rows_of(self.http.get(PROXY, path=_join(self.root, path)).get("files"))

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        self.http.download(f"{PROXY}/{segments(_join(self.root, path))}", target, size)
        return target

    def below(self, path: str) -> "_Proxied":
        """See :class:`Place`."""
        return _Proxied(self.http, _join(self.root, path))


@dataclass(frozen=True, slots=True)
class _OfRun(_Listing):
    """A run's artifacts, wherever the server reads them from."""

    run_id: str
    root: str = ""

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        answer = self.http.get(f"{API}/artifacts/list", run_id=self.run_id, path=_join(self.root, path) or None)
        return [{**row, "path": _last(row)} for row in rows_of(answer.get("files"))]

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        self.http.download("/get-artifact", target, size, run_id=self.run_id, path=_join(self.root, path))
        return target

    def below(self, path: str) -> "_OfRun":
        """See :class:`Place`."""
        return _OfRun(self.http, self.run_id, _join(self.root, path))


@dataclass(frozen=True, slots=True)
class _OfModel(_Listing):
    """A logged model's artifacts, wherever the server reads them from."""

    model_id: str
    root: str = ""

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        address = f"{API}/logged-models/{segments(self.model_id)}/artifacts/directories"
        answer = self.http.get(address, artifact_directory_path=_join(self.root, path) or None)
        return [{**row, "path": _last(row)} for row in rows_of(answer.get("files"))]

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        address = f"/ajax-api/2.0/mlflow/logged-models/{segments(self.model_id)}/artifacts/files"
        self.http.download(address, target, size, artifact_file_path=_join(self.root, path))
        return target

    def below(self, path: str) -> "_OfModel":
        """See :class:`Place`."""
        return _OfModel(self.http, self.model_id, _join(self.root, path))


def _last(row: Mapping[str, Any]) -> str:
    return text(row.get("path")).rpartition("/")[2]


def _join(root: str, path: str) -> str:
    return "/".join(part for part in (root.strip("/"), path) if part)

"""An MLflow database (SQLite or PostgreSQL), read only, of any schema since 1.0: what a table lacks is left out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strongroom.sdk.imports.answers import CONTEXT, dataset_of, status_of, version_of
from strongroom.sdk.imports.connections import Row, open_database, without_password
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
from strongroom.sdk.imports.places import Folders, Place
from strongroom.sdk.imports.reading import text, whole
from strongroom.sdk.imports.source import MEASURED_AT_ONCE, POINTS_AT_ONCE, SourceError

PAGE = 200
DELETED = "Deleted_Internal"
NEEDED = ("alembic_version", "experiments", "runs", "metrics", "params", "tags")
NOT_IMPORTED = {
    "traces": "trace_info",
    "assessments": "assessments",
    "evaluation data sets": "evaluation_datasets",
    "scorers": "scorers",
    "webhooks": "webhooks",
    "label schemas": "label_schemas",
    "issues": "issues",
    "gateway endpoints": "endpoints",
}


class DatabaseSource:
    """See :class:`strongroom.sdk.imports.source.Source`."""

    def __init__(self, url: str, folders: Folders) -> None:
        self._database, self._folders = open_database(url), folders
        self.shown = without_password(url)
        missing = [name for name in NEEDED if not self._database.columns(name)]
        if missing:
            raise SourceError(f"This is no database of MLflow: it has no table {missing[0]!r}.")

    @property
    def revision(self) -> str:
        """The revision of MLflow's schema, for the report."""
        return next((text(row["version_num"]) for row in self._select("alembic_version", ["version_num"])), "")

    def close(self) -> None:
        """See :class:`Source`."""
        self._database.close()

    def experiments(self) -> Iterator[Experiment | Wrong]:
        """See :class:`Source`."""
        wanted = ["experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time"]
        for page in self._pages("experiments", wanted, "experiment_id"):
            tags = self._grouped("experiment_tags", "experiment_id", [row["experiment_id"] for row in page])
            for row in page:
                yield Experiment(
                    text(row["experiment_id"]),
                    text(row["name"]),
                    tags.get(row["experiment_id"], {}),
                    whole(row["creation_time"]),
                    whole(row["last_update_time"]),
                    row["lifecycle_stage"] == "deleted",
                    text(row["artifact_location"]),
                )

    def runs(self, experiment: Experiment) -> Iterator[Run | Wrong]:
        """See :class:`Source`."""
        for page in self._pages("runs", _RUN, "run_uuid", "experiment_id = ?", [int(experiment.id)]):
            yield from self._runs(page)

    def run(self, run_id: str) -> Run | None:
        """See :class:`Source`."""
        return next(self._runs(list(self._select("runs", _RUN, "run_uuid = ?", [run_id]))), None)

    def _runs(self, page: list[Row]) -> Iterator[Run]:
        ids = [row["run_uuid"] for row in page]
        tags, params = self._grouped("tags", "run_uuid", ids), self._grouped("params", "run_uuid", ids)
        keys, datasets = self._metric_keys(ids), self._datasets(ids)
        read, made = self._models(ids, "MODEL_INPUT"), self._models(ids, "MODEL_OUTPUT")
        for row in page:
            id_ = row["run_uuid"]
            own = tags.get(id_, {})
            yield Run(
                id_,
                text(row["experiment_id"]),
                text(row["name"]) or own.get("mlflow.runName", ""),
                text(row["user_id"]),
                text(row["status"]) or "RUNNING",
                whole(row["start_time"]),
                whole(row["end_time"]),
                row["lifecycle_stage"] == "deleted",
                text(row["artifact_uri"]),
                params.get(id_, {}),
                own,
                sorted(keys.get(id_, ())),
                datasets.get(id_, ()),
                [model for model, _ in read.get(id_, ())],
                made.get(id_, ()),
            )

    def _metric_keys(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """From the metrics themselves: the table of latest ones came late, and may be behind."""
        found: dict[str, list[str]] = {}
        if ids:
            query = f"SELECT DISTINCT run_uuid, key FROM metrics WHERE run_uuid IN ({_marks(ids)})"  # noqa: S608
            for row in self._database.rows(query, ids):
                found.setdefault(row["run_uuid"], []).append(row["key"])
        return found

    def _datasets(self, ids: Sequence[str]) -> dict[str, list[DatasetInput]]:
        if not (ids and self._database.columns("inputs") and self._database.columns("datasets")):
            return {}
        query = f"{_DATASETS} IN ({_marks(ids)}) ORDER BY i.input_uuid"
        rows = list(self._database.rows(query, ids))
        tags = self._grouped("input_tags", "input_uuid", [row["input_uuid"] for row in rows], key="name")
        found: dict[str, list[DatasetInput]] = {}
        for row in rows:
            context = tags.get(row["input_uuid"], {}).get(CONTEXT)
            found.setdefault(row["destination_id"], []).append(dataset_of(row, context, "dataset_"))
        return found

    def _models(self, ids: Sequence[str], way: str) -> dict[str, list[tuple[str, int]]]:
        """Logged models that runs read or put out, with steps."""
        if not (ids and self._database.columns("inputs")):
            return {}
        condition = f"destination_type = ? AND source_id IN ({_marks(ids)})"
        found: dict[str, list[tuple[str, int]]] = {}
        for row in self._select("inputs", ["source_id", "destination_id", "step"], condition, [way, *ids]):
            found.setdefault(row["source_id"], []).append((row["destination_id"], whole(row["step"]) or 0))
        return found

    def points(self, run: Run, key: str) -> Iterator[Points]:
        """See :class:`Source`."""
        wanted = ["timestamp", "step", "value", "is_nan"]
        order = "timestamp, step, value" if "step" in self._database.columns("metrics") else "timestamp, value"
        rows = self._select("metrics", wanted, "run_uuid = ? AND key = ?", [run.id, key], order)
        for some in _chunks(rows, POINTS_AT_ONCE):
            steps, times = [whole(row["step"]) or 0 for row in some], [whole(row["timestamp"]) or 0 for row in some]
            yield Points(steps, times, [_value(row["value"], row["is_nan"]) for row in some])

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel | Wrong]:
        """See :class:`Source`."""
        for page in self._pages("logged_models", _LOGGED, "model_id", "experiment_id = ?", [int(experiment.id)]):
            yield from self._logged(page)

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """See :class:`Source`."""
        if not self._database.columns("logged_models"):
            return None
        return next(self._logged(list(self._select("logged_models", _LOGGED, "model_id = ?", [model_id]))), None)

    def _logged(self, page: list[Row]) -> Iterator[LoggedModel]:
        ids = [row["model_id"] for row in page]
        params = self._grouped("logged_model_params", "model_id", ids, key="param_key", value="param_value")
        tags = self._grouped("logged_model_tags", "model_id", ids, key="tag_key", value="tag_value")
        for row in page:
            yield LoggedModel(
                row["model_id"],
                text(row["experiment_id"]),
                text(row["name"]),
                text(row["model_type"]),
                status_of(text(row["status"])),
                text(row["source_run_id"]) or None,
                whole(row["creation_timestamp_ms"]),
                whole(row["last_updated_timestamp_ms"]),
                row["lifecycle_stage"] == "deleted",
                text(row["artifact_location"]),
                params.get(row["model_id"], {}),
                tags.get(row["model_id"], {}),
            )

    def measured(self, model: LoggedModel) -> Iterator[list[Measured]]:
        """See :class:`Source`."""
        wanted = ["metric_name", "metric_value", "metric_step", "metric_timestamp_ms", "run_id"]
        wanted += ["dataset_name", "dataset_digest"]
        order = "metric_name, metric_timestamp_ms, metric_step, run_id"
        rows = self._select("logged_model_metrics", wanted, "model_id = ?", [model.id], order)
        for some in _chunks(rows, MEASURED_AT_ONCE):
            yield [
                Measured(
                    row["metric_name"],
                    _value(row["metric_value"], is_nan=False),
                    whole(row["metric_step"]) or 0,
                    whole(row["metric_timestamp_ms"]) or 0,
                    *(text(row[name]) or None for name in ("run_id", "dataset_name", "dataset_digest")),
                )
                for row in some
            ]

    def models(self) -> Iterator[RegisteredModel | Wrong]:
        """See :class:`Source`."""
        wanted = ["name", "description", "creation_time", "last_updated_time"]
        for page in self._pages("registered_models", wanted, "name"):
            names = [row["name"] for row in page]
            tags = self._grouped("registered_model_tags", "name", names)
            aliases = self._grouped("registered_model_aliases", "name", names, key="alias", value="version")
            query = f"{_HIGHEST} IN ({_marks(names)}) GROUP BY name"
            highest = {row["name"]: whole(row["highest"]) or 0 for row in self._database.rows(query, names)}
            for row in page:
                yield RegisteredModel(
                    row["name"],
                    text(row["description"]),
                    whole(row["creation_time"]),
                    whole(row["last_updated_time"]),
                    tags.get(row["name"], {}),
                    {alias: whole(number) or 0 for alias, number in aliases.get(row["name"], {}).items()},
                    highest.get(row["name"], 0),
                )

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion | Wrong]:
        """See :class:`Source`."""
        for page in self._pages("model_versions", _VERSION, "version", "name = ?", [model.name]):
            tags: dict[int, list[Row]] = {}
            numbers = [row["version"] for row in page]
            condition = f"name = ? AND version IN ({_marks(numbers)})"
            named = ["version", "key", "value"]
            for tag in self._select("model_version_tags", named, condition, [model.name, *numbers]):
                tags.setdefault(tag["version"], []).append(tag)
            for row in page:
                number = whole(row["version"])
                if number is None:
                    yield Wrong("versions", f"{model.name}/{row['version']}", "its number is none")
                elif row["current_stage"] != DELETED:
                    said = {**row, "tags": tags.get(number, []), "creation_timestamp": row["creation_time"]}
                    said["last_updated_timestamp"] = row["last_updated_time"]
                    yield version_of(said, number, text(row["storage_location"]))

    def place(self, location: str, *, run: Run | None = None, model: LoggedModel | None = None) -> Place | None:  # noqa: ARG002 - a database knows addresses only
        """See :class:`Source`. A database says where artifacts are; they are read below folders that the user named."""
        return self._folders.place(location)

    def others(self) -> Mapping[str, int | None]:
        """See :class:`Source`."""
        counts: dict[str, int | None] = {}
        for kind, table in NOT_IMPORTED.items():
            if self._database.columns(table):
                counts[kind] = next(iter(self._database.rows(f"SELECT count(*) AS n FROM {table}", [])))["n"]  # noqa: S608
        return counts

    # -- queries -------------------------------------------------------------------------------------------------

    def _select(
        self, table: str, wanted: Sequence[str], condition: str = "", values: Sequence[Any] = (), order: str = ""
    ) -> Iterator[Row]:
        """Rows of a table; columns that its schema does not have yet, or no more, are None."""
        there = self._database.columns(table)
        if not there:
            return iter(())
        columns = ", ".join(name if name in there else f"NULL AS {name}" for name in wanted)
        query = f"SELECT {columns} FROM {table}"  # noqa: S608 - names of ours
        query += f" WHERE {condition}" if condition else ""
        return self._database.rows(query + (f" ORDER BY {order}" if order else ""), values)

    def _pages(
        self, table: str, wanted: Sequence[str], key: str, condition: str = "", values: Sequence[Any] = ()
    ) -> Iterator[list[Row]]:
        """Rows by a key, some at a time, so that no long query is open meanwhile."""
        last: list[Any] = []
        while True:
            where = [condition] if condition else []
            where += [f"{key} > ?"] if last else []
            rows = self._select(table, wanted, " AND ".join(where), [*values, *last], f"{key} LIMIT {PAGE}")
            page = list(rows)
            if page:
                yield page
            if len(page) < PAGE:
                return
            last = [page[-1][key]]

    def _grouped(
        self, table: str, owner: str, ids: Sequence[Any], *, key: str = "key", value: str = "value"
    ) -> dict[Any, dict[str, str]]:
        """Keys and values of a table, by whose they are."""
        found: dict[Any, dict[str, str]] = {}
        if ids:
            for row in self._select(table, [owner, key, value], f"{owner} IN ({_marks(ids)})", ids):
                found.setdefault(row[owner], {})[text(row[key])] = text(row[value])
        return found


_HIGHEST = "SELECT name, max(version) AS highest FROM model_versions WHERE name"
_DATASETS = (
    "SELECT i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source,"
    " d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
    " WHERE i.source_type = 'DATASET' AND i.destination_id"
)
_RUN = [
    *("run_uuid", "name", "user_id", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri"),
    "experiment_id",
]
_LOGGED = [
    *("model_id", "experiment_id", "name", "artifact_location", "creation_timestamp_ms", "last_updated_timestamp_ms"),
    *("status", "lifecycle_stage", "model_type", "source_run_id"),
]
_VERSION = [
    *("version", "creation_time", "last_updated_time", "description", "user_id", "current_stage", "source"),
    *("storage_location", "run_id", "run_link", "status"),
]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _value(value: object, is_nan: object = False) -> float:  # noqa: FBT002 - a column's value
    return math.nan if is_nan or not isinstance(value, int | float) else float(value)


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

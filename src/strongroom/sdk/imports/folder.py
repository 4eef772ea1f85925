"""An ``mlruns`` folder (MLflow's file store), read file by file. Nothing that leads out of the folder is followed."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strongroom.sdk.imports.answers import CONTEXT, dataset_of, status_of, version_of
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
from strongroom.sdk.imports.places import Folders, LocalPlace, Place, inside
from strongroom.sdk.imports.reading import real, text, whole
from strongroom.sdk.imports.source import MEASURED_AT_ONCE, POINTS_AT_ONCE, SourceError

META = "meta.yaml"
META_LARGEST = 8 * 1024 * 1024
META_DEEPEST = 16
VALUE_LARGEST = 1024 * 1024
LINE_LARGEST = 4096
TRASH, REGISTRY, LOGGED = ".trash", "models", "models"
RESERVED = frozenset({"tags", "datasets", "traces", LOGGED})
DELETED = "Deleted_Internal"
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

Meta = Mapping[str, Any]


class FolderSource:
    """See :class:`strongroom.sdk.imports.source.Source`."""

    def __init__(self, root: Path, folders: Folders) -> None:
        if not root.is_dir():
            raise SourceError(f"There is no folder {str(root)!r}.")
        _yaml()
        self._root, self._folders = root.resolve(), folders
        self.shown = str(root)
        if not any((one / META).is_file() for one in self._children(self._root)):
            raise SourceError(f"{str(root)!r} holds no experiment: name the folder that MLflow calls mlruns.")

    def close(self) -> None:
        """See :class:`Source`."""

    def experiments(self) -> Iterator[Experiment | Wrong]:
        """See :class:`Source`."""
        for folder in self._experiment_folders():
            if not (folder / META).exists() and not (folder / META).is_symlink():
                continue
            meta = self._meta(folder)
            id_, name = text(meta.get("experiment_id")), text(meta.get("name"))
            if id_ != folder.name or not name:
                yield Wrong("experiments", folder.name, "its meta.yaml cannot be read")
                continue
            yield Experiment(
                id_,
                name,
                self._values(folder / "tags"),
                whole(meta.get("creation_time")),
                whole(meta.get("last_update_time")),
                folder.parent.name == TRASH or meta.get("lifecycle_stage") == "deleted",
                text(meta.get("artifact_location")),
            )

    def runs(self, experiment: Experiment) -> Iterator[Run | Wrong]:
        """See :class:`Source`."""
        folder = self._folder_of(experiment.id)
        for one in self._children(folder) if folder else ():
            if one.name not in RESERVED and (one / META).is_file():
                yield self._run(one)

    def run(self, run_id: str) -> Run | None:
        """See :class:`Source`."""
        if not run_id or "/" in run_id or run_id in {".", ".."} | RESERVED:
            return None
        for folder in self._experiment_folders():
            if (folder / run_id / META).is_file() and inside(folder / run_id, self._root):
                found = self._run(folder / run_id)
                return found if isinstance(found, Run) else None
        return None

    def _run(self, folder: Path) -> Run | Wrong:
        meta = self._meta(folder)
        id_ = text(meta.get("run_id") or meta.get("run_uuid"))
        if id_ != folder.name:
            return Wrong("runs", folder.name, "its meta.yaml cannot be read")
        said = meta.get("status")
        tags = self._values(folder / "tags")
        models_in, datasets = self._inputs(folder)
        return Run(
            id_,
            folder.parent.name,
            text(meta.get("run_name")) or text(meta.get("name")) or tags.get("mlflow.runName", ""),
            text(meta.get("user_id")),
            _STATUS.get(said, "RUNNING") if isinstance(said, int) else text(said) or "RUNNING",
            whole(meta.get("start_time")),
            whole(meta.get("end_time")),
            meta.get("lifecycle_stage") == "deleted",
            text(meta.get("artifact_uri")),
            self._values(folder / "params"),
            tags,
            sorted(self._files(folder / "metrics")),
            datasets,
            models_in,
            [(text(one.get("destination_id")), whole(one.get("step")) or 0) for one in self._metas(folder / "outputs")],
        )

    def _inputs(self, folder: Path) -> tuple[list[str], list[DatasetInput]]:
        models, datasets = [], []
        for one in self._metas(folder / "inputs"):
            source = text(one.get("source_id"))
            if one.get("source_type") == "MODEL":
                models.append(source)
            elif "/" not in source and source not in {"", ".", ".."}:
                found = self._meta(folder.parent / "datasets" / source)
                tags = one.get("tags")
                context = text(tags.get(CONTEXT)) if isinstance(tags, Mapping) else ""
                datasets.append(dataset_of(found, context))
        return models, datasets

    def points(self, run: Run, key: str) -> Iterator[Points]:
        """See :class:`Source`."""
        folder = self._folder_of(run.experiment_id)
        if folder is None:
            return
        steps: list[int] = []
        times: list[int] = []
        values: list[float] = []
        for parts in self._lines(folder / run.id / "metrics" / key, key):
            time, value = whole(parts[0]), real(parts[1]) if len(parts) > 1 else None
            step = whole(parts[2]) if len(parts) > 2 else 0  # noqa: PLR2004 - before 1.0 points had no step
            if time is None or value is None or step is None:
                raise SourceError(f"a point of {key!r} is no point")
            steps.append(step)
            times.append(time)
            values.append(value)
            if len(steps) == POINTS_AT_ONCE:
                yield Points(steps, times, values)
                steps, times, values = [], [], []
        if steps:
            yield Points(steps, times, values)

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel | Wrong]:
        """See :class:`Source`."""
        folder = self._folder_of(experiment.id)
        for one in self._children(folder / LOGGED) if folder else ():
            if (one / META).is_file():
                yield self._logged_model(one)

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """See :class:`Source`."""
        if not model_id or "/" in model_id or model_id in {".", ".."}:
            return None
        for folder in self._experiment_folders():
            if (folder / LOGGED / model_id / META).is_file() and inside(folder / LOGGED / model_id, self._root):
                found = self._logged_model(folder / LOGGED / model_id)
                return found if isinstance(found, LoggedModel) else None
        return None

    def _logged_model(self, folder: Path) -> LoggedModel | Wrong:
        meta = self._meta(folder)
        id_ = text(meta.get("model_id"))
        if id_ != folder.name:
            return Wrong("logged models", folder.name, "its meta.yaml cannot be read")
        return LoggedModel(
            id_,
            folder.parent.parent.name,
            text(meta.get("name")),
            text(meta.get("model_type")),
            status_of(text(meta.get("status"))),
            text(meta.get("source_run_id")) or None,
            whole(meta.get("creation_timestamp")),
            whole(meta.get("last_updated_timestamp")),
            meta.get("lifecycle_stage") == "deleted",
            text(meta.get("artifact_location")),
            self._values(folder / "params"),
            self._values(folder / "tags"),
        )

    def measured(self, model: LoggedModel) -> Iterator[list[Measured]]:
        """See :class:`Source`."""
        folder = self._folder_of(model.experiment_id)
        if folder is None:
            return
        metrics = folder / LOGGED / model.id / "metrics"
        batch: list[Measured] = []
        for key in sorted(self._files(metrics)):
            for parts in self._lines(metrics / key, key):
                batch.append(_measured(key, parts))
                if len(batch) == MEASURED_AT_ONCE:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def models(self) -> Iterator[RegisteredModel | Wrong]:
        """See :class:`Source`."""
        for folder in self._children(self._root / REGISTRY):
            if not (folder / META).is_file():
                continue
            meta = self._meta(folder)
            name = text(meta.get("name"))
            if name != folder.name:
                yield Wrong("registered models", folder.name, "its meta.yaml cannot be read")
                continue
            aliases = {alias: whole(number.strip()) or 0 for alias, number in self._values(folder / "aliases").items()}
            yield RegisteredModel(
                name,
                text(meta.get("description")),
                whole(meta.get("creation_timestamp") or meta.get("creation_time")),
                whole(meta.get("last_updated_timestamp") or meta.get("last_updated_time")),
                self._values(folder / "tags"),
                aliases,
                max((number for number, _ in self._numbered(folder)), default=0),
            )

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion | Wrong]:
        """See :class:`Source`."""
        for number, folder in self._numbered(self._root / REGISTRY / model.name):
            meta = self._meta(folder)
            if meta.get("current_stage") == DELETED:
                continue
            if whole(meta.get("version")) != number or text(meta.get("name")) != model.name:
                yield Wrong("versions", f"{model.name}/{number}", "its meta.yaml cannot be read")
                continue
            tags = [{"key": key, "value": value} for key, value in self._values(folder / "tags").items()]
            yield version_of({**meta, "tags": tags}, number, text(meta.get("storage_location")))

    def _numbered(self, model: Path) -> list[tuple[int, Path]]:
        """The folders of a model's versions, deleted ones too, by number."""
        named = [folder for folder in self._children(model) if folder.name.startswith("version-")]
        numbers = [(whole(folder.name.removeprefix("version-")), folder) for folder in named]
        return sorted((number, folder) for number, folder in numbers if number is not None)

    def place(self, location: str, *, run: Run | None = None, model: LoggedModel | None = None) -> Place | None:
        """See :class:`Source`. Artifacts lie beside what they belong to, wherever the folder was moved."""
        own = self._own(run, model)
        if own is not None and any(self._children_or_files(own)):
            return LocalPlace(own, self._root)
        return self._folders.place(location) or (LocalPlace(own, self._root) if own is not None else None)

    def _own(self, run: Run | None, model: LoggedModel | None) -> Path | None:
        owner = run or model
        folder = self._folder_of(owner.experiment_id) if owner is not None else None
        if folder is None or owner is None:
            return None
        own = (folder / owner.id if run is not None else folder / LOGGED / owner.id) / "artifacts"
        return own if own.is_dir() and inside(own, self._root) else None

    def others(self) -> Mapping[str, int | None]:
        """See :class:`Source`."""
        folders = [folder / "traces" for folder in self._experiment_folders()]
        return {"traces": sum(1 for folder in folders for _ in self._children(folder))}

    # -- files ---------------------------------------------------------------------------------------------------

    def _experiment_folders(self) -> Iterator[Path]:
        for parent in (self._root, self._root / TRASH):
            for folder in self._children(parent):
                if folder.name not in {TRASH, REGISTRY}:
                    yield folder

    def _folder_of(self, experiment_id: str) -> Path | None:
        if not experiment_id or "/" in experiment_id or experiment_id in {".", "..", TRASH, REGISTRY}:
            return None
        for folder in (self._root / experiment_id, self._root / TRASH / experiment_id):
            if (folder / META).is_file() and inside(folder, self._root):
                return folder
        return None

    def _children(self, folder: Path) -> Iterator[Path]:
        """Folders in a folder, by name; links that lead out are left out."""
        for one in self._children_or_files(folder):
            if one.is_dir():
                yield one

    def _children_or_files(self, folder: Path) -> Iterator[Path]:
        if inside(folder, self._root) and folder.is_dir():
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names only
                if inside(folder / name, self._root):
                    yield folder / name

    def _files(self, folder: Path, prefix: str = "", depth: int = 0) -> Iterator[str]:
        """Files below a folder, as MLflow keeps one for each key; a key with slashes lies in folders."""
        for one in self._children_or_files(folder):
            if one.is_dir() and depth < 64:  # noqa: PLR2004 - a key of 250 characters has fewer slashes that matter
                yield from self._files(one, f"{prefix}{one.name}/", depth + 1)
            elif one.is_file():
                yield prefix + one.name

    def _values(self, folder: Path) -> dict[str, str]:
        """The texts of the files below a folder, by their names."""
        return {name: self._text(folder / name) for name in self._files(folder)}

    def _text(self, path: Path) -> str:
        with path.open("rb") as file:
            return file.read(VALUE_LARGEST).decode(errors="replace")

    def _lines(self, path: Path, key: str) -> Iterator[list[str]]:
        """The lines of a metric's file, each cut at its spaces. :raises SourceError: it is no such file."""
        if not inside(path, self._root) or not path.is_file():
            raise SourceError(f"the points of {key!r} lead out of the folder, or are gone")
        with path.open("rb") as file:
            while raw := file.readline(LINE_LARGEST):
                if parts := raw.decode(errors="replace").split():
                    yield parts

    def _metas(self, folder: Path) -> Iterator[Meta]:
        for one in self._children(folder):
            yield self._meta(one)

    def _meta(self, folder: Path) -> Meta:
        """What stands in a folder's meta.yaml; nothing when that is not there, too large, or no plain YAML."""
        path = folder / META
        if not inside(path, self._root) or not path.is_file() or path.stat().st_size > META_LARGEST:
            return {}
        return _plain(path.read_bytes())


def _plain(raw: bytes) -> Meta:
    """A mapping of plain values out of YAML; nothing of anything else, whatever tags or nesting it has."""
    import yaml

    loader, depth = _yaml(), 0
    try:
        for event in yaml.parse(raw, Loader=loader):  # flat: the loader itself would overflow the C stack
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > META_DEEPEST:
                return {}
        found = yaml.load(raw, Loader=loader)  # noqa: S506 - it is the safe one
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _measured(key: str, parts: list[str]) -> Measured:
    time, value, step = whole(parts[0]), real(parts[1]) if len(parts) > 1 else None, whole((*parts, "", "")[2])
    if time is None or value is None or step is None:
        raise SourceError(f"a point of {key!r} is no point")
    run_id, dataset, digest = ([*parts, "", "", ""])[3:6] if len(parts) > 3 else ("", "", "")  # noqa: PLR2004
    return Measured(key, value, step, time, run_id or None, dataset or None, digest or None)


def _yaml() -> Any:  # noqa: ANN401 - a loader class
    """The safe loader of YAML: it makes nothing but plain values, whatever tags a file has."""
    try:
        import yaml
    except ImportError:
        raise SourceError("Reading a folder needs PyYAML: pip install 'strongroom[import]'.") from None
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)

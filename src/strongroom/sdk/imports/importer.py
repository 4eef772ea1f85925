"""Copies an MLflow into a server: experiment by experiment, then the registry, then what lies in the trash.

Again it brings what is new and nothing twice, wherever an earlier import was killed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from strongroom.sdk.api import Api
from strongroom.sdk.imports.experiments import KIND as EXPERIMENT
from strongroom.sdk.imports.experiments import Experiments
from strongroom.sdk.imports.files import Files
from strongroom.sdk.imports.logged import LoggedModels
from strongroom.sdk.imports.model import Experiment, LoggedModel, RegisteredModel, Run, Wrong
from strongroom.sdk.imports.places import Folders
from strongroom.sdk.imports.registry import Registry
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.runs import Filled, Runs
from strongroom.sdk.imports.source import Source, SourceError
from strongroom.sdk.imports.target import DIALECT, Known, Target
from strongroom.sdk.parallel import in_parallel
from strongroom.sdk.run_models import Experiment as ExperimentInfo

T = TypeVar("T")
WINDOW = 200
SENDERS = 6
"""Threads: the server commits what comes at the same moment together."""
Told = Callable[[str, Report], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a source. Names are patterns (``risk/*``); none means all; experiments go by id, too.

    :ivar merge: join experiments and models of the same name that were not imported.
    """

    experiments: Sequence[str] = ()
    models: Sequence[str] = ()
    dry_run: bool = False
    merge: bool = False

    def experiment(self, one: Experiment) -> bool:
        """Whether it is to come."""
        if not self.experiments:
            return not self.models  # who names models alone means those alone
        return any(one.id == name or fnmatchcase(one.name, name) for name in self.experiments)

    def model(self, name: str) -> bool:
        """Whether a registered model or prompt is to come."""
        if not self.models:
            return not self.experiments
        return any(fnmatchcase(name, pattern) for pattern in self.models)


@dataclass(slots=True)
class _Trash:
    """What is moved to the trash at the end, when versions were made of it."""

    runs: list[Filled] = field(default_factory=list)
    models: list[Filled] = field(default_factory=list)
    experiments: list[str] = field(default_factory=list)


def open_source(uri: str, artifacts: Sequence[str] = ()) -> Source:
    """The MLflow at an address, in a folder or in a database.

    :param artifacts: folders and buckets that may be read, because the source says that its artifacts lie there.
    :raises SourceError: there is none.
    """
    from strongroom.sdk.imports.buckets import open_bucket

    urls = [one.rstrip("/") for one in artifacts if "://" in one and not one.startswith("file:")]
    folders = [Path(one.removeprefix("file://")) for one in artifacts if one.rstrip("/") not in urls]
    if missing := [str(one) for one in folders if not one.is_dir()]:
        raise SourceError(f"There is no folder {missing[0]!r}.")
    buckets = {url: open_bucket(url) for url in urls}
    scheme = uri.partition("://")[0].partition("+")[0] if "://" in uri else ""
    if scheme in {"http", "https"}:
        from strongroom.sdk.imports.rest import RestSource

        return RestSource(uri, Folders(folders, buckets))
    if scheme in {"", "file"}:
        from strongroom.sdk.imports.folder import FolderSource

        root = Path(uri.removeprefix("file://"))
        return FolderSource(root, Folders([root, *folders] if root.is_dir() else folders, buckets))
    from strongroom.sdk.imports.database import DatabaseSource

    return DatabaseSource(uri, Folders(folders, buckets))


def _silent(_: str, __: Report) -> None:
    """Tell nobody."""


class Import:
    """One import of one source."""

    def __init__(self, api: Api, source: Source, wanted: Wanted = Wanted(), told: Told = _silent) -> None:
        self._source, self._wanted, self._told = source, wanted, told
        self.report = Report(source.shown, wanted.dry_run)
        self._target = Target(api, source.shown)
        self._files = Files(self._target, self.report)
        self._experiments = Experiments(self._target, self.report, wanted.merge)
        self._runs = Runs(self._target, source, self.report, self._files)
        self._logged = LoggedModels(self._target, source, self.report, self._files, self._runs)
        self._registry = Registry(self._target, source, self.report, self._files, merge=wanted.merge)
        self._trash = _Trash()

    def run(self) -> Report:
        """Import, and account for it."""
        try:
            if self._wanted.dry_run:
                self._look()
            else:
                self._bring()
            self.report.not_imported = dict(self._source.others())
        finally:
            self._files.close()
        return self.report

    def _bring(self) -> None:
        chosen: list[Experiment] = []
        for one in self._chosen():
            known = self._experiments.known(one)
            uid = self._experiments.bring(one, known)
            if uid is not None:
                self._runs.experiments[one.id] = uid
                chosen.append(one)
        for one in chosen:  # all are here before the first run: a run may lie below one of another experiment
            self._bring_experiment(one)
        for model in self._models():
            self._registry.bring(model)
            self._told(f"model {model.name}", self.report)
        self._to_trash()

    def _bring_experiment(self, one: Experiment) -> None:
        info = self._target.api.call("experiment.get", ExperimentInfo, uid=self._runs.experiments[one.id])
        if info.deleted_at is not None and one.deleted:
            return self._count_trashed(one)
        pending: dict[str, Filled] = {}
        for runs in _windows(self._good(self._source.runs(one), Run), WINDOW):
            known = self._target.find(DIALECT, "run", [run.id for run in runs])
            fill = partial(self._fill, known)
            filled = in_parallel(fill, runs, SENDERS)
            pending.update((run.id, one) for run, one in zip(runs, filled, strict=True) if one is not None)
        self._bring_logged(one)
        for some in _windows(iter(pending.items()), WINDOW):
            in_parallel(self._finish, some, SENDERS)
        if one.deleted:
            self._trash.experiments.append(self._runs.experiments[one.id])
        return None

    def _fill(self, known: Mapping[str, Known], run: Run) -> Filled | None:
        filled = self._runs.fill(run, known.get(run.id))
        self._told(f"run {run.id}", self.report)
        return filled

    def _finish(self, pending: tuple[str, Filled]) -> None:
        id_, filled = pending
        found = self._source.run(id_)
        if found is not None and self._runs.finish(found, filled):
            self._trash.runs.append(filled) if found.deleted else self._runs.mark(filled)

    def _bring_logged(self, one: Experiment) -> None:
        for models in _windows(self._good(self._source.logged_models(one), LoggedModel), WINDOW):
            known = self._target.find(DIALECT, "logged_model", [model.id for model in models])
            in_parallel(partial(self._fill_logged, known), models, SENDERS)

    def _fill_logged(self, known: Mapping[str, Known], model: LoggedModel) -> None:
        filled = self._logged.fill(model, known.get(model.id))
        self._told(f"logged model {model.id}", self.report)
        if filled is not None and model.status != "PENDING":  # a pending one is looked at again by the next import
            self._trash.models.append(filled) if model.deleted else self._logged.mark(filled)

    def _count_trashed(self, one: Experiment) -> None:
        """An experiment that an earlier import moved to the trash: it was whole then."""
        for runs in _windows(self._good(self._source.runs(one), Run), WINDOW):
            known = self._target.find(DIALECT, "run", [run.id for run in runs])
            for run in runs:
                if run.id in known and known[run.id].whole:
                    self._runs.fill(run, known[run.id])
                else:
                    self.report.found("runs")
                    self.report.refuse("runs", run.id, "its experiment is in the trash here; restore it first")

    def _to_trash(self) -> None:
        for filled in self._trash.runs:
            self._runs.trash(filled)
        for filled in self._trash.models:
            self._logged.trash(filled)
        for uid in self._trash.experiments:
            info = self._target.api.call("experiment.get", ExperimentInfo, uid=uid)
            if info.deleted_at is None:
                self._target.api.send("experiment.delete", uid=uid)
                self._target.mark(EXPERIMENT, uid, {})

    def _look(self) -> None:
        """Count what is there; nothing is sent but questions."""
        report = self.report
        for one in self._chosen():
            if self._experiments.known(one):
                report.there("experiments")
            for runs in _windows(self._good(self._source.runs(one), Run), WINDOW):
                known = self._target.find(DIALECT, "run", [run.id for run in runs])
                for run in runs:
                    self._look_at(run, here=run.id in known)
            for models in _windows(self._good(self._source.logged_models(one), LoggedModel), WINDOW):
                known = self._target.find(DIALECT, "logged_model", [model.id for model in models])
                report.found("logged models", len(models))
                report.there("logged models", len(known))
        for model in self._models():
            named = (
                "prompts" if model.tags.get("mlflow.prompt.is_prompt", "").lower() == "true" else "registered models"
            )
            report.found(named)
            report.there(named, 1 if self._registry.known(model) else 0)
            versions = list(self._source.versions(model))
            report.found("prompt versions" if named == "prompts" else "versions", len(versions))
            report.found("aliases", len(model.aliases))

    def _look_at(self, run: Run, *, here: bool) -> None:
        report = self.report
        report.found("runs")
        report.there("runs", 1 if here else 0)
        report.found("params", len(run.params))
        report.found("tags", len(run.tags))
        report.found("inputs", len(run.datasets) + len(run.models_in) + len(run.models_out))
        for key in run.metric_keys:
            try:
                report.found("points", sum(len(points.steps) for points in self._source.points(run, key)))
            except SourceError as error:
                report.refuse("points", f"{run.id}: {key}", error.detail)
        place = self._source.place(run.location, run=run) if run.location else None
        if place is not None:
            self._files.count(place, run.id)
        self._told(f"run {run.id}", report)

    def _chosen(self) -> Iterator[Experiment]:
        for one in self._source.experiments():
            if isinstance(one, Wrong):
                self.report.found("experiments")
                self.report.refuse(one.kind, one.name, one.reason)
            elif self._wanted.experiment(one):
                self.report.found("experiments")
                yield one

    def _models(self) -> Iterator[RegisteredModel]:
        for one in self._source.models():
            if isinstance(one, Wrong):
                self.report.found("registered models")
                self.report.refuse(one.kind, one.name, one.reason)
            elif self._wanted.model(one.name):
                yield one

    def _good(self, found: Iterator[T | Wrong], _: type[T]) -> Iterator[T]:
        """Those that could be read; the others are reported."""
        for one in found:
            if isinstance(one, Wrong):
                self.report.found(one.kind)
                self.report.refuse(one.kind, one.name, one.reason)
            else:
                yield one


def _windows(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while window := list(islice(items, size)):
        yield window

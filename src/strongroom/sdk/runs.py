"""Runs: begun as context managers, recording in the background, ended with the block."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from strongroom.sdk.api import Api
from strongroom.sdk.console import STREAM, Console
from strongroom.sdk.errors import AlreadyExists, NotFound, StrongroomError
from strongroom.sdk.finding import quoted, quoted_name, search
from strongroom.sdk.lineage_models import Use
from strongroom.sdk.localfiles import find, hash_all
from strongroom.sdk.logged_models import ModelRef, log_model, uid_of
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, experiment_uid, plain_name, version_uid
from strongroom.sdk.models import Real, Scalar, Tag, Version, Vertex
from strongroom.sdk.progress import Progress, choose
from strongroom.sdk.recorder import Recorder
from strongroom.sdk.run_frames import RunFrames
from strongroom.sdk.run_models import Experiment, LoggedModel, Point, RunInfo, Tree
from strongroom.sdk.run_series import SeriesRecording
from strongroom.sdk.series_models import Columns, Compared, Lines, Row, columns, lines
from strongroom.sdk.surroundings import REPRODUCES, REPRODUCES_TAG
from strongroom.sdk.system import sampling
from strongroom.sdk.transfers import Said, find_or_create
from strongroom.sdk.upload import Folder, send_files

if TYPE_CHECKING:
    from strongroom.sdk.bulk import Loaded


class Run(SeriesRecording):
    """A run that is being recorded. As a context manager it ends finished, or failed when the block raises.

    :ivar uid: the server's name for it. :ivar info: as the server answered when it began.
    """

    def __init__(
        self, api: Api, info: RunInfo, *, system_metrics: bool | float = False, capture_console: bool = False
    ) -> None:
        self._api, self.info, self.uid = api, info, info.uid
        self._recorder = Recorder(api, info.uid)
        self._ended = False
        self._system = sampling(self._recorder.aside, system_metrics)
        self._console = Console(self._print) if capture_console else None

    def __repr__(self) -> str:
        return f"Run({self.uid!r}, experiment={self.info.experiment!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None or (isinstance(error, SystemExit) and not error.code):
            self.end()
            return
        try:
            self.end("killed" if issubclass(kind, KeyboardInterrupt) else "failed")
        except StrongroomError as failure:  # the block's own error is the one to be seen
            warnings.warn(f"The run {self.uid} could not be ended: {failure}", RuntimeWarning, stacklevel=2)

    def log_params(self, params: Mapping[str, object], *, replace: bool = False) -> None:
        """Record params; values are kept as text, up to 6,000 characters.

        :param replace: they may get another value later; otherwise each is written once.
        """
        self._recorder.params(params, "replace" if replace else "once")

    def log_param(self, key: str, value: object, *, replace: bool = False) -> None:
        """Record one param."""
        self.log_params({key: value}, replace=replace)

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0, *, time_us: int | None = None) -> None:
        """Record a point of each series, sent within about a second. NaN and infinities are values.

        :param time_us: microseconds since 1970; now when None.
        :raises StrongroomError: an earlier batch was refused.
        """
        self._recorder.points(metrics, step, time_us)

    def log_metric(self, key: str, value: Any, step: int = 0, *, time_us: int | None = None) -> None:  # noqa: ANN401
        """Record one point."""
        self.log_metrics({key: value}, step, time_us=time_us)

    def set_tags(self, tags: Mapping[str, str | None]) -> None:
        """Set tags; None is a bare word."""
        self._recorder.tags(tags)

    def summarise(self, values: Mapping[str, Scalar]) -> None:
        """Set values that stand for the run, which search finds as ``summary.NAME``; None removes one."""
        self._api.send("run.summarise", uid=self.uid, values=dict(values))

    def log_file(self, source: str | Path, path: str | None = None, *, progress: Progress | bool = False) -> None:
        """Put a file into the run's folder, at `path` or under its own name."""
        found = find(Path(source))
        if Path(source).is_dir():
            raise IsADirectoryError(f"{source} is a folder; use log_folder")
        self._send([(path or found[0][0], found[0][1])], choose(progress))

    def log_folder(self, source: str | Path, path: str = "", *, progress: Progress | bool = False) -> None:
        """Put all files of a folder into the run's folder, below `path`."""
        self._send(find(Path(source), path), choose(progress))

    def log_model(
        self,
        source: str | Path,
        name: str,
        *,
        type: str = "",  # noqa: A002 - the API's word
        step: int | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
        progress: Progress | bool = False,
    ) -> LoggedModel:
        """Log a file or folder as a model that the run puts out, apart from the run's own files.

        :param type: what it is, such as ``sklearn``. :param step: at which step of the run.
        """
        said = {key: str(value) for key, value in (params or {}).items()}
        fields = {"type": type, "step": step, "params": said, "tags": dict(tags or {})}
        return log_model(self._api, self.info, Path(source), name, choose(progress), **fields)

    def log_dataset(
        self,
        name: str,
        digest: str | None = None,
        uri: str | None = None,
        *,
        context: str | None = None,
        type: str = "",  # noqa: A002 - the API's word
        properties: Mapping[str, Scalar] | None = None,
    ) -> Vertex:
        """Say that the run reads a data set that is not in the registry.

        :param digest: in whatever form its owner has; with it the same data is known again in other runs.
        :param context: what it is used for, such as ``training``.
        """
        item = {"name": name, "digest": digest, "uri": uri, "context": context, "type": type}
        return self._add("input", {**item, "properties": dict(properties or {})})

    def log_input(self, version: VersionRef, *, context: str | None = None) -> Vertex:
        """Say that the run reads a version of the registry."""
        return self._add("input", {"version_uid": version_uid(self._api, version), "context": context})

    def log_output(self, version: VersionRef, *, context: str | None = None) -> Vertex:
        """Say that the run put out a version that was published otherwise."""
        return self._add("output", {"version_uid": version_uid(self._api, version), "context": context})

    def log_input_model(self, model: ModelRef, *, step: int | None = None, context: str | None = None) -> Vertex:
        """Say that the run reads a logged model, at a step."""
        return self._add("input", {"logged_model_uid": uid_of(model), "step": step, "context": context})

    def log_output_model(self, model: ModelRef, *, step: int | None = None) -> Vertex:
        """Say that the run put out a logged model, at a step; the run that logged it says so by itself."""
        return self._add("output", {"logged_model_uid": uid_of(model), "step": step})

    def register(
        self,
        asset: AssetRef,
        path: str = "",
        *,
        kind: str = "model",
        aliases: Sequence[str] = (),
        create: bool = True,
        description: str = "",
        label: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
        signature: Mapping[str, object] | None = None,
        base: Sequence[VersionRef] = (),
    ) -> Version:
        """Publish what lies at or below a path of the run's folder as a version, frozen at this moment."""
        self.flush()
        bases = [version_uid(self._api, one) for one in base]
        said = Said(description, label, "", tags or {}, properties or {}, signature or {}, aliases, self.uid, bases)
        return register(self._api, asset, path, kind, said, create=create)

    def flush(self) -> None:
        """Send everything that waits to be sent. :raises StrongroomError: the server did not take it."""
        self._recorder.flush()

    def end(self, state: str = "finished") -> RunInfo:
        """Send what waits and end the run: finished, failed or killed. Again changes nothing."""
        if not self._ended:
            try:
                if self._system is not None:
                    self._system.stop()
                if self._console is not None:
                    self._console.stop()
                self._recorder.close()
            finally:
                self.info = self._api.call("run.end", RunInfo, uid=self.uid, state=state)
                self._ended = True
        return self.info

    def _print(self, key: str, lines: list[str]) -> None:
        self._api.send("run.write_lines", idempotency_key=key, uid=self.uid, stream=STREAM, lines=lines)

    def _send(self, found: Sequence[tuple[str, Path]], shown: Progress) -> None:
        send_files(self._api, Folder("run", self.uid), hash_all(list(found), shown), [], shown)

    def _add(self, word: str, item: Mapping[str, object]) -> Vertex:
        given = {key: value for key, value in item.items() if value is not None}
        fields: dict[str, Any] = {f"{word}s": [given]}
        return self._api.call(f"run.add_{word}s", list[Vertex], uid=self.uid, **fields)[0]


def register(
    api: Api,
    asset: AssetRef,
    path: str,
    kind: str,
    said: Said,
    *,
    create: bool,
    logged_model_uid: str | None = None,
) -> Version:
    """Publish from the folder of a run, or of a logged model; see `Run.register`."""
    if isinstance(asset, str):
        asset = find_or_create(api, asset, kind, create=create)
    uid, fields = asset_uid(api, asset), said.fields()
    return api.call("version.register", Version, uid=uid, path=path, logged_model_uid=logged_model_uid, **fields)


class Runs(RunFrames):
    """``client.runs``: runs and their experiments, found and read."""

    def experiment(self, name: str, *, create: bool = False) -> Experiment:
        """An experiment by ``namespace/name``. :raises NotFound: there is none and `create` is off."""
        namespace, bare = plain_name(name)
        try:
            return self._api.call("experiment.find", Experiment, namespace=namespace, name=bare)
        except NotFound:
            if not create:
                raise
        try:
            return self._api.call("experiment.create", Experiment, namespace=namespace, name=bare)
        except AlreadyExists:  # somebody was faster
            return self._api.call("experiment.find", Experiment, namespace=namespace, name=bare)

    def experiments(self, *, namespace: str | None = None, state: str = "active") -> Iterator[Experiment]:
        """Experiments that you may see, newest first."""
        return self._api.every("experiment.list", Experiment, namespace=namespace, state=state)

    def begin(self, experiment: str, *, capture: bool = True, **fields: Any) -> RunInfo:
        """A new run; the experiment is made when there is none. See `Client.run`, which records it too."""
        diff = None
        if capture:
            from strongroom.sdk.surroundings import captured

            around = captured()
            diff = around.diff
            fields = {"source": around.source, "environment": around.environment, **fields}
        if again := os.environ.get(REPRODUCES):
            fields["tags"] = {**(fields.get("tags") or {}), REPRODUCES_TAG: again}
        found = self.experiment(experiment, create=True)
        info = self._api.call("run.create", RunInfo, uid=found.uid, **fields)
        if diff is not None:
            self._keep_diff(info, diff)
        return info

    def _keep_diff(self, info: RunInfo, diff: bytes) -> None:
        """What cannot be kept of the surroundings does not keep a run from running."""
        from strongroom.sdk.surroundings import DIFF_PATH

        try:
            self._api.send("folder.upload", data=diff, kind="run", uid=info.uid, path=DIFF_PATH)
        except StrongroomError as failure:
            warnings.warn(f"The difference to the commit was not kept: {failure}", RuntimeWarning, stacklevel=4)

    def list(
        self, experiment: str, *, params: Mapping[str, str] | None = None, state: str | None = None
    ) -> Iterator[RunInfo]:
        """Runs of an experiment, latest start first; `params` are compared as texts."""
        said = [f"params.{quoted_name(key)} = {quoted(value)}" for key, value in (params or {}).items()]
        if state is not None:
            said.append(f"state = {quoted(state)}")
        return self.search(" AND ".join(said), experiments=[experiment])

    def search(
        self,
        filter: str = "",  # noqa: A002 - the API's word
        *,
        order_by: Sequence[str] = (),
        experiments: Sequence[str] = (),
        state: str = "active",
        at: datetime | str | None = None,
    ) -> Iterator[RunInfo]:
        """Runs that fit a filter such as ``metrics.auc > 0.9``, in the order asked for.

        :param experiments: as ``namespace/name``; all that you may see when empty.
        """
        uids = [self.experiment(one).uid for one in experiments]
        return search(
            self._api, "run", RunInfo, filter=filter, order_by=order_by, state=state, at=at, experiment_uids=uids
        )

    def tag_experiment(self, experiment: str | Experiment, tags: Mapping[str, str | None]) -> Sequence[Tag]:
        """Set tags of an experiment; others stay."""
        uid = experiment_uid(self._api, experiment)
        return self._api.call("tag.set", list[Tag], kind="experiment", uid=uid, tags=dict(tags))

    def tree(self, uid: str) -> Tree:
        """A run with all runs nested in it, level by level."""
        return self._api.call("run.tree", Tree, uid=uid)

    def inputs(self, uid: str) -> Sequence[Use]:
        """What a run read."""
        return self._api.call("run.inputs", list[Use], uid=uid)

    def outputs(self, uid: str) -> Sequence[Use]:
        """What a run put out, and the versions registered from it."""
        return self._api.call("run.outputs", list[Use], uid=uid)

    def get(self, uid: str) -> RunInfo:
        """One run with what it recorded."""
        return self._api.call("run.get", RunInfo, uid=uid)

    def series(self, uid: str, key: str, *, samples: int | None = None) -> Iterator[Point]:
        """The points of one series of numbers by step.

        :param samples: at most so many of them: first, last, least and greatest always. All when None.
        """
        found = self.columns(uid, key) if samples is None else iter([self.sample(uid, key, samples)])
        for one in found:
            for step, time_us, value in zip(one.steps, one.times_us, one.values, strict=True):
                yield Point(step=step, time_us=time_us, value=Real(value))

    def columns(
        self, uid: str, key: str, *, from_step: int | None = None, to_step: int | None = None
    ) -> Iterator[Columns]:
        """One series of any kind as columns, up to 100,000 points at a time; both steps included."""
        return columns(self._api, uid, key, from_step, to_step)

    def sample(
        self, uid: str, key: str, samples: int = 1_000, *, from_step: int | None = None, to_step: int | None = None
    ) -> Columns:
        """At most so many points of one series, 4 to 10,000: first, last, least and greatest always."""
        return self._api.call(
            "metric.sample", Columns, uid=uid, key=key, samples=samples, from_step=from_step, to_step=to_step
        )

    def compare(self, uids: Sequence[str], keys: Sequence[str], *, samples: int = 500) -> Sequence[Columns]:
        """Each of some keys of each of some runs, sampled; at most 200 series. Those without points are left out."""
        found = self._api.call("metric.compare", Compared, run_uids=list(uids), keys=list(keys), samples=samples)
        return found.series

    def rows(self, uid: str, from_row: int = 0) -> Iterator[Row]:
        """What was logged together (`Run.log_row`), row by row."""
        return self._api.every("run.rows", Row, uid=uid, from_row=from_row)

    def lines(
        self, uid: str, stream: str = "console", *, first: int = 0, last: int | None = None
    ) -> Iterator[tuple[int, str]]:
        """Lines of a stream with their numbers, from `first` to before `last`."""
        return lines(self._api, uid, stream, first, last)

    def tail(self, uid: str, count: int = 100, stream: str = "console") -> Sequence[tuple[int, str]]:
        """The last lines of a stream, at most 5,000, with their numbers."""
        found = self._api.call("run.read_lines", Lines, uid=uid, stream=stream, tail=count)
        return list(zip(found.numbers, found.lines, strict=True))

    def load(
        self, source: str | Path, *, experiment: str | None = None, told: "Callable[[Loaded], None] | None" = None
    ) -> "Loaded":
        """Load runs, params and points from a file of JSON lines or Parquet; see :mod:`strongroom.sdk.bulk`.

        :param experiment: of runs of which the file says none, as ``namespace/name``; made when there is none.
        :param told: called with what is loaded so far, now and then.
        :raises BadFile: it cannot be loaded; what stands before is. Called again, it goes on.
        """
        from strongroom.sdk.bulk import Loader

        loader = Loader(self._api, Path(source), experiment, lambda path: self.experiment(path, create=True).uid)
        return loader.load(told) if told else loader.load()

    def environment(self, uid: str) -> str:
        """What was installed where a run ran."""
        return str(self._api.call("run.environment", dict, uid=uid)["environment"])

    def resume(self, uid: str) -> Run:
        """Go on recording a run, ended or not."""
        return Run(self._api, self._api.call("run.resume", RunInfo, uid=uid))

    def delete(self, uid: str) -> RunInfo:
        """Move a run to the trash."""
        return self._api.call("run.delete", RunInfo, uid=uid)

    def restore(self, uid: str) -> RunInfo:
        """Take a run out of the trash."""
        return self._api.call("run.restore", RunInfo, uid=uid)

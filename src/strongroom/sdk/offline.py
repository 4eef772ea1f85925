"""Recording without a server: into a folder that ``strongroom sync`` uploads later, maybe from another machine.

>>> with offline("runs/").run("churn/training", params={"depth": 3}) as run:   # doctest: +SKIP
...     run.log_metric("loss", 0.3, step=1)
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from strongroom.sdk.console import STREAM, Console
from strongroom.sdk.errors import Invalid
from strongroom.sdk.journal import BLOBS, Journal, keep_file
from strongroom.sdk.localfiles import LocalFile, find, hash_all
from strongroom.sdk.logged_models import ModelRef, uid_of
from strongroom.sdk.lookup import VersionRef
from strongroom.sdk.models import Scalar, Version, number
from strongroom.sdk.progress import Silent
from strongroom.sdk.recorder import row_of
from strongroom.sdk.surroundings import DIFF_PATH, captured
from strongroom.sdk.system import sampling

T = TypeVar("T")

FORMAT = 1
STATES = ("finished", "failed", "killed")
AT_ONCE = 100
"""Params or tags of one line, so that a line is never more than a request takes."""
POINTS_AT_ONCE = 1_000


class Offline:
    """A folder of recordings; any number of processes may record into it at once."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def run(
        self,
        experiment: str,
        *,
        name: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
        kind: str = "training",
        note: str = "",
        parent: Any = None,  # noqa: ANN401 - an OfflineRun, a Run, an answer about one, or its uid
        capture: bool = True,
        system_metrics: bool | float = False,
        capture_console: bool = False,
    ) -> "OfflineRun":
        """Begin a run; use it in a ``with`` block. See `Client.run`."""
        said = {"experiment": experiment, "name": name, "kind": kind, "note": note, "tags": dict(tags or {})}
        above = {"recording": parent.uid} if isinstance(parent, OfflineRun) else {"uid": getattr(parent, "uid", parent)}
        run = OfflineRun(
            self.folder,
            {**said, "parent": above},
            capture=capture,
            system_metrics=system_metrics,
            capture_console=capture_console,
        )
        run.log_params(params or {})
        return run


def offline(folder: str | Path) -> Offline:
    """Record into a folder; see the module."""
    return Offline(folder)


class OfflineRun:
    """A run that is recorded into a folder; it has the methods of `Run` but those that need an answer of the server.

    :ivar uid: the recording's own id: the run gets a uid of the server when it is synced.
    """

    def __init__(
        self,
        folder: Path,
        said: Mapping[str, Any],
        *,
        capture: bool,
        system_metrics: bool | float = False,
        capture_console: bool = False,
    ) -> None:
        self.uid = str(uuid.uuid4())
        self._blobs = folder / BLOBS
        self._journal = Journal(folder / self.uid)
        self._ended = False
        found = captured() if capture else None
        around = {"source": found.source, "environment": found.environment} if found else {}
        begun = {"format": FORMAT, "recording": self.uid, **said, **around}
        self._journal.write("begin", begun, keep=True)
        if found and found.diff is not None:
            self._keep([_written(folder / self.uid / "dirty.diff", found.diff)])
        self._system = sampling(self.log_metrics, system_metrics)
        self._printed = 0
        self._console = Console(self._print) if capture_console else None

    def __repr__(self) -> str:
        return f"OfflineRun({str(self._journal.path.parent)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None or (isinstance(error, SystemExit) and not error.code):
            self.end()
        else:
            self.end("killed" if issubclass(kind, KeyboardInterrupt) else "failed")

    def log_params(self, params: Mapping[str, object], *, replace: bool = False) -> None:
        """Record params; see `Run.log_params`."""
        mode = "replace" if replace else "once"
        said = [{"key": key, "value": str(value), "mode": mode} for key, value in params.items()]
        for some in _slices(said, AT_ONCE):
            self._journal.write("log", {"params": some})

    def log_param(self, key: str, value: object, *, replace: bool = False) -> None:
        """Record one param."""
        self.log_params({key: value}, replace=replace)

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0, *, time_us: int | None = None) -> None:
        """Record a point of each series, with the time of now when none is given."""
        at = time.time_ns() // 1000 if time_us is None else time_us
        points = [{"key": key, "value": number(value), "step": step, "time_us": at} for key, value in metrics.items()]
        for some in _slices(points, POINTS_AT_ONCE):
            self._journal.write("log", {"points": some})

    def log_metric(self, key: str, value: Any, step: int = 0, *, time_us: int | None = None) -> None:  # noqa: ANN401
        """Record one point."""
        self.log_metrics({key: value}, step, time_us=time_us)

    def log_row(
        self,
        values: Mapping[str, Any],
        *,
        row: int | None = None,
        step: int | None = None,
        time_us: int | None = None,
    ) -> None:
        """Record values that belong together; see `Run.log_row`."""
        self._journal.write("log", {"rows": [row_of(values, row, step, time_us)]})

    def set_tags(self, tags: Mapping[str, str | None]) -> None:
        """Set tags; None is a bare word."""
        for some in _slices([*tags.items()], AT_ONCE):
            self._journal.write("log", {"tags": dict(some)})

    def summarise(self, values: Mapping[str, Scalar]) -> None:
        """Set values that stand for the run; None removes one."""
        self._journal.write("summary", {"values": dict(values)})

    def log_file(self, source: str | Path, path: str | None = None, **_: object) -> None:
        """Keep a file for the run's folder, at `path` or under its own name."""
        if Path(source).is_dir():
            raise IsADirectoryError(f"{source} is a folder; use log_folder")
        found = find(Path(source))
        self._keep(hash_all([(path or found[0][0], found[0][1])], Silent()))

    def log_folder(self, source: str | Path, path: str = "", **_: object) -> None:
        """Keep all files of a folder for the run's folder, below `path`."""
        self._keep(hash_all(find(Path(source), path), Silent()))

    def log_model(
        self,
        source: str | Path,
        name: str,
        *,
        type: str = "",  # noqa: A002 - the API's word
        step: int | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str | None] | None = None,
        **_: object,
    ) -> str:
        """Keep a file or folder as a model that the run puts out; returns the recording's own id of the model."""
        files = hash_all(find(Path(source)), Silent())
        said = {key: str(value) for key, value in (params or {}).items()}
        model = {"id": str(uuid.uuid4()), "name": name, "type": type, "step": step, "params": said}
        self._keep(files, op="model", model={**model, "tags": dict(tags or {})})
        return str(model["id"])

    def log_dataset(
        self,
        name: str,
        digest: str | None = None,
        uri: str | None = None,
        *,
        context: str | None = None,
        type: str = "",  # noqa: A002 - the API's word
        properties: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Say that the run reads a data set that is not in the registry."""
        item = {"name": name, "digest": digest, "uri": uri, "context": context, "type": type}
        self._use("inputs", {**item, "properties": dict(properties or {})})

    def log_input(self, version: VersionRef, *, context: str | None = None) -> None:
        """Say that the run reads a version of the registry: what the reference means when it is synced."""
        self._use("inputs", {"version": _reference(version), "context": context})

    def log_output(self, version: VersionRef, *, context: str | None = None) -> None:
        """Say that the run put out a version that was published otherwise."""
        self._use("outputs", {"version": _reference(version), "context": context})

    def log_input_model(self, model: ModelRef, *, step: int | None = None, context: str | None = None) -> None:
        """Say that the run reads a logged model of the server, at a step."""
        self._use("inputs", {"logged_model_uid": uid_of(model), "step": step, "context": context})

    def log_output_model(self, model: ModelRef, *, step: int | None = None) -> None:
        """Say that the run put out a logged model of the server, at a step."""
        self._use("outputs", {"logged_model_uid": uid_of(model), "step": step})

    def flush(self) -> None:
        """Have the disk keep everything."""
        self._journal.flush()

    def end(self, state: str = "finished") -> None:
        """End the run: finished, failed or killed. Again changes nothing."""
        if state not in STATES:
            raise Invalid(f"A run ends {', '.join(STATES)}.")
        if not self._ended:
            self._ended = True
            if self._system is not None:
                self._system.stop()
            if self._console is not None:
                self._console.stop()
            self._journal.write("end", {"state": state}, keep=True)
            self._journal.close()

    def _print(self, _: str, lines: list[str]) -> None:
        """With the number of the first line, so that sending it again writes the same lines."""
        self._journal.write("lines", {"stream": STREAM, "first": self._printed, "lines": lines})
        self._printed += len(lines)

    def _use(self, way: str, item: Mapping[str, object]) -> None:
        given = {key: value for key, value in item.items() if value is not None}
        self._journal.write(way, {"items": [given]})

    def _keep(self, files: Sequence[LocalFile], op: str = "files", **more: object) -> None:
        """The bytes first, then the line that names them: a journal never names bytes that are not there."""
        for file in files:
            keep_file(self._blobs, file)
        rows = [[file.path, file.sha256, file.size] for file in files]
        self._journal.write(op, {"files": rows, **more}, keep=True)


def _reference(version: VersionRef) -> str:
    return version.reference if isinstance(version, Version) else version


def _slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _written(path: Path, data: bytes) -> LocalFile:
    path.write_bytes(data)
    ((_, source),) = find(path)
    return hash_all([(DIFF_PATH, source)], Silent())[0]

"""Loads runs, params and points from a file through the API, in large batches; resumable.

JSON lines: each line is about one run, named by `run`, a word of the file's own::

    {"run": "a", "experiment": "team/exp", "name": "first", "params": {"lr": "0.1"}, "tags": {"team": "x"}}
    {"run": "a", "points": [{"key": "loss", "value": 0.5, "step": 1, "time_us": 1700000000000000}]}
    {"run": "a", "series": [{"key": "acc", "values": [0.1, 0.2], "steps": [1, 2], "times_us": [10, 20]}]}
    {"run": "a", "end": "finished"}

Parquet: rows of points with columns `run`, `key`, `value`, and maybe `step`, `time_us`, `experiment`.

What was loaded is kept beside the file, in ``FILE.loaded``: loading again goes on there. Each request has an
idempotency key made of the file and the place in it, so that one whose answer was lost is not done twice.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.sdk.api import Api, decode
from strongroom.sdk.errors import StrongroomError
from strongroom.sdk.models import number
from strongroom.sdk.parallel import in_parallel
from strongroom.sdk.run_models import RunInfo

WINDOW_POINTS = 100_000
"""Points that are read before they are sent."""
WINDOW_RUNS = 500
POINTS_BATCH = 10_000
PARAMS_BATCH = 200
SENDERS = 4
_HEAD = 1 << 20

BEGIN = {"name", "kind", "note", "source", "environment", "started_at"}
"""What a line may say of a run besides."""

Columns = tuple[list[Any], list[int], list[int | None]]


def _parts(times: list[int | None]) -> Iterator[range]:
    """Stretches of points that all have a time, or all have none."""
    start = 0
    for at in range(1, len(times) + 1):
        if at == len(times) or (times[at] is None) != (times[start] is None):
            yield range(start, at)
            start = at


class BadFile(StrongroomError):
    """The file is none that can be loaded; the message says where."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, code="bad_file")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file brought, with what earlier tries had loaded of it."""

    runs: int
    params: int
    points: int


@dataclass(slots=True)
class _Work:
    """What one window of the file says of one run."""

    begin: dict[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    params: list[dict[str, str]] = field(default_factory=list)
    tags: dict[str, str | None] = field(default_factory=dict)
    columns: dict[str, Columns] = field(default_factory=dict)
    end: str | None = None
    points: int = 0

    def batches(self) -> Iterator[dict[str, Any]]:
        """The bodies of the requests that record it."""
        for start in range(0, len(self.params), PARAMS_BATCH):
            yield {"params": self.params[start : start + PARAMS_BATCH]}
        if self.tags:
            yield {"tags": self.tags}
        batch, room = [], POINTS_BATCH
        for key, (values, steps, times) in self.columns.items():
            for part in _parts(times):
                at = part.start
                while at < part.stop:
                    end = min(part.stop, at + room)
                    one = {"key": key, "values": values[at:end], "steps": steps[at:end]}
                    batch.append(one if times[at] is None else {**one, "times_us": times[at:end]})
                    room -= end - at
                    at = end
                    if room == 0:
                        yield {"series": batch}
                        batch, room = [], POINTS_BATCH
        if batch:
            yield {"series": batch}

    def point(self, key: str, value: Any, step: int, time_us: int | None) -> None:  # noqa: ANN401 - any number
        columns = self.columns.setdefault(key, ([], [], []))
        columns[0].append(number(value))
        columns[1].append(step)
        columns[2].append(time_us)
        self.points += 1


@dataclass(slots=True)
class _State:
    """How far a file is loaded: `place` is where the next window begins, `runs` the uids of its runs."""

    file: str
    place: int = 0
    runs: dict[str, str] = field(default_factory=dict)
    params: int = 0
    points: int = 0

    @classmethod
    def read(cls, path: Path, file: str) -> "_State":
        """What earlier tries left. :raises BadFile: they were of another file."""
        if not path.exists():
            return cls(file)
        kept = cls(**json.loads(path.read_text(encoding="utf-8")))
        if kept.file != file:
            raise BadFile(f"the file changed since {path.name} was written; remove that to load it anew")
        return kept

    def write(self, path: Path) -> None:
        half = path.with_name(path.name + ".part")
        said = {"file": self.file, "place": self.place, "runs": self.runs, "params": self.params, "points": self.points}
        with half.open("w", encoding="utf-8") as out:
            json.dump(said, out)
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)


class Loader:
    """Loads one file.

    :param experiment: of runs of which the file says none, as ``namespace/name``.
    :param find: the uid of an experiment by its path, made when there is none.
    """

    def __init__(self, api: Api, source: Path, experiment: str | None, find: Callable[[str], str]) -> None:
        self._api, self._source, self._experiment, self._find = api, source, experiment, find
        self._experiments: dict[str, str] = {}
        self._kept = source.with_name(source.name + ".loaded")
        self._state = _State.read(self._kept, _identity(source))

    def load(self, told: Callable[[Loaded], None] = lambda _: None) -> Loaded:
        """Load what is not loaded yet. :param told: called after each window.

        :raises BadFile: a line that says nothing loadable; what stands before it is loaded.
        """
        windows = _parquet if self._source.suffix == ".parquet" else _lines
        for place, window in windows(self._source, self._state.place):
            self._send(window, place)
            told(self._loaded())
        return self._loaded()

    def _loaded(self) -> Loaded:
        return Loaded(len(self._state.runs), self._state.params, self._state.points)

    def _send(self, window: Mapping[str, "_Work"], place: int) -> None:
        """Send a window, several runs at once, and note that it is done."""
        for work in window.values():
            self._experiment_of(work)
        uids = in_parallel(lambda one: self._send_run(*one), list(window.items()), SENDERS)
        self._state.runs.update(zip(window, uids, strict=True))
        self._state.params += sum(len(work.params) for work in window.values())
        self._state.points += sum(work.points for work in window.values())
        self._state.place = place
        self._state.write(self._kept)

    def _experiment_of(self, work: "_Work") -> str:
        path = work.experiment or self._experiment or ""
        if path and path not in self._experiments:
            self._experiments[path] = self._find(path)
        return self._experiments.get(path, "")

    def _send_run(self, run: str, work: "_Work") -> str:
        uid = self._state.runs.get(run)
        if uid is None:
            uid = self._begin(run, work)
        for number_, batch in enumerate(work.batches()):
            self._once("run.log", f"{run}/{number_}", uid=uid, **batch)
        if work.end is not None:
            self._once("run.end", f"{run}/end", uid=uid, state=work.end)
        return uid

    def _begin(self, run: str, work: "_Work") -> str:
        experiment = self._experiment_of(work)
        if not experiment:
            raise BadFile(f"the run {run!r} has no experiment; say one in the file, or with --experiment")
        reply = self._once("run.create", f"{run}/begin", uid=experiment, **{"name": run, **work.begin})
        return decode(reply, RunInfo).uid

    def _once(self, operation: str, what: str, **fields: Any) -> bytes:
        """Send a request that, repeated from the same place of the same file, is the same request."""
        key = hashlib.sha256(f"{self._state.file}/{self._state.place}/{operation}/{what}".encode()).hexdigest()
        return self._api.send(operation, idempotency_key=key, **fields).body


def _identity(source: Path) -> str:
    """What tells a file from another: its size and the SHA-256 of its first MiB."""
    with source.open("rb") as file:
        head = file.read(_HEAD)
    return f"{source.stat().st_size}-{hashlib.sha256(head).hexdigest()}"


def _lines(source: Path, place: int) -> Iterator[tuple[int, dict[str, _Work]]]:
    """Windows of a file of JSON lines from a byte on, each with the byte behind it."""
    window: dict[str, _Work] = {}
    with source.open("rb") as file:
        file.seek(place)
        while line := file.readline():
            if line.strip():
                run, row = _row(line, place)
                _take(window.setdefault(run, _Work()), row, f"byte {place}")
            place = file.tell()
            if sum(work.points for work in window.values()) >= WINDOW_POINTS or len(window) >= WINDOW_RUNS:
                yield place, window
                window = {}
    if window:
        yield place, window


def _row(line: bytes, place: int) -> tuple[str, dict[str, Any]]:
    try:
        row = json.loads(line)
        return str(row.pop("run")), row
    except (ValueError, KeyError, AttributeError, TypeError):
        raise BadFile(f"the line at byte {place} is no JSON object with a run") from None


def _take(work: _Work, row: dict[str, Any], where: str) -> None:
    """Add what a line says."""
    try:
        for key, value in row.pop("params", {}).items():
            work.params.append({"key": key, "value": str(value)})
        work.tags.update(row.pop("tags", {}))
        for point in row.pop("points", ()):
            work.point(point["key"], point["value"], point.get("step", 0), point.get("time_us"))
        for one in row.pop("series", ()):
            values = one["values"]
            steps, times = one.get("steps") or [0] * len(values), one.get("times_us") or [None] * len(values)
            for value, step, time_us in zip(values, steps, times, strict=True):
                work.point(one["key"], value, step, time_us)
        work.experiment = row.pop("experiment", work.experiment)
        work.end = row.pop("end", work.end)
        unknown = row.keys() - BEGIN
        if unknown:
            raise BadFile(f"the line at {where} says {min(unknown)!r}, which is not loaded")
        work.begin.update(row)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadFile(f"the line at {where} cannot be loaded: {error}") from error


def _parquet(source: Path, place: int) -> Iterator[tuple[int, dict[str, _Work]]]:
    """Windows of a Parquet file from a batch of rows on, each with the number of the next."""
    try:
        from strongroom.sdk.bulk_parquet import batches
    except ImportError:
        raise BadFile("Parquet needs pyarrow: pip install 'strongroom[data]'") from None
    for number_, columns in enumerate(batches(source, WINDOW_POINTS)):
        if not {"run", "key", "value"} <= columns.keys():
            raise BadFile("a Parquet file to load has columns run, key and value")
        if number_ >= place:
            yield number_ + 1, _works(columns)


def _works(columns: Mapping[str, list[Any]]) -> dict[str, _Work]:
    window: dict[str, _Work] = {}
    count = len(columns["run"])
    nothing: list[Any] = [None] * count
    rows = zip(
        columns["run"],
        columns["key"],
        columns["value"],
        columns.get("step", [0] * count),
        columns.get("time_us", nothing),
        columns.get("experiment", nothing),
        strict=True,
    )
    for run, key, value, step, time_us, experiment in rows:
        work = window.setdefault(str(run), _Work())
        work.point(key, value, step or 0, time_us)
        work.experiment = experiment or work.experiment
    return window

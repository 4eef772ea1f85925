"""What a run records, collected and sent in batches: each second, and when a thousand points wait."""

import atexit
import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.errors import StrongroomError, Unavailable
from strongroom.sdk.models import number

SECONDS = 1.0
POINTS = 1_000
"""Waiting points that are sent at once."""
POINTS_BATCH = 10_000
PARAMS_BATCH = 200
OTHERS_BATCH = 500
"""Points in a batch whose values are no numbers; each may be 64 KiB, and a body is bounded."""
OTHERS_SIZE = 2 << 20
LINES_BATCH = 2_000
LINE_LONGEST = 4_096
POINTS_HELD = 100_000
"""Waiting points at which a call waits for the server instead of holding more."""


@dataclass(frozen=True, slots=True)
class _Point:
    """One value of a series; `kind` is None of a number."""

    key: str
    value: Any
    step: int
    at: int
    kind: str | None = None


class Recorder:
    """Sends a run's params, points, tags and lines in the background.

    A batch keeps its idempotency key until the server has answered it, so that nothing is recorded twice however
    often it has to be sent. While the server is away, points wait; another failure is raised by the next call.
    """

    def __init__(self, api: Api, run_uid: str) -> None:
        self._api, self._run_uid = api, run_uid
        self._waiting = threading.Condition()
        self._sending = threading.Lock()
        self._params: list[dict[str, str]] = []
        self._points: list[_Point] = []
        self._others: list[_Point] = []
        self._rows: list[dict[str, Any]] = []
        self._tags: dict[str, str | None] = {}
        self._lines: dict[str, list[str]] = {}
        self._pending: tuple[str, str, dict[str, Any]] | None = None
        self._failure: StrongroomError | None = None
        self._closed = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._work, name="strongroom-run", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    def params(self, values: Mapping[str, object], mode: str) -> None:
        """Record params."""
        with self._waiting:
            self._must_be_well()
            self._params += [{"key": key, "value": str(value), "mode": mode} for key, value in values.items()]

    def points(self, values: Mapping[str, Any], step: int, time_us: int | None) -> None:
        """Record a point of each of some series."""
        at = _now() if time_us is None else time_us
        self._add([_Point(key, number(value), step, at) for key, value in values.items()])

    def series(self, key: str, values: Sequence[Any], steps: Sequence[int], times_us: Sequence[int] | None) -> None:
        """Record many points of one series."""
        times = [_now()] * len(values) if times_us is None else times_us
        found = zip(values, steps, times, strict=True)
        self._add([_Point(key, number(value), step, at) for value, step, at in found])

    def other(self, key: str, kind: str, value: object, step: int, time_us: int | None) -> None:
        """Record a point of a series whose values are no numbers."""
        with self._waiting:
            self._must_be_well()
            self._others.append(_Point(key, value, step, _now() if time_us is None else time_us, kind))

    def row(self, row: Mapping[str, Any]) -> None:
        """Record values that belong together; see `row_of`."""
        with self._waiting:
            self._must_be_well()
            self._rows.append(dict(row))

    def aside(self, values: Mapping[str, float], step: int) -> None:
        """The same for points that the caller's code did not ask for: never waits, raises nothing, may drop some."""
        at = _now()
        points = [_Point(key, number(value), step, at) for key, value in values.items()]
        with self._waiting:
            if not self._closed and len(self._points) < POINTS_HELD // 2:
                self._points += points

    def tags(self, values: Mapping[str, str | None]) -> None:
        """Record tags."""
        with self._waiting:
            self._must_be_well()
            self._tags.update(values)

    def lines(self, stream: str, lines: Sequence[str]) -> None:
        """Append lines to a stream; what is longer than a line may be goes on in the next."""
        cut = [line[at : at + LINE_LONGEST] for line in lines for at in range(0, len(line) or 1, LINE_LONGEST)]
        with self._waiting:
            self._must_be_well()
            self._lines.setdefault(stream, []).extend(cut)

    def flush(self) -> None:
        """Send everything that waits. :raises StrongroomError: what kept an earlier or this batch from being taken."""
        while self._send_one():
            pass
        with self._waiting:
            self._must_be_well()

    def close(self) -> None:
        """Send everything and end the thread; see `flush` for what it raises."""
        try:
            self.flush()
        finally:
            with self._waiting:
                self._closed = True
                self._waiting.notify()
            atexit.unregister(self._at_exit)
            if self._pid == os.getpid():
                self._thread.join()

    def _add(self, points: Sequence[_Point]) -> None:
        with self._waiting:
            self._must_be_well()
            self._points += points
            many = len(self._points)
            if many >= POINTS:
                self._waiting.notify()
        if many >= POINTS_HELD:
            self.flush()

    def _must_be_well(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _work(self) -> None:
        while True:
            with self._waiting:
                if not self._closed and len(self._points) < POINTS:
                    self._waiting.wait(SECONDS)
                if self._closed:
                    return
            try:
                while self._send_one():
                    pass
            except Unavailable:
                time.sleep(SECONDS)  # the batch waits and is sent again
            except StrongroomError as error:
                self._failure = self._failure or error

    def _send_one(self) -> bool:
        """Send one batch; whether there was one."""
        with self._sending:
            if self._pid != os.getpid():
                return False  # a fork's copy: the parent sends what waits
            if self._pending is None:
                taken = self._take()
                if taken is None:
                    return False
                self._pending = (uuid.uuid4().hex, *taken)
            key, operation, batch = self._pending
            try:
                self._api.send(operation, idempotency_key=key, uid=self._run_uid, **batch)
            except Unavailable:
                raise
            except StrongroomError:
                self._pending = None  # sent again it would fail again
                raise
            self._pending = None
            return True

    def _take(self) -> tuple[str, dict[str, Any]] | None:
        """The next batch: an operation and its body."""
        with self._waiting:
            params, self._params = self._params[:PARAMS_BATCH], self._params[PARAMS_BATCH:]
            points, self._points = self._points[:POINTS_BATCH], self._points[POINTS_BATCH:]
            count = _fitting([point.value for point in self._others]) if not points else 0
            others, self._others = self._others[:count], self._others[count:]
            count = _fitting(self._rows) if not (points or others) else 0  # a series stands in rows or outside of them
            rows, self._rows = self._rows[:count], self._rows[count:]
            tags, self._tags = self._tags, {}
            if not (params or points or others or rows or tags):
                return self._take_lines()
        batch = {"params": params, "series": _columns(points), "others": _columns(others), "rows": rows, "tags": tags}
        return "run.log", {name: part for name, part in batch.items() if part}

    def _take_lines(self) -> tuple[str, dict[str, Any]] | None:
        for stream, waiting in self._lines.items():
            lines, rest = waiting[:LINES_BATCH], waiting[LINES_BATCH:]
            if not rest:
                del self._lines[stream]
            else:
                self._lines[stream] = rest
            return "run.write_lines", {"stream": stream, "lines": lines}
        return None

    def _at_exit(self) -> None:
        try:
            self.flush()
        except StrongroomError:
            return  # the process ends; there is nobody left to tell


def _now() -> int:
    return time.time_ns() // 1000


def _columns(points: Sequence[_Point]) -> list[dict[str, Any]]:
    """Points as the columns that the server takes, a series after the other."""
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for point in points:
        one = found.get((point.key, point.kind))
        if one is None:
            one = {"key": point.key, "values": [], "steps": [], "times_us": []}
            if point.kind is not None:
                one["kind"] = point.kind
            found[point.key, point.kind] = one
        one["values"].append(point.value)
        one["steps"].append(point.step)
        one["times_us"].append(point.at)
    return list(found.values())


def row_of(values: Mapping[str, Any], row: int | None, step: int | None, time_us: int | None) -> dict[str, Any]:
    """A row as the server takes it: numbers, texts, and everything else as JSON."""
    found: dict[str, Any] = {"values": {}, "texts": {}, "json": {}, "time_us": _now() if time_us is None else time_us}
    for key, value in values.items():
        if isinstance(value, str):
            found["texts"][key] = value
        elif value is None or isinstance(value, bool | Mapping | list | tuple):
            found["json"][key] = value
        else:
            found["values"][key] = number(value)
    found |= {name: given for name, given in (("row", row), ("step", step)) if given is not None}
    return {name: part for name, part in found.items() if part != {}}


def _fitting(waiting: Sequence[object]) -> int:
    """How many of them one batch takes."""
    size = 0
    for count, one in enumerate(waiting[:OTHERS_BATCH]):
        size += len(str(one))
        if count and size > OTHERS_SIZE:
            return count
    return min(len(waiting), OTHERS_BATCH)

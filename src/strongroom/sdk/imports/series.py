"""Points of a run's series, sent in batches. How many of a key are here says where a killed import goes on."""

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.sdk.imports.model import Points, Run
from strongroom.sdk.imports.reading import LATEST_MS
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.source import Source, SourceError
from strongroom.sdk.imports.target import Target, accepted
from strongroom.sdk.models import number

KIND = "points"
BATCH = 10_000
Column = dict[str, Any]


class _Metric(msgspec.Struct, frozen=True):
    count: int


class _Keyed(msgspec.Struct, frozen=True):
    key: str
    metric: _Metric


class Series:
    """Brings the points of one run."""

    def __init__(self, target: Target, source: Source, report: Report, run: Run, uid: str) -> None:
        self._target, self._source, self._report = target, source, report
        self._run, self._uid = run, uid
        self._batch: list[Column] = []
        self._room = BATCH
        self._refused: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def bring(self, *, fresh: bool) -> None:
        """Send what is not here yet. :param fresh: the run was made just now: nothing is."""
        present = {} if fresh else self._present()
        for key in self._run.metric_keys:
            try:
                self._bring_key(key, present.get(key, 0))
            except SourceError as error:
                self._report.refuse(KIND, f"{self._run.id}: {key}", error.detail)
                self._report.found(KIND)
        self._flush()

    def compare(self) -> int:
        """Look whether as many points are here as were found; returns how many."""
        present = self._present() if self.counts else {}
        for key, count in self.counts.items():
            if key not in self._refused and present.get(key, 0) != count:
                reason = f"{present.get(key, 0)} points are here of {count}"
                self._report.lack(KIND, f"{self._run.id}: {key}", reason, abs(count - present.get(key, 0)))
        return sum(present.values())

    def _bring_key(self, key: str, present: int) -> None:
        count = 0
        for points in self._source.points(self._run, key):
            sound = self._sound(key, points)
            skip = max(0, min(len(sound.steps), present - count))
            count += len(sound.steps)
            self._report.found(KIND, len(sound.steps))
            self._report.there(KIND, skip)
            self._add(key, sound, skip)
        self.counts[key] = count

    def _sound(self, key: str, points: Points) -> Points:
        """Those with a time that the server takes; the others are reported."""
        fits = [0 <= time <= LATEST_MS for time in points.times_ms]
        if all(fits):
            return points
        bad = len(fits) - sum(fits)
        self._report.found(KIND, bad)
        self._report.refuse(KIND, f"{self._run.id}: {key}", f"{bad} points are before 1970 or after 9999", bad)
        columns = (points.steps, points.times_ms, points.values)
        return Points(*([one for one, fit in zip(column, fits, strict=True) if fit] for column in columns))  # type: ignore[arg-type]

    def _add(self, key: str, points: Points, start: int) -> None:
        while start < len(points.steps):
            end = min(len(points.steps), start + self._room)
            self._batch.append(
                {
                    "key": key,
                    "values": [number(value) for value in points.values[start:end]],
                    "steps": list(points.steps[start:end]),
                    "times_us": [time * 1000 for time in points.times_ms[start:end]],
                }
            )
            self._room -= end - start
            start = end
            if self._room == 0:
                self._flush()

    def _flush(self) -> None:
        taken = accepted(self._batch, self._send, self._refuse)
        self._report.imported(KIND, sum(len(column["values"]) for column in taken))
        self._batch, self._room = [], BATCH

    def _send(self, columns: Any) -> None:  # noqa: ANN401 - some of the batch
        self._target.api.send("run.log", uid=self._uid, series=list(columns))

    def _refuse(self, column: Column, reason: str) -> None:
        key = str(column["key"])
        self._refused[key] = reason
        self._report.refuse(KIND, f"{self._run.id}: {key}", reason, len(column["values"]))

    def _present(self) -> Mapping[str, int]:
        rows = self._target.api.every("metric.latest", _Keyed, uid=self._uid)
        return {row.key: row.metric.count for row in rows}

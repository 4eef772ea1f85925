"""Series and streams as they are read: columns of points, lines by number."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.models import Answer

COLUMNS = 100_000
"""Points asked for at once."""
LINES = 5_000


class Columns(Answer, frozen=True):
    """Points of one series in order, as columns of equal length; times are microseconds since 1970.

    :ivar kind: float, text, json, histogram or file.
    :ivar values: as sent: numbers, or words for those that JSON lacks; texts of other kinds. See `decoded`.
    """

    run_uid: str
    key: str
    kind: str
    steps: list[int]
    times_us: list[int]
    values: list[float | str]
    next_page_token: str | None = None

    def __len__(self) -> int:
        return len(self.steps)

    def decoded(self) -> list[Any]:
        """The values: floats, NaN and infinities among them; texts; what JSON, histograms and files hold."""
        if self.kind == "float":
            return [float(value) for value in self.values]
        return list(self.values) if self.kind == "text" else [json.loads(str(value)) for value in self.values]


class Row(Answer, frozen=True):
    """What was logged together. `values` are numbers, or words for those that JSON lacks; `json` are texts of JSON."""

    row: int
    step: int
    time_us: int
    values: Mapping[str, float | str]
    texts: Mapping[str, str]
    json: Mapping[str, str]

    def decoded(self) -> dict[str, Any]:
        """Everything by key: floats, NaN and infinities among them, texts, and what the JSON says."""
        numbers = {key: float(value) for key, value in self.values.items()}
        return {**numbers, **self.texts, **{key: json.loads(text) for key, text in self.json.items()}}


class Compared(Answer, frozen=True):
    """Several series side by side."""

    series: list[Columns]


class Lines(Answer, frozen=True):
    """Lines of a stream by number; `next` is the number behind its last line."""

    stream: str
    numbers: list[int]
    lines: list[str]
    next: int
    more_from: int | None = None


def columns(api: Api, uid: str, key: str, from_step: int | None, to_step: int | None) -> Iterator[Columns]:
    """A series, 100,000 points at a time."""
    token: str | None = None
    while True:
        found = api.call(
            "metric.columns", Columns, uid=uid, key=key, from_step=from_step, to_step=to_step, page_token=token
        )
        yield found
        token = found.next_page_token
        if token is None:
            return


def lines(api: Api, uid: str, stream: str, first: int, last: int | None) -> Iterator[tuple[int, str]]:
    """Lines of a stream from one number to before another, with their numbers."""
    start: int | None = first
    while start is not None and (last is None or start < last):
        limit = LINES if last is None else min(LINES, last - start)
        found = api.call("run.read_lines", Lines, uid=uid, stream=stream, first=start, limit=limit)
        yield from zip(found.numbers, found.lines, strict=True)
        start = found.more_from


def split_lines(text: str) -> Sequence[str]:
    """Lines of a text as a console shows them: what stands before a carriage return was written over."""
    bare = text.removesuffix("\n").replace("\r\n", "\n").replace("\0", "")
    return [line.rstrip("\r").rpartition("\r")[2] for line in bare.split("\n")]

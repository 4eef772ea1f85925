"""Series of texts, JSON, histograms and files: from what a client sends to the columns that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.tracking.kinds import clean_value, dump
from strongroom.domain.tracking.model import HeldRun
from strongroom.domain.tracking.points import Kind, Points

_KINDS = tuple(kind for kind in Kind if kind is not Kind.FLOAT)


@dataclass(frozen=True, slots=True)
class LogOther:
    """Points of one series whose values are no numbers, as columns of equal length.

    :param kind: text, json, histogram or file.
    :param values: texts; JSON values; objects with ``edges`` and ``counts``; paths in the run's folder.
    :param steps: zeros when None. :param times: microseconds since 1970; the transaction's when None.
    """

    key: str
    kind: str
    values: Sequence[object]
    steps: Sequence[int] | None = None
    times: Sequence[int] | None = None


def other_points(call: Call, run: HeldRun, one: LogOther) -> Points:
    """The columns of a series.

    :raises Invalid: an unknown kind, columns of different lengths, a value that is none of its kind.
    :raises NotFound: a file that is not in the run's folder.
    """
    if one.kind not in _KINDS:
        raise Invalid(f"A series is one of {', '.join(_KINDS)}.")
    kind, count = Kind(one.kind), len(one.values)
    steps = [0] * count if one.steps is None else one.steps
    times = [call.now] * count if one.times is None else one.times
    if not len(steps) == len(times) == count:
        raise Invalid("The columns of a series are of one length.", key=one.key)
    if kind is Kind.FILE:
        values = [_file(call, run, value) for value in one.values]
    else:
        values = [clean_value(kind, value) for value in one.values]
    return Points.texts(kind, steps, times, values)


def _file(call: Call, run: HeldRun, value: object) -> str:
    """A file as it lies in the folder now: if it is replaced later, its digest tells."""
    if not isinstance(value, str):
        raise Invalid("A value of a file series is a path in the run's folder.")
    path = clean_path(value)
    folder = call.tx.folders.of("run", run.id)
    entry = call.tx.folders.get(folder.id, path) if folder else None
    if entry is None:
        raise NotFound("There is no such file in the run's folder.", path=path)
    return dump({"path": path, "sha256": entry.sha256, "size": entry.size, "uri": entry.uri})

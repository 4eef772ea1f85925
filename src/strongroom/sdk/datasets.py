"""Data sets: what is in them."""

import time
from datetime import datetime

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import VersionRef, version_uid
from strongroom.sdk.models import Answer, FieldChange

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class TopValue(Answer, frozen=True):
    """A text that occurs often."""

    value: str
    count: int


class ColumnStatistics(Answer, frozen=True):
    """A column of a split. `distinct` is about how many values are distinct among the rows that were sketched."""

    name: str
    type: str
    nullable: bool = True
    nulls: int | None = None
    min: str | int | float | bool | None = None
    max: str | int | float | bool | None = None
    mean: float | None = None
    distinct: int | None = None
    top: list[TopValue] = msgspec.field(default_factory=list)


class SplitStatistics(Answer, frozen=True):
    """A split. `rows` is None when a file's are not known; `read_rows` were read beside what footers say."""

    name: str
    files: int
    bytes: int
    rows: int | None = None
    read_rows: int = 0
    sketched_rows: int = 0
    columns_total: int = 0
    columns: list[ColumnStatistics] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)


class Statistics(Answer, frozen=True):
    """What is known of a data set. `state` is pending, ready, or unavailable, which `reason` explains."""

    version_uid: str
    state: str
    made_at: datetime
    reason: str | None = None
    splits: list[SplitStatistics] = msgspec.field(default_factory=list)


class StatisticsDiff(Answer, frozen=True):
    """What differs between the statistics of two versions."""

    changes: list[FieldChange]
    truncated: bool = False


class Datasets:
    """``client.datasets``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def statistics(self, version: VersionRef, *, wait: float = 0) -> Statistics:
        """What is in a data set. They are made behind the commit.

        :param wait: seconds to wait for them while they are pending.
        :raises NotFound: none were asked for (the version is older than they are): `scan` does.
        """
        uid, until, pause = version_uid(self._api, version), time.monotonic() + wait, _FIRST_PAUSE
        while True:
            found = self._api.call("dataset.statistics", Statistics, uid=uid)
            if found.state != "pending" or time.monotonic() + pause > until:
                return found
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def scan(self, version: VersionRef) -> Statistics:
        """Let them be made, again where there are some."""
        return self._api.call("dataset.scan", Statistics, uid=version_uid(self._api, version))

    def diff(self, before: VersionRef, after: VersionRef) -> StatisticsDiff:
        """What differs between the statistics of two versions. :raises Conflict: those of one are not ready."""
        ends = version_uid(self._api, before), version_uid(self._api, after)
        return self._api.call("dataset.diff", StatisticsDiff, uid=ends[0], other=ends[1])

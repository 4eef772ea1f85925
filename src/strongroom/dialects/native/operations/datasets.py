"""Data sets: what is in them."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.manifests import statistics
from strongroom.application.manifests.statistics import StatisticsDiff, StatisticsView
from strongroom.dialects.native.operation import Request, command, read
from strongroom.dialects.native.operations.versions import Compare
from strongroom.dialects.native.wire import ByUid
from strongroom.domain.identity.roles import Permission


@read(
    "dataset.statistics",
    "/versions/{uid}/statistics",
    Permission.VERSION_BYTES,
    "Rows, columns and what is in them, by split",
    params=ByUid,
    answer=StatisticsView,
)
def show_statistics(call: Call, request: Request[ByUid, Any]) -> StatisticsView:
    return statistics.show(call, request.params.uid)


@command(
    "dataset.scan",
    "POST",
    "/versions/{uid}/statistics",
    Permission.VERSION_REGISTER,
    "Make the statistics of a data set, again where there are some",
    params=ByUid,
    answer=StatisticsView,
)
def scan(call: Call, request: Request[ByUid, Any]) -> StatisticsView:
    return statistics.scan(call, request.params.uid)


@read(
    "dataset.diff",
    "/versions/{uid}/statistics/diff/{other}",
    Permission.VERSION_BYTES,
    "What differs between the statistics of two versions",
    params=Compare,
    answer=StatisticsDiff,
)
def diff_statistics(call: Call, request: Request[Compare, Any]) -> StatisticsDiff:
    return statistics.compare(call, request.params.uid, request.params.other)


OPERATIONS = (
    show_statistics,
    scan,
    diff_statistics,
)

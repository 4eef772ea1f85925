"""What runs record: params, points and tags in batches, and how they are read back.

A batch is one transaction under the run's lock: one stored row, the summaries merged, the chain extended. It leaves
no audit record of its own; `sealing` says how it is covered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest

from strongroom.application.call import Call
from strongroom.application.paging import Key, Page, PageRequest
from strongroom.application.registry.assets import clean_properties, clean_tags
from strongroom.application.tracking import runs
from strongroom.application.tracking.views import KeyedMetricView, LoggedView, PointView, metric_view
from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar, clean_tag_key
from strongroom.domain.tracking.batches import encode_record
from strongroom.domain.tracking.blocks import decode_block
from strongroom.domain.tracking.model import Chain, Run
from strongroom.domain.tracking.values import INTEGER_LARGEST, POINTS_MOST, Param, ParamMode, Point, clean_key, written

PARAMS_MOST = 200
"""Params in one batch."""
SUMMARY_MOST = 500
"""Summary values of one run."""
POINTS_WAITING = 4 * POINTS_MOST
"""Points of one series in memory while a page of it is put together."""


@dataclass(frozen=True, slots=True)
class LogParam:
    """A param from outside. `mode` is once or replace."""

    key: str
    value: str
    mode: str = "once"


@dataclass(frozen=True, slots=True)
class LogPoint:
    """A point of a series from outside; without a time it has that of the transaction, microseconds since 1970."""

    key: str
    value: float
    step: int = 0
    time_us: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is recorded at once: all of it or nothing."""

    params: Sequence[LogParam] = ()
    points: Sequence[LogPoint] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)


def log(call: Call, run_uid: str, batch: Batch) -> LoggedView:
    """Record a batch. An ended run takes tags only. A batch without anything changes nothing.

    Sending the same points again records them again: a client that repeats a request sends its idempotency key.

    :raises Conflict: the run is ended or in the trash; a param that is written once has another value (`key`).
    :raises TooLarge: above 10,000 points or 200 params.
    """
    for what, number, most in (("points", len(batch.points), POINTS_MOST), ("params", len(batch.params), PARAMS_MOST)):
        if number > most:
            raise TooLarge(f"A batch has at most {most} {what}.", limit=most)
    params = [Param.of(param.key, param.value, _mode(param.mode)) for param in batch.params]
    series = _series(call, batch.points)
    tags = clean_tags(batch.tags)
    _, run = runs.locked(call, run_uid, Permission.RUN_WRITE)
    if params or series:
        runs.must_run(run)
    elif not tags:
        return _logged(call.tx.runs.chain(run.id))
    _write_params(call, run, params)
    call.tx.tags.set(call.workspace.id, "run", run.id, tags, call.actor.id)
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, params=params, tags=tags)
    return _logged(call.tx.runs.append(run, record, series))


def _mode(text: str) -> ParamMode:
    try:
        return ParamMode(text)
    except ValueError:
        raise Invalid("A param is written once or replace.") from None


def _series(call: Call, points: Sequence[LogPoint]) -> dict[str, list[Point]]:
    series: dict[str, list[Point]] = {}
    for point in points:
        time_us = call.now if point.time_us is None else point.time_us
        series.setdefault(point.key, []).append(Point.of(point.step, time_us, point.value))
    cleaned: dict[str, list[Point]] = {}
    for key, found in series.items():  # each key is checked once; two spellings may be one key
        cleaned.setdefault(clean_key(key), []).extend(found)
    return cleaned


def _write_params(call: Call, run: Run, params: Sequence[Param]) -> None:
    known = dict(call.tx.runs.params(run, sorted({param.key for param in params}))) if params else {}
    changed: dict[str, Param] = {}
    for param in params:
        after = written(known.get(param.key), param)
        if after != known.get(param.key):
            known[param.key] = changed[param.key] = after
    call.tx.runs.put_params(run, list(changed.values()))


def _logged(chain: Chain) -> LoggedView:
    return LoggedView(chain.count, chain.head)


def remove_tags(call: Call, run_uid: str, keys: Sequence[str]) -> LoggedView:
    """Remove tags of a run, ended or not; keys without a tag do not matter."""
    wanted = [clean_tag_key(key) for key in keys]
    _, run = runs.locked(call, run_uid, Permission.RUN_WRITE)
    removed = call.tx.tags.remove(call.workspace.id, "run", run.id, wanted)
    if not removed:
        return _logged(call.tx.runs.chain(run.id))
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, untagged=removed)
    return _logged(call.tx.runs.append(run, record, {}))


def set_summary(call: Call, run_uid: str, values: Mapping[str, Scalar]) -> LoggedView:
    """Set summary values of a run, ended or not; a null removes its key; others stay.

    :raises TooLarge: above 500 in all.
    """
    clean = clean_properties(values)
    _, run = runs.locked(call, run_uid, Permission.RUN_WRITE)
    if not clean:
        return _logged(call.tx.runs.chain(run.id))
    present = call.tx.tags.properties("run", [run.id]).get(run.id, {})
    if len(present.keys() | clean.keys()) > SUMMARY_MOST:
        raise TooLarge(f"A run has at most {SUMMARY_MOST} summary values.", limit=SUMMARY_MOST)
    call.tx.tags.set_properties(call.workspace.id, "run", run.id, clean)
    return extend_chain(call, run, {"summary": clean})


def extend_chain(call: Call, run: Run, other: Mapping[str, object]) -> LoggedView:
    """Put something else that happened to a run, such as a folder write, into its chain; the caller checked rights.

    :param other: plain JSON: paths, digests, sizes.
    """
    call.tx.runs.lock(run.id)
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, other=other)
    return _logged(call.tx.runs.append(run, record, {}))


def series(call: Call, run_uid: str, key: str, page: PageRequest) -> Page[PointView]:
    """Points of one series by step, then time; those equal in both as they came. An unknown key has no points."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    key = clean_key(key)
    listing = f"series/{run.id}/{key}"
    rows = _points_after(call, run, key, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: row[0])
    return kept.map(lambda row: PointView(row[0][0], row[0][1], row[1]))


_Place = tuple[int, int, int, int]
"""Step, time, position of the block, place in the block: what puts all points of a series in one order."""


def _points_after(call: Call, run: Run, key: str, after: Key | None, limit: int) -> list[tuple[_Place, float]]:
    """Up to `limit` points beyond `after`.

    Blocks come by their least step, so points below the next block's least step are complete: reading stops as soon
    as enough of those are found.
    """
    waiting: list[tuple[_Place, float]] = []
    found: list[tuple[_Place, float]] = []
    from_step = int(str(after[0])) if after else -INTEGER_LARGEST - 1
    for block in call.tx.runs.blocks(run.id, from_step):
        while waiting and waiting[0][0][0] < block.least_step:
            found.append(heappop(waiting))
        if len(found) >= limit:
            return found[:limit]
        for number, point in enumerate(decode_block(block.body, (key,)).get(key, ())):
            place = (point.step, point.time_us, block.position, number)
            if after is None or place > after:
                heappush(waiting, (place, point.value))
        if len(waiting) > POINTS_WAITING:  # all at one step: no more than asked for can still be needed
            waiting = nsmallest(limit, waiting)
    while waiting and len(found) < limit:
        found.append(heappop(waiting))
    return found[:limit]


def latest(call: Call, run_uid: str, prefix: str | None, page: PageRequest) -> Page[KeyedMetricView]:
    """The series of a run in short, by key. `prefix` takes only keys that begin so."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    listing = f"latest/{run.id}/{prefix}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.runs.summaries(run.id, prefix=prefix, after=after, limit=page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row[0],))
    return kept.map(lambda row: KeyedMetricView(row[0], metric_view(row[1])))

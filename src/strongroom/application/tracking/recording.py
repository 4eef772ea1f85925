"""What runs record: params, points and tags in batches, and series in short. `series` reads points back.

A batch is one transaction under the run's lock: one stored row, the summaries merged, the chain extended. It leaves
no audit record of its own; `sealing` says how it is covered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry.assets import clean_properties, clean_tags
from strongroom.application.tracking import rows, runs
from strongroom.application.tracking.other_series import LogOther, other_points
from strongroom.application.tracking.rows import LogRow
from strongroom.application.tracking.views import KeyedMetricView, LoggedView, OtherSeriesView, metric_view
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar, clean_tag_key
from strongroom.domain.tracking.batches import encode_record
from strongroom.domain.tracking.model import Chain, HeldRun, Run
from strongroom.domain.tracking.points import Points
from strongroom.domain.tracking.rows import NOTED, Row, noted
from strongroom.domain.tracking.values import POINTS_MOST, Param, ParamMode, clean_key, written

PARAMS_MOST = 200
"""Params in one batch."""
SUMMARY_MOST = 500
"""Summary values of one run."""


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
class LogSeries:
    """Points of one series from outside, as columns of equal length.

    :param steps: zeros when None. :param times: microseconds since 1970; the transaction's when None.
    """

    key: str
    values: Sequence[float]
    steps: Sequence[int] | None = None
    times: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is recorded at once: all of it or nothing. `series` says the same as `points`, in a form that is quicker.

    :param rows: values that belong together, of other series than those beside them (see `rows`).
    :param late: take it though the run has ended, for clients that know no other way; the next head covers it.
    """

    params: Sequence[LogParam] = ()
    points: Sequence[LogPoint] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    series: Sequence[LogSeries] = ()
    others: Sequence[LogOther] = ()
    late: bool = False
    rows: Sequence[LogRow] = ()


def log(call: Call, run_uid: str, batch: Batch) -> LoggedView:
    """Record a batch. An ended run takes tags only. A batch without anything changes nothing.

    Sending the same points again records them again: a client that repeats a request sends its idempotency key, or
    rows, which are written once.

    :raises Conflict: the run is ended or in the trash; a param that is written once has another value (`key`); a
        series has values of another kind (`key`); a row that is there says something else (`row`).
    :raises TooLarge: above 10,000 points or 200 params.
    """
    _must_fit(batch)
    params = [Param.of(param.key, param.value, _mode(param.mode)) for param in batch.params]
    series = _columns(call, batch)
    tags = clean_tags(batch.tags) if batch.tags else {}
    run = runs.held(call, run_uid)
    new = _join_others(call, run, batch, series)
    if params or series:
        if not batch.late:
            runs.must_run(run)
    elif not tags:
        return _logged(run.chain)
    if params:
        _write_params(call, run, params)
    if tags:
        call.tx.tags.set(call.workspace.id, "run", run.id, tags, call.actor.id)
    other = {NOTED: noted(new)} if new else None
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, params=params, tags=tags, other=other)
    if new:
        rows.keep_rows(call, run, new, run.chain.count)
    return _logged(call.tx.runs.append(run, record, series, run.chain))


def _must_fit(batch: Batch) -> None:
    """:raises TooLarge: more than a batch takes."""
    lengths = [len(batch.points), *(len(s.values) for s in batch.series), *(len(s.values) for s in batch.others)]
    points = sum(lengths)
    for what, number, most in (("points", points, POINTS_MOST), ("params", len(batch.params), PARAMS_MOST)):
        if number > most:
            raise TooLarge(f"A batch has at most {most} {what}.", limit=most)


def _join_others(call: Call, run: HeldRun, batch: Batch, series: dict[str, Points]) -> Sequence[Row]:
    """Add what is no numbers, and rows, to the points of a batch; the rows that are new."""
    for one in batch.others:
        if one.values:
            _join(series, clean_key(one.key), other_points(call, run, one))
    new = rows.new_rows(call, run, batch.rows) if batch.rows else []
    rows.join_rows(series, new)
    return new


def _mode(text: str) -> ParamMode:
    try:
        return ParamMode(text)
    except ValueError:
        raise Invalid("A param is written once or replace.") from None


def _columns(call: Call, batch: Batch) -> dict[str, Points]:
    """The points of a batch by clean key; two spellings may be one key."""
    found: dict[str, Points] = {}
    for one in batch.series:
        if one.values:
            _join(found, clean_key(one.key), _floats(call, one))
    grouped: dict[str, tuple[list[int], list[int], list[float]]] = {}
    for point in batch.points:
        columns = grouped.get(point.key)
        if columns is None:
            columns = grouped[point.key] = ([], [], [])
        columns[0].append(point.step)
        columns[1].append(call.now if point.time_us is None else point.time_us)
        columns[2].append(point.value)
    for key, columns in grouped.items():
        _join(found, clean_key(key), Points.floats(*columns))
    return found


def _floats(call: Call, one: LogSeries) -> Points:
    count = len(one.values)
    steps = [0] * count if one.steps is None else one.steps
    times = [call.now] * count if one.times is None else one.times
    if not len(steps) == len(times) == count:
        raise Invalid("The columns of a series are of one length.", key=one.key)
    return Points.floats(steps, times, one.values)


def _join(found: dict[str, Points], key: str, points: Points) -> None:
    if key in found and found[key].kind is not points.kind:
        raise Conflict(f"The series {key!r} has values of kind {found[key].kind.value}.", key=key)
    found[key] = found[key].joined(points) if key in found else points


def _write_params(call: Call, run: HeldRun, params: Sequence[Param]) -> None:
    known = dict(call.tx.runs.params(run, sorted({param.key for param in params})))
    changed: dict[str, Param] = {}
    for param in params:
        after = written(known.get(param.key), param)
        if after != known.get(param.key):
            known[param.key] = changed[param.key] = after
    call.tx.runs.put_params(run, list(changed.values()))


def _logged(chain: Chain) -> LoggedView:
    return LoggedView(chain.count, chain.head)


def remove_tags(call: Call, run_uid: str, keys: Sequence[str], *, strict: bool = False) -> LoggedView:
    """Remove tags of a run, ended or not; keys without a tag do not matter.

    :raises NotFound: when `strict`: there is none of them.
    """
    wanted = [clean_tag_key(key) for key in keys]
    run = runs.held(call, run_uid)
    removed = call.tx.tags.remove(call.workspace.id, "run", run.id, wanted)
    if not removed and strict:
        raise NotFound("There is no such tag.")
    if not removed:
        return _logged(run.chain)
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, untagged=removed)
    return _logged(call.tx.runs.append(run, record, {}, run.chain))


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


def extend_chain(call: Call, run: Run | HeldRun, other: Mapping[str, object]) -> LoggedView:
    """Put something else that happened to a run, such as a folder write, into its chain; the caller checked rights.

    :param run: one that is held already, and whose chain nothing was added to since, is not read again.
    :param other: plain JSON: paths, digests, sizes.
    """
    chain = run.chain if isinstance(run, HeldRun) else None
    if chain is None:
        call.tx.runs.lock(run.id)
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, other=other)
    return _logged(call.tx.runs.append(run, record, {}, chain))


def latest(call: Call, run_uid: str, prefix: str | None, page: PageRequest) -> Page[KeyedMetricView]:
    """The series of a run in short, by key. `prefix` takes only keys that begin so."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    listing = f"latest/{run.id}/{prefix}"
    after = call.sealer.open(listing, page.token)
    found = call.tx.runs.summaries(run.id, prefix=prefix, after=after, limit=page.size + 1)
    kept = call.sealer.page(listing, found, page.size, lambda row: (row[0],))
    return kept.map(lambda row: KeyedMetricView(row[0], metric_view(row[1])))


def others(call: Call, run_uid: str, prefix: str | None, page: PageRequest) -> Page[OtherSeriesView]:
    """The series of a run whose values are no numbers, in short, by key."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    listing = f"others/{run.id}/{prefix}"
    after = call.sealer.open(listing, page.token)
    found = call.tx.runs.others(run.id, prefix=prefix, after=after, limit=page.size + 1)
    kept = call.sealer.page(listing, found, page.size, lambda row: (row.key,))
    return kept.map(lambda row: OtherSeriesView(row.key, row.kind, row.last, row.step, row.time_us, row.count))

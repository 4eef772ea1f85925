"""Series read back: in pages, as columns, or sampled; of one run or of several at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.tracking import runs
from strongroom.application.tracking.stretches import Place, Span, Stretch, stretches
from strongroom.application.tracking.views import ColumnsView, ComparedView, PointView
from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.blocks import OUTLINED
from strongroom.domain.tracking.points import Gathered, Kind, Points
from strongroom.domain.tracking.sampling import FEWEST, sampled, spread
from strongroom.domain.tracking.values import clean_key

COLUMNS_MOST = 100_000
"""Points in one answer of columns."""
SAMPLES_MOST = 10_000
COMPARED_MOST = 200
"""Series in one comparison: runs times keys."""
COMPARED_POINTS = 200_000
"""Points in one comparison."""
ALL = Span()
HELD_MOST = 1_000_000
"""Points of one series in memory while it is sampled; beyond it what was read so far is thinned first."""


def series(call: Call, run_uid: str, key: str, page: PageRequest) -> Page[PointView]:
    """Points of one series by step, then time; those equal in both as they came. An unknown key has no points."""
    found = columns(call, run_uid, key, limit=page.size, token=page.token)
    if found.kind is not Kind.FLOAT:
        raise Invalid(f"The series has values of kind {found.kind.value}; read it as columns.")
    rows = zip(found.steps, found.times_us, cast("Sequence[float]", found.values), strict=True)
    return Page([PointView(*row) for row in rows], found.next_page_token)


def columns(
    call: Call, run_uid: str, key: str, span: Span = ALL, *, limit: int = COLUMNS_MOST, token: str | None = None
) -> ColumnsView:
    """Up to `limit` points of one series, of any kind, in order. An unknown key has no points.

    :param token: `next_page_token` of the columns before.
    """
    if not 1 <= limit <= COLUMNS_MOST:
        raise Invalid(f"Between 1 and {COLUMNS_MOST} points are read at once, not {limit}.", limit=COLUMNS_MOST)
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    key = clean_key(key)
    listing = f"series/{run.id}/{key}"
    after = cast("Place | None", call.sealer.open(listing, token))
    found, last, more = _some(call, run.id, key, span, after, limit)
    return _view(run_uid, key, found, call.sealer.seal(listing, last) if more and last else None)


def _some(
    call: Call, run_id: int, key: str, span: Span, after: Place | None, limit: int
) -> tuple[Points, Place | None, bool]:
    """Up to `limit` points, where the last of them stands, and whether there are more."""
    found = Gathered()
    before: Stretch | None = None
    blocks = call.tx.runs.blocks(run_id, max(span.least, after[0]) if after else span.least, span.greatest)
    for stretch in stretches(blocks, key, span, after, limit + 1):
        room = limit - len(found)
        if len(stretch.points) > room:
            found.add(stretch.points.slice(0, room))
            if room == 0 and before is not None:
                return found.points(), before.place(len(before.points) - 1), True
            return found.points(), stretch.place(room - 1), True
        if len(stretch.points):
            found.add(stretch.points)
            before = stretch
    return found.points(), None, False


def sample(call: Call, run_uid: str, key: str, count: int, span: Span = ALL) -> ColumnsView:
    """At most `count` points of one series: first, last, least and greatest are always among them.

    Of a series whose values are no numbers they are spread evenly.

    :param count: 4 to 10,000.
    """
    must_be_samples(count)
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    return _sample(call, run.id, run_uid, clean_key(key), count, span)


def must_be_samples(count: int) -> None:
    """:raises Invalid: a number of samples that is not served."""
    if not FEWEST <= count <= SAMPLES_MOST:
        raise Invalid(f"Between {FEWEST} and {SAMPLES_MOST} points are sampled, not {count}.", limit=SAMPLES_MOST)


def _sample(call: Call, run_id: int, run_uid: str, key: str, count: int, span: Span) -> ColumnsView:
    """The outlines of blocks will do when even of them there are more points than wanted; of a span nobody knows."""
    blocks = call.tx.runs.blocks(run_id, span.least, span.greatest)
    outlined = span == ALL and call.tx.runs.count(run_id, key) // OUTLINED >= 2 * count
    found = Gathered()
    for stretch in stretches(blocks, key, span, None, None, outlined=outlined):
        found.add(stretch.points)
        if len(found) > HELD_MOST:
            found.thin(_places(found.points(), HELD_MOST // 4))
    whole = found.points()
    return _view(run_uid, key, whole.only(_places(whole, count)), None)


def _places(points: Points, count: int) -> Sequence[int]:
    return sampled(points.numbers, count) if points.kind is Kind.FLOAT else spread(len(points), count)


@dataclass(frozen=True, slots=True)
class Compare:
    """Which series to put side by side: each key of each run, sampled to at most `samples` points."""

    run_uids: Sequence[str]
    keys: Sequence[str]
    samples: int = 500
    span: Span = ALL


def compare(call: Call, query: Compare) -> ComparedView:
    """Several series at once. A run without points of a key is left out for that key.

    :raises TooLarge: above 200 series or 200,000 points. :raises NotFound: a run is none that the caller may see.
    """
    must_be_samples(query.samples)
    keys = list(dict.fromkeys(clean_key(key) for key in query.keys))
    uids = list(dict.fromkeys(query.run_uids))
    number = len(keys) * len(uids)
    if number > COMPARED_MOST:
        raise TooLarge(f"At most {COMPARED_MOST} series are compared.", limit=COMPARED_MOST)
    if number * query.samples > COMPARED_POINTS:
        raise TooLarge(f"At most {COMPARED_POINTS} points are compared.", limit=COMPARED_POINTS)
    call.ask(Permission.RUN_READ)
    found = []
    for uid in uids:
        _, run = runs.by_uid(call, uid, Permission.RUN_READ)
        views = (_sample(call, run.id, uid, key, query.samples, query.span) for key in keys)
        found += [view for view in views if view.steps]
    return ComparedView(found)


def _view(run_uid: str, key: str, points: Points, token: str | None) -> ColumnsView:
    values: list[float] | list[str] = points.numbers.tolist() if points.kind is Kind.FLOAT else points.words
    return ColumnsView(run_uid, key, points.kind, points.steps.tolist(), points.times.tolist(), values, token)

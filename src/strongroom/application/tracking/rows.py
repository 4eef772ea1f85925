"""Rows of a run: what is logged together under a number, the same write however often it is sent; and read again."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.paging import PAGE_BYTES, Page, PageRequest
from strongroom.application.ports.tracking import RowSpan
from strongroom.application.tracking import runs
from strongroom.domain.errors import Conflict, Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.kinds import clean_value
from strongroom.domain.tracking.merging import contents_of, records_of
from strongroom.domain.tracking.model import HeldRun
from strongroom.domain.tracking.points import Kind, Points
from strongroom.domain.tracking.rows import ROWS_MOST, Row, Value, check_rows, columns, rows_of, stretches_of
from strongroom.domain.tracking.values import POINTS_MOST, clean_key


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row from outside: values of several series by key.

    :param row: its number, 0 or more; behind the greatest of the run when None.
    :param texts: of series of texts. :param json: JSON values, of series of JSON.
    :param step: of all its points; its number when None. :param time_us: the transaction's when None.
    """

    row: int | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, object] = field(default_factory=dict)
    json: Mapping[str, object] = field(default_factory=dict)
    step: int | None = None
    time_us: int | None = None


@dataclass(frozen=True, slots=True)
class RowView:
    """What was logged together. `values` may be NaN or infinite; `json` are texts of JSON."""

    row: int
    step: int
    time_us: int
    values: Mapping[str, float]
    texts: Mapping[str, str]
    json: Mapping[str, str]


def new_rows(call: Call, run: HeldRun, sent: Sequence[LogRow]) -> list[Row]:
    """The rows of a batch that the run has not, in order; those that it has already are the same write again.

    :raises Conflict: the run has a row of that number with other values, or another step (`row`).
    :raises Invalid: numbers that do not ascend, a row without values. :raises TooLarge: more than a batch takes.
    """
    if len(sent) > ROWS_MOST:
        raise TooLarge(f"A batch has at most {ROWS_MOST} rows.", limit=ROWS_MOST)
    rows = _numbered(call, run, sent)
    check_rows(rows)
    if sum(len(row.values) for row in rows) > POINTS_MOST:
        raise TooLarge(f"A batch has at most {POINTS_MOST} points.", limit=POINTS_MOST)
    known = _known(call, run.id, rows) if any(one.row is not None for one in sent) else {}
    for row in rows:
        if row.number in known and not row.is_same(known[row.number]):
            raise Conflict("The run has a row of that number with other values; rows are written once.", row=row.number)
    return [row for row in rows if row.number not in known]


def join_rows(series: dict[str, Points], rows: Sequence[Row]) -> None:
    """Add the points of rows to those of a batch. :raises Invalid: a key stands in rows and beside them."""
    for key, points in columns(rows).items():
        if key in series:
            raise Invalid("In one batch a series stands in rows or outside of them, not both.", key=key)
        series[key] = points


def keep_rows(call: Call, run: HeldRun, rows: Sequence[Row], position: int) -> None:
    """Remember in which batch the rows are."""
    spans = [RowSpan(first, first + count - 1, position) for first, count in stretches_of(row.number for row in rows)]
    call.tx.runs.add_row_spans(run.id, spans)


def _numbered(call: Call, run: HeldRun, sent: Sequence[LogRow]) -> list[Row]:
    behind = call.tx.runs.greatest_row(run.id) + 1 if any(one.row is None for one in sent) else 0
    rows = []
    for one in sent:
        number = behind if one.row is None else one.row
        behind = max(behind, number + 1)
        time_us = call.now if one.time_us is None else one.time_us
        rows.append(Row(number, number if one.step is None else one.step, time_us, _values(one)))
    return rows


def _values(one: LogRow) -> dict[str, Value]:
    found: dict[str, Value] = {}
    told = [(Kind.FLOAT, one.values), (Kind.TEXT, one.texts), (Kind.JSON, one.json)]
    for kind, key, value in ((kind, key, value) for kind, values in told for key, value in values.items()):
        clean = clean_key(key)
        if clean in found:
            raise Invalid("A row has one value of a key.", key=clean)
        found[clean] = kind, float(value) if kind is Kind.FLOAT else clean_value(kind, value)  # type: ignore[arg-type]
    return found


def _known(call: Call, run_id: int, rows: Sequence[Row]) -> dict[int, Row]:
    """Rows of these numbers that the run has."""
    spans: list[RowSpan] = []
    for first, count in stretches_of(row.number for row in rows):
        spans += call.tx.runs.row_spans(run_id, first, first + count - 1, ROWS_MOST)
    wanted = {row.number for row in rows}
    return {row.number: row for row in _read(call, run_id, spans) if row.number in wanted}


def _read(call: Call, run_id: int, spans: Sequence[RowSpan]) -> list[Row]:
    """The rows of some spans, in order; a block is unpacked once, however many of them it has."""
    found: list[Row] = []
    batches: dict[int, list[Row]] = {}
    for span in spans:
        if span.position not in batches:
            block = call.tx.runs.block_of(run_id, span.position)
            said = zip(records_of(block), contents_of(block), strict=True)
            batches = {block.position + n: rows_of(*one) for n, one in enumerate(said)}
        found += [row for row in batches[span.position] if span.first <= row.number <= span.last]
    return found


def listed(call: Call, run_uid: str, page: PageRequest, first: int = 0) -> Page[RowView]:
    """The rows of a run by their numbers, from `first` on; a page ends early where they are large."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    listing = f"rows/{run.id}/{first}"
    place = call.sealer.open(listing, page.token)
    least = first if place is None else int(place[0] or 0) + 1
    spans = call.tx.runs.row_spans(run.id, least, None, page.size + 1)
    views: list[RowView] = []
    weight = 0
    for span in spans:
        for row in _read(call, run.id, [span]):
            if row.number < least:
                continue
            if len(views) == page.size or weight > PAGE_BYTES:
                return Page(views, call.sealer.seal(listing, (views[-1].row,)))
            views.append(_view(row))
            weight += sum(100 + (len(value) if isinstance(value, str) else 0) for _, value in row.values.values())
    return Page(views, None)


def _view(row: Row) -> RowView:
    texts: dict[Kind, dict[str, str]] = {Kind.TEXT: {}, Kind.JSON: {}}
    numbers = {}
    for key, (kind, value) in sorted(row.values.items()):
        if isinstance(value, str):
            texts[kind][key] = value
        else:
            numbers[key] = math.nan if math.isnan(value) else value
    return RowView(row.number, row.step, row.time_us, numbers, texts[Kind.TEXT], texts[Kind.JSON])

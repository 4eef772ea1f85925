"""Streams: numbered lines of a run, such as its console; writing at an existing number replaces it (domain.md N9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.tracking import runs
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.batches import encode_record
from strongroom.domain.tracking.lines import LINES_MOST, NUMBER_LARGEST, clean_lines, combine, digest_of, pack
from strongroom.domain.tracking.values import clean_key

READ_LARGEST = 4 << 20
"""Characters of lines in one answer; what is beyond comes with the next."""


@dataclass(frozen=True, slots=True)
class StreamView:
    """A stream in short: its name, and the number behind its last line."""

    stream: str
    next: int


@dataclass(frozen=True, slots=True)
class WrittenView:
    """Where lines were written: the first of them, and the number behind the stream's last line."""

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class LinesView:
    """Lines of a stream as columns of equal length; numbers that nobody wrote are missing.

    :param next: the number behind the stream's last line.
    :param more_from: where to go on when there are more of the lines that were asked for.
    """

    stream: str
    numbers: Sequence[int]
    lines: Sequence[str]
    next: int
    more_from: int | None


def write_lines(call: Call, run_uid: str, stream: str, lines: Sequence[str], first: int | None = None) -> WrittenView:
    """Write lines one after another.

    :param first: number of the first, from 0; what stands at a number is replaced. None appends.
    :raises Conflict: the run is ended or in the trash.
    """
    name, clean = clean_key(stream), clean_lines(lines)
    if not clean:
        raise Invalid("There is no line to write.")
    if first is not None and not 0 <= first <= NUMBER_LARGEST:
        raise Invalid(f"Lines are numbered from 0 to {NUMBER_LARGEST}.", limit=NUMBER_LARGEST)
    run = runs.held(call, run_uid)
    runs.must_run(run)
    following = call.tx.runs.next_line(run, name)
    start = following if first is None else first
    if start + len(clean) > NUMBER_LARGEST:
        raise Invalid(f"Lines are numbered from 0 to {NUMBER_LARGEST}.", limit=NUMBER_LARGEST)
    row = pack(dict(enumerate(clean, start)), run.chain.count)
    following = max(following, row.last + 1)
    call.tx.runs.put_lines(run, name, row, following)
    said = {"stream": name, "first": start, "count": len(clean), "sha256": digest_of(clean)}
    record = encode_record(recorded_at=call.now, actor=call.caller.uid, other=said)
    call.tx.runs.append(run, record, {}, run.chain)
    return WrittenView(start, following)


def read_lines(
    call: Call, run_uid: str, stream: str, *, first: int | None = None, limit: int = 1_000, tail: int | None = None
) -> LinesView:
    """Lines of a stream by number. An unknown stream has none.

    :param first: number of the first. :param limit: how many numbers, at most 5,000, whether written or not.
    :param tail: instead: so many of the last numbers.
    """
    name = clean_key(stream)
    count = limit if tail is None else tail
    if not 1 <= count <= LINES_MOST:
        raise Invalid(f"Between 1 and {LINES_MOST} lines are read at once, not {count}.", limit=LINES_MOST)
    if first is not None and (tail is not None or not 0 <= first <= NUMBER_LARGEST):
        raise Invalid("Lines are read from a number from 0 on, or else the last ones.")
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    following = call.tx.runs.next_line(run, name)
    start = max(following - tail, 0) if tail is not None else first or 0
    last = min(start + count, following) - 1
    rows = call.tx.runs.line_rows(run, name, start, last) if start <= last else ()
    found = combine(rows)
    numbers = sorted(number for number in found if start <= number <= last)
    shown = _within(numbers, found)
    more_from = numbers[shown] if shown < len(numbers) else last + 1 if start <= last < following - 1 else None
    return LinesView(name, numbers[:shown], [found[number] for number in numbers[:shown]], following, more_from)


def _within(numbers: Sequence[int], found: dict[int, str]) -> int:
    """How many lines an answer takes."""
    total = 0
    for shown, number in enumerate(numbers):
        total += len(found[number])
        if total > READ_LARGEST and shown:
            return shown
    return len(numbers)


def listed(call: Call, run_uid: str, page: PageRequest) -> Page[StreamView]:
    """The streams of a run by name."""
    _, run = runs.by_uid(call, run_uid, Permission.RUN_READ)
    listing = f"streams/{run.id}"
    rows = call.tx.runs.streams(run.id, call.sealer.open(listing, page.token), page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda row: (row[0],)).map(lambda row: StreamView(*row))

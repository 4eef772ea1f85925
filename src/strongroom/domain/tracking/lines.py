"""Lines of a stream packed into rows, and rows that become fewer: a number written again replaces what it held."""

import hashlib
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.artifacts.packing import Reader, put_varint
from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.registry.text import clean_text
from strongroom.domain.tracking.columns import inflate, pack_integers, pack_texts, unpack_integers, unpack_texts

LINE_LONGEST = 4_096
"""Characters of one line."""
LINES_MOST = 5_000
"""Lines in one request."""
NUMBER_LARGEST = 2**40
LARGEST = 5_000
"""Lines in a merged row."""
SIZE_LARGEST = 512 << 10
"""Bytes of the rows that are merged into one."""
FEWEST = 16
"""Rows of a running run's stream that are worth merging."""

_UNPACKED_MOST = 128 << 20
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class LineSize:
    """A stored row of lines without its bytes: numbers `first` to `last`, of which some may be missing.

    :param position: of its batch in the run's chain: of a number that stands in two rows the greater one holds.
    """

    first: int
    position: int
    last: int
    size: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """A stored row of lines."""

    first: int
    position: int
    last: int
    body: bytes


def clean_lines(lines: Sequence[str]) -> list[str]:
    """Lines from outside. A line has no line feed; a carriage return is kept as it is.

    :raises TooLarge: above 5,000 lines. :raises Invalid: a line feed, NUL, lone surrogates, above 4,096 characters.
    """
    if len(lines) > LINES_MOST:
        raise TooLarge(f"At most {LINES_MOST} lines are written at once.", limit=LINES_MOST)
    for line in lines:
        if "\n" in line:
            raise Invalid("A line has no line feed.")
        clean_text(line, what="line", longest=LINE_LONGEST)
    return list(lines)


def digest_of(lines: Sequence[str]) -> str:
    """SHA-256 of lines, each followed by a line feed: what the run's chain covers of them."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def pack(lines: Mapping[int, str], position: int) -> LineRow:
    """A row of at least one line, by number."""
    numbers = sorted(lines)
    coding, column = pack_integers(array("q", numbers))
    out = bytearray()
    put_varint(out, len(numbers))
    out.append(coding)
    put_varint(out, len(column))
    texts = pack_texts([lines[number] for number in numbers])
    return LineRow(numbers[0], position, numbers[-1], zlib.compress(bytes(out) + column + texts, _LEVEL))


def unpack(row: LineRow) -> dict[int, str]:
    """The lines of a row, by number. :raises Corrupted: bytes that are none."""
    reader = Reader(inflate(row.body, _UNPACKED_MOST))
    count = reader.varint()
    if not 0 < count <= LARGEST:
        raise Corrupted("A row of lines says that it holds more than one may.")
    coding = reader.take(1)[0]
    numbers = unpack_integers(coding, reader.take(reader.varint()), count)
    return dict(zip(numbers, unpack_texts(reader.data[reader.at :], count), strict=True))


def combine(rows: Sequence[LineRow]) -> dict[int, str]:
    """What stands in some rows: of a number that stands in several, the text of the greatest position."""
    found: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row.position):
        found |= unpack(row)
    return found


def merge(rows: Sequence[LineRow]) -> LineRow:
    """One row out of some; every row that overlaps one of them must be among them."""
    return pack(combine(rows), max(row.position for row in rows))


def plan(rows: Sequence[LineSize], *, ended: bool, whole: bool) -> list[list[LineSize]]:
    """Which rows of a stream to merge: neighbours, closed over those that overlap.

    :param rows: those with the greatest `last`. :param whole: they are all there are; else rows that reach below
        what is known are left alone.
    """
    known_from = None if whole or not rows else min(row.last for row in rows)
    groups: list[list[_Cluster]] = [[]]
    for cluster in _clusters(rows):
        if known_from is not None and cluster[0].first <= known_from:
            continue
        if groups[-1] and not _fits([*groups[-1], cluster]):
            groups.append([])
        groups[-1].append(cluster)
    found = (_rows(group if ended else _grown(group)) for group in groups)
    return [group for group in found if len(group) >= (2 if ended else FEWEST) and _lines(group) <= LARGEST]


_Cluster = list[LineSize]


def _clusters(rows: Sequence[LineSize]) -> list[_Cluster]:
    """Rows by their first number, those that overlap together."""
    found: list[_Cluster] = []
    reach = -1
    for row in sorted(rows, key=lambda row: (row.first, row.position)):
        if found and row.first <= reach:
            found[-1].append(row)
        else:
            found.append([row])
        reach = max(reach, row.last)
    return found


def _rows(clusters: Sequence[_Cluster]) -> list[LineSize]:
    return [row for cluster in clusters for row in cluster]


def _lines(rows: Sequence[LineSize]) -> int:
    """How many lines rows hold at most; those that overlap are counted once."""
    return sum(max(row.last for row in cluster) - cluster[0].first + 1 for cluster in _clusters(rows))


def _fits(clusters: Sequence[_Cluster]) -> bool:
    rows = _rows(clusters)
    return _lines(rows) <= LARGEST and sum(row.size for row in rows) <= SIZE_LARGEST


def _grown(group: Sequence[_Cluster]) -> list[_Cluster]:
    """The end of a group, without rows that are larger than all behind them together."""
    kept: list[_Cluster] = []
    total = 0
    for cluster in reversed(group):
        weight = sum(row.size for row in cluster)
        if kept and weight > total and len(_rows(kept)) >= FEWEST:
            break
        kept.append(cluster)
        total += weight
    kept.reverse()
    return kept

"""What is known of columns and splits while their files are read. Runs in the reading program; see `child`."""

import datetime as dt
import decimal
import hashlib
import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

TEXT_LONGEST: Final = 200
NAME_LONGEST: Final = 512
SKETCH: Final = 1024
TOP_KEPT: Final = 1_000
TOP_SHOWN: Final = 10
NOTES_MOST: Final = 100
INTEGER_LARGEST: Final = 2**53 - 1


@dataclass(slots=True)
class Column:
    """What is known of a column so far. `sketch` holds the least hashes seen, so that distinct values can be told."""

    name: str
    type: str
    nullable: bool
    nulls: int | None = 0
    least: Any = None
    greatest: Any = None
    values: int = 0
    total: float = 0.0
    numbers: bool = False
    sketch: list[int] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    top: Counter[str] | None = None

    def bounds(self, least: Any, greatest: Any) -> None:  # noqa: ANN401 - any value
        """Widen the range; values that cannot be compared with it are left out."""
        try:
            if least is not None and least == least and (self.least is None or least < self.least):  # noqa: PLR0124 - NaN
                self.least = least
            if greatest is not None and greatest == greatest and (self.greatest is None or greatest > self.greatest):  # noqa: PLR0124
                self.greatest = greatest
        except TypeError:
            return

    def meet(self, value: object) -> None:
        """Note a value for the number of distinct ones: the `SKETCH` least hashes are kept."""
        digest = int.from_bytes(hashlib.blake2b(repr(value).encode(errors="replace"), digest_size=8).digest(), "big")
        if digest in self.seen:
            return
        if len(self.sketch) < SKETCH:
            heapq.heappush(self.sketch, -digest)
            self.seen.add(digest)
        elif digest < -self.sketch[0]:
            self.seen.discard(-heapq.heapreplace(self.sketch, -digest))
            self.seen.add(digest)

    def distinct(self) -> int | None:
        """About how many distinct values were met; exactly when they are fewer than `SKETCH`."""
        if not self.sketch:
            return None
        if len(self.sketch) < SKETCH:
            return len(self.sketch)
        return round((SKETCH - 1) * 2**64 / -self.sketch[0])

    def count(self, values: dict[str, int]) -> None:
        """Note how often texts occur; the rarest are forgotten when there are too many."""
        if self.top is None:
            self.top = Counter()
        self.top.update(values)
        if len(self.top) > 2 * TOP_KEPT:
            self.top = Counter(dict(self.top.most_common(TOP_KEPT)))

    def told(self) -> dict[str, Any]:
        """As JSON."""
        top = self.top.most_common(TOP_SHOWN) if self.top else None
        return {
            "name": self.name[:NAME_LONGEST],
            "type": self.type[:TEXT_LONGEST],
            "nullable": self.nullable,
            "nulls": self.nulls,
            "min": plain(self.least),
            "max": plain(self.greatest),
            "mean": plain(self.total / self.values) if self.numbers and self.values else None,
            "distinct": self.distinct(),
            "top": [{"value": value, "count": count} for value, count in top] if top else None,
        }


@dataclass(slots=True)
class Split:
    """What is known of a split so far. `rows` is None once a file's rows are not known."""

    name: str
    limits: dict[str, int]
    files: int = 0
    bytes: int = 0
    rows: int | None = 0
    read_rows: int = 0
    sketched_rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    columns_total: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something about a file."""
        if len(self.notes) < NOTES_MOST:
            self.notes.append(text[:500])

    def schema(self, schema: Any, path: str) -> dict[str, Column]:  # noqa: ANN401 - an Arrow schema
        """The columns of a file by name, those of a type that the split's first file has."""
        self.columns_total = max(self.columns_total, len(schema))
        mine: dict[str, Column] = {}
        for place, arrow in zip(range(self.limits["columns"]), schema, strict=False):
            known = self.columns.get(arrow.name)
            if known is None and len(self.columns) < self.limits["columns"]:
                known = self.columns[arrow.name] = Column(arrow.name, str(arrow.type), arrow.nullable)
                if place and self.files > 1:
                    self.note(f"{path}: has a column {arrow.name[:80]!r} that the file before had not")
            if known is not None and known.type == str(arrow.type)[:TEXT_LONGEST]:
                mine[arrow.name] = known
            elif known is not None:
                self.note(f"{path}: column {arrow.name[:80]!r} is {str(arrow.type)[:80]}, not {known.type[:80]}")
        return mine

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "files": self.files,
            "bytes": self.bytes,
            "rows": self.rows,
            "read_rows": self.read_rows,
            "sketched_rows": self.sketched_rows,
            "columns_total": self.columns_total,
            "columns": [column.told() for column in self.columns.values()],
            "notes": self.notes,
        }


def plain(value: object) -> object:
    """A value as JSON has it: numbers where they are exact, everything else as a text of bounded length."""
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= INTEGER_LARGEST:
            return value
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return value[: TEXT_LONGEST // 2].hex()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case decimal.Decimal() | int() | dt.timedelta():
            return str(value)[:TEXT_LONGEST]
    return clean(str(value))


def clean(text: str) -> str:
    """A text that any store takes."""
    return text[:TEXT_LONGEST].replace("\0", "\ufffd").encode(errors="replace").decode()

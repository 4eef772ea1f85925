"""Statistics of a data set: rows, columns and what is in them, by split.

A program that is not trusted makes them, so they are checked like anything else from outside.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from strongroom.domain.manifests import changes, document
from strongroom.domain.manifests.changes import Changes
from strongroom.domain.manifests.cursor import NAME_LONGEST, Cursor, Fields, Found
from strongroom.domain.manifests.dataset import SPLITS_MOST

LARGEST: Final = document.LARGEST
"""Bytes of the statistics of a data set."""
COLUMNS_MOST: Final = 1_000
TEXT_LONGEST: Final = 512
NOTES_MOST: Final = 100

Value = str | int | float | bool | None
"""The least or greatest value of a column: a number where JSON keeps it exact, else a text, which may be cut."""


@dataclass(frozen=True, slots=True)
class TopValue:
    """A text that occurs often, with how often it was met."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """A column of a split.

    :ivar type: Arrow's word for it. :ivar nulls: null when nobody said. :ivar mean: of the finite numbers that were
        read. :ivar distinct: about how many values are distinct among the rows that were sketched. :ivar top: texts
        that occur most often among them.
    """

    name: str
    type: str
    nullable: bool
    nulls: int | None
    min: Value
    max: Value
    mean: float | None
    distinct: int | None
    top: tuple[TopValue, ...]


@dataclass(frozen=True, slots=True)
class SplitStatistics:
    """A split.

    :ivar rows: null when a file's are not known. :ivar read_rows: those that were read, beside what footers say.
    :ivar sketched_rows: those that `distinct` and `top` come from. :ivar columns_total: columns that there are, of
        which at most 1,000 are told. :ivar notes: what could not be read, and why.
    """

    name: str
    files: int
    bytes: int
    rows: int | None
    read_rows: int
    sketched_rows: int
    columns_total: int
    columns: tuple[ColumnStatistics, ...]
    notes: tuple[str, ...]


def parse(data: bytes) -> tuple[SplitStatistics, ...]:
    """Read statistics as the reading program writes them.

    :raises BadManifest: anything else; `details["path"]` names the place.
    """
    fields = Cursor(document.loads(data), Found()).fields("splits")
    return tuple(_split(one) for one in fields["splits"].items(SPLITS_MOST + 1))


def _split(cursor: Cursor) -> SplitStatistics:
    fields = cursor.fields(
        "name", "files", "bytes", "rows", "read_rows", "sketched_rows", "columns_total", "columns", "notes"
    )
    rows = fields.get("rows")
    return SplitStatistics(
        name=fields["name"].text(NAME_LONGEST),
        files=fields["files"].integer(),
        bytes=fields["bytes"].integer(),
        rows=rows.integer() if rows else None,
        read_rows=fields["read_rows"].integer(),
        sketched_rows=fields["sketched_rows"].integer(),
        columns_total=fields["columns_total"].integer(),
        columns=tuple(_column(one) for one in fields["columns"].items(COLUMNS_MOST)),
        notes=tuple(one.text(TEXT_LONGEST, 0) for one in fields["notes"].items(NOTES_MOST)),
    )


def _column(cursor: Cursor) -> ColumnStatistics:
    fields = cursor.fields("name", "type", "nullable", "nulls", "min", "max", "mean", "distinct", "top")
    nulls, mean, distinct, top = (fields.get(name) for name in ("nulls", "mean", "distinct", "top"))
    return ColumnStatistics(
        name=fields["name"].text(TEXT_LONGEST, 0),
        type=fields["type"].text(TEXT_LONGEST, 0),
        nullable=fields["nullable"].flag(),
        nulls=nulls.integer() if nulls else None,
        min=_value(fields, "min"),
        max=_value(fields, "max"),
        mean=mean.real(-1.8e308, 1.8e308) if mean else None,
        distinct=distinct.integer() if distinct else None,
        top=tuple(map(_top, top.items())) if top else (),
    )


def _value(fields: Fields, name: str) -> Value:
    found = fields[name]
    if isinstance(found.value, str):
        return found.text(TEXT_LONGEST, 0)
    if found.value is not None and not isinstance(found.value, bool | int | float):
        found.fail("must be a plain value.")
    return found.value


def _top(cursor: Cursor) -> TopValue:
    fields = cursor.fields("value", "count")
    return TopValue(fields["value"].text(TEXT_LONGEST, 0), fields["count"].integer())


def between(before: tuple[SplitStatistics, ...], after: tuple[SplitStatistics, ...]) -> Changes:
    """What differs between the statistics of two versions, split by split and column by column."""
    return changes.of_values(_by_name(before), _by_name(after))


def _by_name(splits: tuple[SplitStatistics, ...]) -> Mapping[str, document.Plain]:
    return {
        split.name: {
            **{name: getattr(split, name) for name in ("files", "bytes", "rows")},
            "columns": {column.name: _plain(column) for column in split.columns},
        }
        for split in splits
    }


def _plain(column: ColumnStatistics) -> Mapping[str, document.Plain]:
    told = asdict(column)
    return {name: told[name] for name in ("type", "nullable", "nulls", "min", "max", "mean", "distinct")}

"""Parts that are each common and rarely meet: found out by a look at the head of the walk, answered by what they share.

A walk along an order reads as many rows as it takes to fill a page, so it is quick where many rows fit and reads all
there are where few do. No count of a single part tells which; a few hundred rows from where the walk would begin do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, intersect, select

from strongroom.adapters.sql.search import walks
from strongroom.adapters.sql.search.asked import Asked
from strongroom.adapters.sql.search.candidates import Probe
from strongroom.adapters.sql.search.conditions import condition
from strongroom.adapters.sql.search.residual import is_one_of
from strongroom.adapters.sql.search.scope import TABLES
from strongroom.domain.search.ast import And, Expr

HEAD_ROWS = 500
"""Rows at the head of a walk that tell how many of those behind them fit."""
WALKED_MOST = 2_000
"""Rows that a walk may be expected to read for a page before anything else is looked at."""
PER_ROW = 10
"""Entries of indexes that are laid over one another in the time in which a walk checks one row."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the first rows of a walk tell.

    :param far: about how many rows it would read before a page is full.
    :param shares: of each part, which share of the rows fits it.
    """

    far: float
    shares: Mapping[Expr, float]


def only(asked: Asked, parts: Sequence[Expr]) -> Asked:
    """The same question with some of its parts alone, for the head of its walk."""
    where = None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))
    return replace(asked, query=replace(asked.query, where=where), limit=HEAD_ROWS)


def bounding(asked: Asked) -> list[Expr]:
    """The parts by which a walk along the order's index begins and ends."""
    return [part for part in asked.parts if asked.query.order and walks.bounds(asked, part)]


def look(connection: Connection, asked: Asked, head: Sequence[int]) -> Head:
    """Ask of the first rows of a walk which parts they fit."""
    if len(head) < HEAD_ROWS:
        return Head(len(head), {})
    columns = [condition(asked.scope, part).label(f"p{n}") for n, part in enumerate(asked.parts)]
    looked = select(*columns).select_from(TABLES[asked.scope.entity]).where(is_one_of(asked.scope, head))
    rows = connection.execute(looked).all()
    hits = sum(all(row) for row in rows)
    shares = {part: sum(row[n] or 0 for row in rows) / len(rows) for n, part in enumerate(asked.parts)}
    return Head(asked.limit * len(rows) / max(hits, 0.5), shares)


@dataclass(frozen=True, slots=True)
class Shared:
    """The ids that one index finds, or that two share.

    :param known: parts that all of them fit. :param weight: what finding and checking them takes, in rows of a walk.
    """

    ids: Select[Any]
    known: tuple[Expr, ...]
    weight: float


def shared(found: Sequence[Probe], sizes: Mapping[Expr, float], rows: int) -> Shared:
    """What the two shortest indexes share, or what one finds.

    :param sizes: about how many rows fit each part, of so many `rows`.
    """
    one, *others = sorted(found, key=lambda probe: sizes[probe.part])
    first = sizes[one.part]
    alone = Shared(one.ids, one.known, first)
    single = [probe for probe in others if len(probe.queries) == 1]
    if not single or len(one.queries) > 1:
        return alone
    other = single[0]
    both = intersect(select(one.ids.subquery().c.id), select(other.ids.subquery().c.id)).subquery("met")
    weight = (first + sizes[other.part]) / PER_ROW + first * sizes[other.part] / max(rows, 1)
    met = Shared(select(both.c.id), (*one.known, *other.known), weight)
    return met if weight < alone.weight else alone

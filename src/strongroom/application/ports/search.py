"""What the application asks of the database to search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.search.ast import Expr, OrderTerm
from strongroom.domain.search.schema import Entity
from strongroom.domain.tracking.figures import FigureRow, Figures


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question. `where` and `order` passed `domain.search.schema.check`.

    :param order: when empty, as they were made, the latest first.
    :param state: as in the entity's listing (active, trashed, all, ...).
    :param experiment_ids: the experiments of runs; None for all that are visible and not in the trash.
    :param at: aliases, stages and tags as they were then, microseconds UTC; None for now.
    """

    entity: Entity
    workspace_id: int
    visible: Visible
    where: Expr | None
    order: tuple[OrderTerm, ...]
    state: str = "active"
    experiment_ids: tuple[int, ...] | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that fits, and its place in the order: what a page token holds."""

    id: int
    key: Key


class Search(Protocol):
    """Rows that fit a question, in its order."""

    def find(self, query: Query, after: Key | None, limit: int) -> Sequence[Hit]:
        """At most `limit` hits after a place; what has no value to order by comes last, ties by id.

        :raises Invalid: it would have to look at too many rows.
        """
        ...

    def count(self, query: Query) -> int:
        """How many rows fit; regular expressions are not for this.

        :raises Invalid: it would have to look at too many rows, or has an expression.
        """
        ...

    def figures(self, query: Query, of: Figures, limit: int) -> Sequence[FigureRow]:
        """At most `limit` groups of what fits, by time and what they are grouped by; of traces.

        :raises Invalid: it would have to look at too many rows, or has an expression.
        """
        ...

    def matches(self, pattern: str, text: str) -> bool:
        """Whether an RE2 expression is found in a text, outside any search. :raises Invalid: it is none."""
        ...

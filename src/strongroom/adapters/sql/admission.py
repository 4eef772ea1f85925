"""Facts that every call begins with, remembered for as long as the database says that none changed (decision 25).

One keyed read tells the mark of the transaction's own snapshot; facts found under the same mark before are true in it.
`tables/access_mark.py` says when the mark is replaced. Where it is not watched over (triggers that were left out of a
copy of the database), nothing is remembered.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Select, bindparam, func, select, text

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.tables.access_mark import access_mark, triggers

T = TypeVar("T")

FACTS_MOST: Final = 5_000
"""Facts that one process remembers; when there would be more, it begins anew."""
GRANTS_MOST: Final = 100
"""Grants of one holder that are remembered; of one who has more they are read each time."""

_TRIGGERS = {
    "sqlite": text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'access_mark_%'"),
    "postgresql": text(
        "SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE tgname LIKE 'access_mark_%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(pg_class.oid)"
    ),
}


def _marked() -> Select[Any]:
    return select(access_mark.c.mark).where(access_mark.c.id == bindparam("row"))


_MARK = {
    "sqlite": Prepared(_marked()),
    # the mark is replaced as a transaction commits: one that has written something may have changed facts before
    "postgresql": Prepared(_marked().where(func.txid_current_if_assigned().is_(None))),
}


class RememberedFacts:
    """The facts of one process, under the mark that they were found at. Thread-safe: what is kept is swapped whole."""

    def __init__(self) -> None:
        self._kept: tuple[str, dict[Hashable, Any]] = ("", {})
        self._watched: bool | None = None

    def at(self, connection: Connection) -> "Facts":
        """Those that are true in this transaction, as far as it has come."""
        if self._watched is None:
            self._watched = _is_watched(connection)
        mark = _mark_of(connection) if self._watched else None
        if mark is None:
            return Facts(None, {})
        known, facts = self._kept
        if known != mark or len(facts) >= FACTS_MOST:
            facts = {}
            self._kept = mark, facts
        return Facts(mark, facts)


class Facts:
    """Facts of one snapshot."""

    def __init__(self, mark: str | None, found: dict[Hashable, Any]) -> None:
        self._mark = mark
        self._found = found

    def get(
        self,
        connection: Connection,
        key: Hashable,
        find: Callable[[], T | None],
        keep: Callable[[T], bool] = lambda _: True,
    ) -> T | None:
        """A fact; one that is not known is found, and remembered unless something changed meanwhile.

        :param keep: whether it is small enough.
        """
        known: T | None = self._found.get(key)
        if known is not None:
            return known
        found = find()
        if found is not None and self._mark is not None and keep(found) and _mark_of(connection) == self._mark:
            self._found[key] = found
        return found


def _mark_of(connection: Connection) -> str | None:
    row = _MARK[connection.dialect.name].one(connection, row=1)
    return None if row is None else str(row[0])


def _is_watched(connection: Connection) -> bool:
    of = connection.dialect.name
    found: int = connection.execute(_TRIGGERS[of]).scalar_one()
    return found == sum("TRIGGER" in statement for statement in triggers(of))

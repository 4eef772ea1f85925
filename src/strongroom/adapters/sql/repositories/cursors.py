"""How far readers of the feed have come, in SQL."""

from sqlalchemy import select, update

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import feed_cursor


class SqlCursors(Repository):
    """See :class:`strongroom.application.ports.collaboration.Cursors`."""

    def get(self, name: str) -> int:
        found = self._connection.execute(select(feed_cursor.c.after).where(feed_cursor.c.name == name)).scalar()
        return -1 if found is None else int(found)

    def claim(self, name: str) -> int | None:
        self._insert_ignore(feed_cursor, [{"name": name, "after": -1}])
        mine = select(feed_cursor.c.after).where(feed_cursor.c.name == name)
        found = self._connection.execute(mine.with_for_update(skip_locked=True)).scalar()
        return None if found is None else int(found)

    def move(self, name: str, after: int) -> None:
        self._connection.execute(update(feed_cursor).where(feed_cursor.c.name == name).values(after=after))

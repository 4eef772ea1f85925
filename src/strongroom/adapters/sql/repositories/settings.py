"""Settings of the whole server in SQL."""

from sqlalchemy import delete, select, update

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import setting


class SqlSettings(Repository):
    """See :class:`strongroom.application.ports.identity.Settings`."""

    def get(self, key: str) -> str | None:
        return self._connection.execute(select(setting.c.value).where(setting.c.key == key)).scalar_one_or_none()

    def put(self, key: str, value: str) -> None:
        self._upsert(setting, [{"key": key, "value": value}], ["key"])

    def replace(self, key: str, seen: str | None, value: str) -> bool:
        if seen is None:
            return self._insert_ignore(setting, [{"key": key, "value": value}]) == 1
        # PostgreSQL compares again when it has waited for another's change of the row
        statement = update(setting).where(setting.c.key == key, setting.c.value == seen).values(value=value)
        return self._connection.execute(statement).rowcount == 1

    def take(self, key: str) -> str | None:
        statement = delete(setting).where(setting.c.key == key).returning(setting.c.value)
        return self._connection.execute(statement).scalar_one_or_none()

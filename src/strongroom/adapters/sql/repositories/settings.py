"""Settings of the whole server in SQL."""

from sqlalchemy import delete, select

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import setting


class SqlSettings(Repository):
    """See :class:`strongroom.application.ports.identity.Settings`."""

    def get(self, key: str) -> str | None:
        return self._connection.execute(select(setting.c.value).where(setting.c.key == key)).scalar_one_or_none()

    def put(self, key: str, value: str) -> None:
        self._upsert(setting, [{"key": key, "value": value}], ["key"])

    def take(self, key: str) -> str | None:
        statement = delete(setting).where(setting.c.key == key).returning(setting.c.value)
        return self._connection.execute(statement).scalar_one_or_none()

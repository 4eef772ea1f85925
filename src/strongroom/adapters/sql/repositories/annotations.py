"""Annotations in SQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json
from strongroom.adapters.sql.tables import annotation, version


class SqlAnnotations(Repository):
    """See :class:`strongroom.application.ports.annotations.Annotations`."""

    def of(self, object_kind: str, object_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        found: dict[int, Mapping[str, Any]] = {}
        for batch in batches(object_ids):
            query = select(annotation.c.object_id, annotation.c.body).where(
                annotation.c.object_kind == object_kind, annotation.c.object_id.in_(batch)
            )
            found.update((row.object_id, json.loads(row.body)) for row in self._connection.execute(query))
        return found

    def put(self, object_kind: str, object_id: int, body: Mapping[str, Any]) -> None:
        row = {
            "object_kind": object_kind,
            "object_id": object_id,
            "body": dump_json(body),
            "recorded_at": self._context.now(),
        }
        self._upsert(annotation, [row], ["object_kind", "object_id"])

    def remove(self, object_kind: str, object_id: int) -> None:
        self._connection.execute(
            delete(annotation).where(annotation.c.object_kind == object_kind, annotation.c.object_id == object_id)
        )

    def erase_of(self, asset_id: int) -> None:
        versions = select(version.c.id).where(version.c.asset_id == asset_id)
        self.remove("asset", asset_id)
        self._connection.execute(
            delete(annotation).where(annotation.c.object_kind == "version", annotation.c.object_id.in_(versions))
        )

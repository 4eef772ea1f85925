"""Cards in SQL."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.tables import asset_card
from strongroom.application.ports.cards import StoredCard


class SqlCards(Repository):
    """See :class:`strongroom.application.ports.cards.Cards`."""

    def of(self, asset_ids: Sequence[int]) -> Mapping[int, StoredCard]:
        found: dict[int, StoredCard] = {}
        for batch in batches(asset_ids):
            for row in self._connection.execute(select(asset_card).where(asset_card.c.asset_id.in_(batch))):
                found[row.asset_id] = StoredCard(row.sha256, json.loads(row.data), json.loads(row.bases))
        return found

    def put(self, asset_id: int, card: StoredCard | None) -> None:
        self._connection.execute(delete(asset_card).where(asset_card.c.asset_id == asset_id))
        if card is not None:
            values = {"sha256": card.sha256, "data": json.dumps(card.data), "bases": json.dumps(list(card.bases))}
            self._connection.execute(insert(asset_card).values(asset_id=asset_id, **values))

"""What the application asks of the database for cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.domain.registry.card import CardValue


@dataclass(frozen=True, slots=True)
class StoredCard:
    """What the card on an asset's `main` says.

    :param bases: uids of what it names as bases: versions, or assets that had none yet.
    """

    sha256: str
    data: Mapping[str, CardValue]
    bases: Sequence[str]


class Cards(Protocol):
    """The head of the README.md on `main`, one an asset; made again from the file whenever that changes."""

    def of(self, asset_ids: Sequence[int]) -> Mapping[int, StoredCard]: ...
    def put(self, asset_id: int, card: StoredCard | None) -> None:
        """Write what a card says; None takes it away."""
        ...

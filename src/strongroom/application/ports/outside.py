"""What the application asks of places that are not ours."""

from dataclasses import dataclass
from typing import Protocol

from strongroom.domain.artifacts.pins import Observed


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at an object came to: what is there, or a word that says why nothing can be told."""

    seen: Observed | None
    reason: str = ""


class Outside(Protocol):
    """Asks about objects elsewhere, and reaches no place that the operator does not allow."""

    async def look(self, uri: str) -> Look:
        """Never raises for what the address or its server does."""
        ...

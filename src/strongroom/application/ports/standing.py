"""What the application asks of the database for a replay: what the live tables say stands, now or at a time."""

from collections.abc import Sequence
from typing import Protocol

from strongroom.domain.audit.state import Fact, Kind

Place = int | str


class StandingFacts(Protocol):
    """The live tables as facts."""

    def page(
        self, kind: Kind, at: int | None, now: int, after: Place | None, limit: int
    ) -> Sequence[tuple[Place, Fact]]:
        """Facts of a kind in an order of their own, each with its place in it.

        :param at: microseconds UTC; None is the present, which `now` says. :param after: the place of the last one.
        """
        ...

"""How many requests of one process may wait for events."""

import weakref
from typing import Final

from strongroom.domain.errors import TooManyRequests

STREAMS_MOST: Final = 64


class Slot:
    """The right to wait; it ends by `close`, or when nobody holds it any more."""

    def __init__(self, slots: "weakref.WeakSet[Slot]") -> None:
        self._slots = slots
        slots.add(self)

    def close(self) -> None:
        """Give it back."""
        self._slots.discard(self)


class Waiting:
    """Bounds how many requests of this process wait for events."""

    def __init__(self, most: int = STREAMS_MOST) -> None:
        self._most = most
        self._slots: weakref.WeakSet[Slot] = weakref.WeakSet()

    def take(self) -> Slot:
        """:raises TooManyRequests: as many as may do wait already."""
        if len(self._slots) >= self._most:
            raise TooManyRequests("Too many clients wait for events here; try again later.", limit=self._most)
        return Slot(self._slots)

"""Time, ids and randomness of the machine, behind the one port that asks for them."""

from strongroom.adapters.identity.random import Identifiers, SystemClock, SystemRandom


class MachineClock:
    """See :class:`strongroom.application.ports.execution.Clock`."""

    def __init__(self) -> None:
        self._clock, self._random = SystemClock(), SystemRandom()
        self._identifiers = Identifiers(self._clock, self._random)

    def now_us(self) -> int:
        """Microseconds since 1970, UTC, strictly increasing within this process."""
        return self._clock.now_us()

    def new_uid(self) -> str:
        """A fresh UUIDv7."""
        return self._identifiers.new_uid()

    def random_bytes(self, count: int) -> bytes:
        """`count` bytes that nobody can guess."""
        return self._random.token_bytes(count)

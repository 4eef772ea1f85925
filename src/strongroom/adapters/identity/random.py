"""What the domain may not have: the time, randomness, and the ids made of both."""

import secrets
import threading
import time
import uuid
from collections.abc import Callable
from typing import Final

_MICROSECONDS_A_MILLISECOND: Final = 1000
_SUB_MILLISECOND: Final = 4096


class SystemClock:
    """The system's clock in microseconds, made strictly increasing within this process.

    Two calls never answer the same; when the system's clock is set back, time goes on by a microsecond a call until
    the system has caught up.

    :param read: nanoseconds since 1970 in UTC; the system's by default.
    """

    def __init__(self, read: Callable[[], int] = time.time_ns) -> None:
        self._read, self._last, self._lock = read, 0, threading.Lock()

    def now_us(self) -> int:
        """Microseconds since 1970 in UTC."""
        with self._lock:
            self._last = max(self._last + 1, self._read() // 1000)
            return self._last


class SystemRandom:
    """The operating system's source of randomness."""

    def token_bytes(self, count: int) -> bytes:
        """`count` bytes fit for keys and tokens."""
        return secrets.token_bytes(count)


class Identifiers:
    """Makes uids: UUIDv7 (RFC 9562, 5.7), in increasing order within this process.

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562, 6.2, method 3), 62 bits are random.
    """

    def __init__(self, clock: SystemClock, random: SystemRandom) -> None:
        self._clock, self._random = clock, random

    def new_uid(self) -> str:
        """A fresh uid, 36 characters, lower case with hyphens."""
        milliseconds, rest = divmod(self._clock.now_us(), _MICROSECONDS_A_MILLISECOND)
        fraction = rest * _SUB_MILLISECOND // _MICROSECONDS_A_MILLISECOND
        tail = int.from_bytes(self._random.token_bytes(8), "big") >> 2
        return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail))

"""What was read of content that cannot change: kept for a while under that content's digest, in a bounded space."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Final, Generic, TypeVar

V = TypeVar("V")

COUNT_MOST: Final = 512
WEIGHT_MOST: Final = 8 * 1024 * 1024
"""Bytes of the documents that values were read from, as a measure of what the values take."""


class Cache(Generic[V]):
    """The values used last. Thread-safe.

    Only values that their key determines for ever may be put: nothing is ever taken out because it changed.
    """

    def __init__(self, count: int = COUNT_MOST, weight: int = WEIGHT_MOST) -> None:
        self._count, self._weight = count, weight
        self._held = 0
        self._found: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, which is then the one used last."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V, weight: int) -> V:
        """Keep a value, unless it alone is too heavy; the ones not used for longest make room. Returns it."""
        if weight > self._weight:
            return value
        with self._lock:
            self._drop(key)
            self._found[key] = (value, weight)
            self._held += weight
            while self._held > self._weight or len(self._found) > self._count:
                self._drop(next(iter(self._found)))
        return value

    def _drop(self, key: Hashable) -> None:
        found = self._found.pop(key, None)
        if found is not None:
            self._held -= found[1]

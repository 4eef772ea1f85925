"""The right edge of a Merkle tree: enough to append and to know the root, in at most 64 hashes."""

from typing import NamedTuple, Self

from strongroom.domain.audit.hashing import EMPTY_ROOT, node_hash

TILE_HEIGHT = 8
"""Levels of the binary tree in one tile: a tile spans 256 hashes."""

TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile."""


class Subtree(NamedTuple):
    """The hash over a complete subtree of ``256 ** level`` leaves; `position` counts them from the left, from 0."""

    level: int
    position: int
    hash: bytes


class Frontier:
    """The complete subtrees that make up a tree, largest first: one for each bit set in its size (RFC 9162, 2.1).

    A value with one growing method; it holds no leaves, so a log of any length is hashed in constant memory.
    """

    def __init__(self) -> None:
        self._edge: list[tuple[int, bytes]] = []
        self._size = 0

    @property
    def size(self) -> int:
        """Number of leaves below the edge."""
        return self._size

    def copy(self) -> Self:
        """An equal frontier that grows on its own."""
        return self.floor(0)

    def floor(self, height: int) -> Self:
        """The frontier as it was when its size last was a multiple of ``2 ** height``."""
        other = type(self)()
        other._edge = [one for one in self._edge if one[0] >= height]  # noqa: SLF001 - the same class
        other._size = self._size >> height << height  # noqa: SLF001 - the same class
        return other

    def push(self, digest: bytes, height: int = 0) -> list[Subtree]:
        """Append a complete subtree of ``2 ** height`` leaves; by default one leaf hash.

        :param digest: hash of the subtree, 32 bytes. The size must be a multiple of ``2 ** height``.
        :returns: the subtrees of ``256 ** level`` leaves, level 1 and up, that this append made complete, smallest
            first.
        :raises ValueError: the subtree does not start where a subtree of that height can start.
        """
        if self._size % (1 << height):
            raise ValueError(f"no subtree of height {height} starts at leaf {self._size}")
        self._size += 1 << height
        completed = self._completed(height, digest)
        while self._edge and self._edge[-1][0] == height:
            digest = node_hash(self._edge.pop()[1], digest)
            height += 1
            completed += self._completed(height, digest)
        self._edge.append((height, digest))
        return completed

    def _completed(self, height: int, digest: bytes) -> list[Subtree]:
        level, rest = divmod(height, TILE_HEIGHT)
        return [Subtree(level, (self._size >> height) - 1, digest)] if level and not rest else []

    def root(self) -> bytes:
        """Merkle tree hash over everything appended, 32 bytes; of nothing, `EMPTY_ROOT`."""
        if not self._edge:
            return EMPTY_ROOT
        digest = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            digest = node_hash(left, digest)
        return digest

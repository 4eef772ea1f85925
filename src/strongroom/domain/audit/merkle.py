"""Roots and proofs of the log's Merkle tree, read from wherever its hashes are kept (RFC 9162 section 2.1).

The adapter keeps the leaf hashes and, for each complete subtree of ``256 ** level`` leaves, one hash more. A root or
a proof of a tree of n leaves then reads at most two groups of 256 hashes for each of the ``log256 n`` levels.
"""

from collections.abc import Sequence
from typing import Protocol

from strongroom.domain.audit.frontier import TILE_HEIGHT, TILE_WIDTH, Frontier, Subtree
from strongroom.domain.audit.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from strongroom.domain.errors import Corrupted, Invalid

__all__ = [
    "EMPTY_ROOT",
    "NodeSource",
    "completed_subtrees",
    "consistency_proof",
    "frontier",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root",
]


class NodeSource(Protocol):
    """Where the hashes of a tree are kept. A range that is not wholly there answers shorter; nothing is made up."""

    def leaves(self, start: int, count: int) -> Sequence[bytes]:
        """Leaf hashes `start` to ``start + count - 1``, 32 bytes each; `count` is at most 256."""
        ...

    def tile(self, level: int, start: int, count: int) -> Sequence[bytes]:
        """Hashes of the complete subtrees `start` to ``start + count - 1`` of ``256 ** level`` leaves, level 1 and up.

        :param count: at most 256.
        """
        ...


class _Reader:
    """Reads a tree of a stated size by whole tiles, each at most once."""

    def __init__(self, source: NodeSource, size: int) -> None:
        self._source, self._size = source, size
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def span(self, start: int, end: int) -> bytes:
        """The tree hash over leaves `start` to ``end - 1``, where `start` is a multiple of the width rounded up."""
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self.perfect(height, start >> height)
        split = start + _split(width)
        return node_hash(self.span(start, split), self.span(split, end))

    def perfect(self, height: int, index: int) -> bytes:
        """The hash of the `index`-th complete subtree of ``2 ** height`` leaves."""
        level, rest = divmod(height, TILE_HEIGHT)
        group, first = divmod(index << rest, TILE_WIDTH)
        hashes = self._tile(level, group)[first : first + (1 << rest)]
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def _tile(self, level: int, group: int) -> Sequence[bytes]:
        if (level, group) not in self._tiles:
            start = group * TILE_WIDTH
            count = min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - start)
            read = self._source.tile(level, start, count) if level else self._source.leaves(start, count)
            if len(read) != count or any(len(one) != HASH_SIZE for one in read):
                raise Corrupted("The log does not hold all hashes of its tree.", level=level, start=start, count=count)
            self._tiles[level, group] = read
        return self._tiles[level, group]


def _split(width: int) -> int:
    """The largest power of two below `width` (RFC 9162, 2.1.1)."""
    return 1 << ((width - 1).bit_length() - 1)


def frontier(source: NodeSource, size: int) -> Frontier:
    """The right edge of the first `size` leaves, ready to grow.

    :raises Invalid: `size` is negative.
    :raises Corrupted: the source lacks a hash of that tree.
    """
    if size < 0:
        raise Invalid("A tree has no negative number of leaves.", size=size)
    reader, edge = _Reader(source, size), Frontier()
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            edge.push(reader.perfect(height, edge.size >> height), height)
    return edge


def root(source: NodeSource, size: int) -> bytes:
    """Merkle tree hash of the first `size` leaves (RFC 9162, 2.1.1), 32 bytes; raises as `frontier` does."""
    return frontier(source, size).root()


def completed_subtrees(source: NodeSource, old_size: int, new_leaf_hashes: Sequence[bytes]) -> list[Subtree]:
    """What an append adds to the tiles: hashes of the subtrees of ``256 ** level`` leaves that it completes.

    :param old_size: leaves already in `source`; only its right edge is read.
    :param new_leaf_hashes: 32 bytes each, in order.
    :returns: (level, position, hash) in the order of completion, a lower level before the one it completes.
    :raises Corrupted: the source lacks a hash of the old tree.
    """
    edge = frontier(source, old_size)
    return [subtree for leaf in new_leaf_hashes for subtree in edge.push(leaf)]


def inclusion_proof(source: NodeSource, index: int, size: int) -> list[bytes]:
    """Proof that leaf `index` (from 0) is in the tree of `size` leaves: PATH of RFC 9162, 2.1.3.1.

    :returns: hashes of 32 bytes, the leaf's sibling first.
    :raises Invalid: there is no such leaf in a tree of that size.
    :raises Corrupted: the source lacks a hash of that tree.
    """
    if not 0 <= index < size:
        raise Invalid("No such leaf in a log of that size.", leaf=index, size=size)
    reader, start, end = _Reader(source, size), 0, size
    path = []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(reader.span(split, end))
            end = split
        else:
            path.append(reader.span(start, split))
            start = split
    return path[::-1]


def consistency_proof(source: NodeSource, old_size: int, new_size: int) -> list[bytes]:
    """Proof that the tree of `new_size` leaves only appends to that of `old_size`: PROOF of RFC 9162, 2.1.4.1.

    Between equal sizes, and from the empty tree, there is nothing to prove: the proof is empty.

    :raises Invalid: the old size is negative or above the new one.
    :raises Corrupted: the source lacks a hash of the new tree.
    """
    if not 0 <= old_size <= new_size:
        raise Invalid("A log grows from the smaller size to the larger.", old_size=old_size, new_size=new_size)
    if old_size in (0, new_size):
        return []
    reader, start, end = _Reader(source, new_size), 0, new_size
    path = []
    while old_size != end:
        split = start + _split(end - start)
        if old_size <= split:
            path.append(reader.span(split, end))
            end = split
        else:
            path.append(reader.span(start, split))
            start = split
    if start:  # otherwise the old root itself is the first node and the verifier has it
        path.append(reader.span(start, end))
    return path[::-1]

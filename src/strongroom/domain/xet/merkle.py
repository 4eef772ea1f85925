"""The Merkle tree over chunks: its root names a xorb, and with one more hash a file.

Nodes of a level are grouped from the left: a group ends at the first node, from its third on, whose hash divides by
four, and has nine nodes at most. Levels are walked lazily, so that a file of millions of chunks needs no list of them.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from strongroom.domain.xet.hashes import NO_HASH, NODE_KEY, Keyed, last_word, text

Node = tuple[bytes, int]
"""A hash, and the bytes below it."""

_MOST: Final = 9
_LEAST: Final = 2
_DIVISOR: Final = 4


def root(keyed: Keyed, nodes: Iterable[Node]) -> Node:
    """The root over leaves in order; a single leaf is its own root. Of none: the hash of zeros."""
    level = iter(nodes)
    while True:
        first = next(level, None)
        if first is None:
            return NO_HASH, 0
        second = next(level, None)
        if second is None:
            return first
        level = _parents(keyed, chain((first, second), level))


def _parents(keyed: Keyed, nodes: Iterator[Node]) -> Iterator[Node]:
    for group in _groups(nodes):
        yield _parent(keyed, group)


def _groups(nodes: Iterator[Node]) -> Iterator[list[Node]]:
    group: list[Node] = []
    for node in nodes:
        group.append(node)
        if len(group) == _MOST or (len(group) > _LEAST and last_word(node[0]) % _DIVISOR == 0):
            yield group
            group = []
    if group:
        yield group


def _parent(keyed: Keyed, group: list[Node]) -> Node:
    lines = "".join(f"{text(hashed)} : {size}\n" for hashed, size in group)
    return keyed(NODE_KEY, lines.encode()), sum(size for _, size in group)

"""Walks over the graph of revisions. Pure: where revisions are kept is the source's affair.

Every revision is younger than its parents (`recorded_at`), so the youngest first is an order in which children come
before their parents, and a walk may stop as soon as what is left is too old to matter. A parent that the source does
not have is where history ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

from strongroom.domain.errors import TooLarge

WALK_MOST: Final = 100_000
"""Revisions that one question about history may look at."""

_OURS, _THEIRS, _BOTH = 1, 2, 3


class Node(Protocol):
    """A revision, as far as walks look at it."""

    @property
    def digest(self) -> str:
        """Its name."""
        ...

    @property
    def parents(self) -> tuple[str, ...]:
        """As stated, the first first."""
        ...

    @property
    def recorded_at(self) -> int:
        """Microseconds, above that of its parents."""
        ...


N = TypeVar("N", bound=Node)
N_co = TypeVar("N_co", bound=Node, covariant=True)


class Revisions(Protocol[N_co]):
    """Where revisions are read from."""

    def get(self, digests: Sequence[str]) -> Mapping[str, N_co]:
        """Those of `digests` that there are."""
        ...


class Walk(Generic[N]):
    """Revisions and all their ancestors, the youngest first, each once.

    :param frontier: where to begin; `Walk.frontier` of an earlier walk goes on where that one stopped.
    """

    def __init__(self, source: Revisions[N], frontier: Iterable[str]) -> None:
        self._source = source
        self._heap: list[tuple[int, str, N]] = []
        self._met: set[str] = set()
        self._push(frontier)

    @property
    def frontier(self) -> list[str]:
        """What would come next, and what waits behind it."""
        return sorted(digest for _, digest, _ in self._heap)

    def __iter__(self) -> Iterator[N]:
        return self

    def __next__(self) -> N:
        if not self._heap:
            raise StopIteration
        if len(self._met) > WALK_MOST:
            raise TooLarge(f"The history is longer than {WALK_MOST} revisions.", limit=WALK_MOST)
        node = heappop(self._heap)[2]
        self._push(node.parents)
        return node

    def _push(self, digests: Iterable[str]) -> None:
        new = [digest for digest in dict.fromkeys(digests) if digest not in self._met]
        self._met.update(new)
        for node in self._source.get(new).values() if new else ():
            heappush(self._heap, (-node.recorded_at, node.digest, node))


def first_parents(source: Revisions[N], start: str) -> Iterator[N]:
    """A revision, its first parent, that one's first parent, and so on."""
    digest: str | None = start
    while digest is not None and (node := source.get([digest]).get(digest)) is not None:
        yield node
        digest = node.parents[0] if node.parents else None


def reaches(source: Revisions[N], heads: Iterable[str], target: N) -> bool:
    """Whether the target is one of the heads or an ancestor of one.

    :raises TooLarge: more than `WALK_MOST` younger revisions.
    """
    for node in Walk(source, heads):
        if node.digest == target.digest:
            return True
        if node.recorded_at < target.recorded_at:
            return False
    return False


def merge_base(source: Revisions[N], ours: str, theirs: str) -> N | None:
    """The youngest revision that both come from; None when there is none. Where several would do, the youngest."""
    for node, colour in _painted(source, ours, theirs):
        if colour == _BOTH:
            return node
    return None


def apart(source: Revisions[N], ours: str, theirs: str) -> tuple[int, int]:
    """How many ancestors (itself included) `ours` has that `theirs` has not, and the other way round."""
    colours = [colour for _, colour in _painted(source, ours, theirs)]
    return colours.count(_OURS), colours.count(_THEIRS)


def _painted(source: Revisions[N], ours: str, theirs: str) -> Iterator[tuple[N, int]]:
    """Ancestors, the youngest first, with whose they are; ends once all that is left are everybody's."""
    colours = {ours: _OURS}
    colours[theirs] = colours.get(theirs, 0) | _THEIRS
    heap: list[tuple[int, str, N]] = []
    one_sided: set[str] = set()
    fresh = list(colours)
    parents = tuple(colours)
    while True:
        for node in source.get(fresh).values() if fresh else ():
            heappush(heap, (-node.recorded_at, node.digest, node))
            one_sided.add(node.digest)
        one_sided.difference_update(digest for digest in parents if colours[digest] == _BOTH)
        if not heap:
            return
        if len(colours) > WALK_MOST:
            raise TooLarge(f"The histories are longer than {WALK_MOST} revisions.", limit=WALK_MOST)
        node = heappop(heap)[2]
        colour, parents = colours[node.digest], node.parents
        yield node, colour
        if colour == _BOTH and not one_sided:
            return
        one_sided.discard(node.digest)
        fresh = [parent for parent in dict.fromkeys(parents) if parent not in colours]
        for parent in parents:
            colours[parent] = colours.get(parent, 0) | colour

"""The tree of an export as its rows give it and as its stored subtree hashes give it: where they part is the fault."""

from strongroom.domain.audit.findings import Finding, RecordsAltered, TileAltered
from strongroom.domain.audit.frontier import TILE_HEIGHT, TILE_WIDTH, Frontier

MAX_DOUBTS = 1024
"""Contradicted tiles that are kept in mind between two checkpoints."""


class Ledger:
    """Hashes rows as they stream by, and compares with tiles and signed roots, in constant memory.

    A tile alone proves nothing: whoever edits rows may edit tiles. So at a contradicted tile both trees are followed,
    the one from the rows and the one with the stored tile hash instead, until a signed root says which is genuine.

    :ivar confirmed: the greatest size at which a signed root agreed.
    :ivar broken: neither tree had a signed root.
    """

    def __init__(self) -> None:
        self._rows = Frontier()
        self._tiles: Frontier | None = None  # like the rows' until a tile is contradicted
        self._before = Frontier()
        self._full: bytes | None = None
        self._doubts: list[tuple[int, int]] = []
        self.confirmed = 0
        self.broken = False

    @property
    def size(self) -> int:
        """Rows taken."""
        return self._rows.size

    def leaf(self, digest: bytes) -> None:
        """Take the stored hash of the next leaf, 32 bytes."""
        if self._rows.size % TILE_WIDTH == 0:
            self._before = (self._tiles or self._rows).copy()
        completed = self._rows.push(digest)
        self._full = completed[0].hash if completed else None
        if self._tiles:
            self._tiles.push(digest)

    def tile(self, digest: bytes) -> None:
        """Take the stored hash over the 256 leaves that just became complete, 32 bytes."""
        if digest != self._full and len(self._doubts) < MAX_DOUBTS:
            self._doubts.append((self.size - TILE_WIDTH, self.size - 1))
            self._tiles = self._before.copy()
            self._tiles.push(digest, TILE_HEIGHT)

    def anchor(self, root: bytes) -> list[Finding] | None:
        """Compare with a root (32 bytes) that was signed for exactly the rows taken so far.

        :returns: what that proves; ``None`` if neither tree has that root, so that nothing is proven.
        """
        if self._rows.root() == root:
            proven: list[Finding] = [TileAltered(*doubt) for doubt in self._doubts]
        elif self._tiles and self._tiles.root() == root:
            proven = [RecordsAltered(*doubt, size=self.size, proven=True) for doubt in self._doubts]
            self._rows = self._tiles
        else:
            return None
        self._tiles, self._doubts = None, []
        self._before = self._rows.floor(TILE_HEIGHT)
        self.confirmed = self.size
        return proven

    def fail(self, size: int) -> RecordsAltered:
        """Give up at a root that neither tree has: the fault lies after the last confirmed size.

        What follows cannot be judged against signed roots any more.
        """
        self.broken = True
        tail = self.size - self.size % TILE_WIDTH
        if self._doubts:
            likely: tuple[int, int] | None = self._doubts[0]
        else:
            likely = (tail, self.size - 1) if self.confirmed < tail < self.size else None
        return RecordsAltered(self.confirmed, max(self.confirmed, self.size - 1), size, likely=likely)

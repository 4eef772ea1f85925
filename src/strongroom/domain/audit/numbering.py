"""Telling from leaf numbers alone whether rows were removed, added, doubled, moved or misnumbered."""

from strongroom.domain.audit.findings import (
    Finding,
    RecordAdded,
    RecordDuplicated,
    RecordMisnumbered,
    RecordReordered,
    RecordsRemoved,
)

MAX_TRACKED = 1024
"""Gaps, and odd numbers, that are kept in mind; what exceeds it is reported plainly as it comes."""


class Numbering:
    """Follows the leaf numbers of an export in bounded memory.

    A number that is not the next one may be the edge of a gap, a row moved from elsewhere, or a plain wrong number; the
    number that follows tells: if that continues as if nothing had been, only this row is odd.

    :param size: records that the export states.
    :ivar next: the number that should come next.
    :ivar sound: no row is missing so far, so that those taken make up a whole tree.
    """

    def __init__(self, size: int) -> None:
        self.next = 0
        self.sound = True
        self._size = size
        self._gaps: list[tuple[int, int]] = []
        self._odd: list[tuple[int, int, int]] = []

    def take(self, number: int, follows: int | None, line: int) -> tuple[bool, list[Finding]]:
        """Judge the next row.

        :param number: the leaf number it bears.
        :param follows: the leaf number expected of, or borne by, what comes after it; ``None`` if that tells nothing.
        :returns: whether the row takes the next place in the tree, and what is wrong already.
        """
        if number == self.next and number < self._size:
            self.next += 1
            return True, []
        if self.next < self._size and follows == self.next + 1 and len(self._odd) < MAX_TRACKED:
            self._odd.append((self.next, number, line))
            self.next += 1
            return True, []
        if number >= self._size:
            return False, [RecordAdded(number, line, self._size)]
        if number < self.next:
            return False, self._seen_before(number, line)
        self.sound = False
        findings: list[Finding] = []
        if len(self._gaps) < MAX_TRACKED:
            self._gaps.append((self.next, number - 1))
        else:
            findings.append(RecordsRemoved(self.next, number - 1))
        self.next = number + 1
        return True, findings

    def end(self) -> list[Finding]:
        """What only the end shows: gaps that nothing filled, and odd numbers told apart into moved and misnumbered."""
        places = {place for place, _, _ in self._odd}
        moved = [RecordReordered(number, place, line) for place, number, line in self._odd if number in places]
        wrong = [RecordMisnumbered(place, number, line) for place, number, line in self._odd if number not in places]
        return [*(RecordsRemoved(*gap) for gap in self._gaps), *moved, *wrong]

    def _seen_before(self, number: int, line: int) -> list[Finding]:
        for at, (first, last) in enumerate(self._gaps):
            if first <= number <= last:
                parts = ((first, number - 1), (number + 1, last))
                self._gaps[at : at + 1] = [part for part in parts if part[0] <= part[1]]
                return [RecordReordered(number, self.next, line)]
        return [RecordDuplicated(number, line)]

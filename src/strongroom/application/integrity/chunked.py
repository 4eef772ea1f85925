"""What is on record of xorbs and of files made of their chunks: does each follow from the other?"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from strongroom.application.artifacts.spare import PLACE
from strongroom.application.integrity.findings import Finding, Kind
from strongroom.application.ports.integrity import FileRow, XorbRow
from strongroom.application.ports.transaction import Transaction
from strongroom.application.ports.xet import XetCodec
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Corrupted
from strongroom.domain.xet.hashes import file_hash, text
from strongroom.domain.xet.merkle import Node, root
from strongroom.domain.xet.terms import Term, unpack_terms
from strongroom.domain.xet.xorb import XorbIndex, unpack_index

_KEPT: Final = 128

Indexes = Callable[[int], XorbIndex | None]
"""What is on record of a xorb's chunks, by its id; None where nothing is that can be read."""


def check_xorb(codec: XetCodec, row: XorbRow, body: Blob | None) -> Finding | None:
    """Whether the chunks on record make the hash that the xorb has, and fit its body."""
    try:
        index = unpack_index(row.chunks)
    except Corrupted:
        return _xorb(row, "unreadable")
    ends = list(index.body)
    if text(root(codec.keyed, index.nodes())[0]) != row.hash:
        return _xorb(row, "another hash")
    if body is None:
        return _xorb(row, "no body on record")
    if ends != sorted(set(ends)) or (index.body_size, index.raw_size) != (row.body_bytes, row.raw_bytes):
        return _xorb(row, "other lengths")
    return _xorb(row, "another length of its body") if index.body_size != body.size else None


def _xorb(row: XorbRow, why: str) -> Finding:
    return Finding(Kind.CHUNKS, row.hash, f"xorb {row.id}", row.body_bytes, {"why": why})


def xorbs_of(row: FileRow) -> frozenset[int]:
    """Which xorbs its ranges name; none where they cannot be read."""
    try:
        return frozenset(term.xorb for term in unpack_terms(row.terms))
    except Corrupted:
        return frozenset()


def check_file(row: FileRow, needed: AbstractSet[int], indexes: Indexes) -> Finding | None:
    """Whether its ranges are there, are as long as it is, and are held for it."""
    try:
        terms = unpack_terms(row.terms)
    except Corrupted:
        return _file(row, "unreadable")
    for term in terms:
        index = indexes(term.xorb)
        if index is None:
            return _file(row, "a xorb is not on record", xorb=term.xorb)
        if not 0 <= term.start < term.end <= index.count or index.raw_between(term.start, term.end) != term.size:
            return _file(row, "a range that the xorb does not have", xorb=term.xorb)
    if row.size is None or sum(term.size for term in terms) != row.size:
        return _file(row, "another length")
    return _file(row, "not held") if needed != {term.xorb for term in terms} else None


def check_hash(codec: XetCodec, row: FileRow, indexes: Indexes) -> Finding | None:
    """Whether its chunks make the hash that it has; for what `check_file` found to be right."""
    found = file_hash(codec.keyed, root(codec.keyed, _leaves(unpack_terms(row.terms), indexes))[0])
    return None if text(found) == row.hash else _file(row, "another hash")


def _leaves(terms: Sequence[Term], indexes: Indexes) -> Iterator[Node]:
    for term in terms:
        index = indexes(term.xorb)
        if index is not None:
            yield from index.nodes(term.start, term.end)


def _file(row: FileRow, why: str, **more: int) -> Finding:
    details: dict[str, str | int] = {"why": why, "sha256": row.sha256 or "", **more}
    return Finding(Kind.RECONSTRUCTION, row.hash, f"xet_file {row.id}", row.size or 0, details)


def check_place(blob: Blob, hashes: Mapping[int, str]) -> Finding | None:
    """Whether a blob in chunks says of itself how it is made. :param hashes: of reconstructions, by blob."""
    if blob.place.removeprefix(PLACE) == hashes.get(blob.id):
        return None
    return Finding(Kind.MISSING, blob.sha256, blob.place, blob.size, {"why": "no reconstruction"}, blob)


class KeptIndexes:
    """Indexes of xorbs, some of them at hand however many a file needs."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, XorbIndex] = OrderedDict()

    def on(self, tx: Transaction) -> Indexes:
        """Looks up in a transaction what is not at hand."""

        def find(xorb_id: int) -> XorbIndex | None:
            found = self._kept.pop(xorb_id, None) or _load(tx, xorb_id)
            if found is not None:
                self._kept[xorb_id] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found

        return find

    def clear(self) -> None:
        """What is looked for next is looked up anew."""
        self._kept.clear()


def _load(tx: Transaction, xorb_id: int) -> XorbIndex | None:
    try:
        return unpack_index(tx.integrity.chunks_of([xorb_id])[xorb_id])
    except (Corrupted, KeyError):
        return None

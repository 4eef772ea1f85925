"""Cutting a tree into pages, and the root that lists them (domain.md section 3, *Trees*).

A page ends after an entry whose path has a CRC-32 divisible by 256, or with its 4,096th entry (so that chosen paths
cannot make a page huge). Where a page ends thus depends on paths alone: trees that share files share pages. The same
tree always has the same pages. None of this enters the tree's digest.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from strongroom.domain.artifacts.packing import Reader, put_text, put_varint
from strongroom.domain.artifacts.page import Page, encode_page
from strongroom.domain.artifacts.tree import Entry, FileEntry, is_unpinned
from strongroom.domain.errors import Corrupted

ENTRIES_MOST = 4096
"""Entries in one page."""
MAGIC = b"SRR\x01"
_AHEAD = 16


class PageSource(Protocol):
    """Where pages are read from: memory, a cache, a blob store."""

    def get(self, ids: Sequence[str]) -> Sequence[bytes]:
        """The bytes of these pages, in the same order.

        :raises NotFound: a page is not there.
        """
        ...


@dataclass(frozen=True, slots=True)
class PageRef:
    """A page as its root knows it: path range, id (SHA-256, 64 hex digits) and totals as in `TreeSummary`."""

    first: str
    last: str
    id: str
    entries: int
    files: int
    bytes: int
    unpinned: int


@dataclass(frozen=True, slots=True)
class TreeRoot:
    """The pages of one tree, ascending."""

    pages: tuple[PageRef, ...]

    @property
    def entries(self) -> int:
        """Entries of every kind."""
        return sum(page.entries for page in self.pages)

    @property
    def files(self) -> int:
        """Entries whose bytes are held here."""
        return sum(page.files for page in self.pages)

    @property
    def bytes(self) -> int:
        """Bytes of those files."""
        return sum(page.bytes for page in self.pages)

    @property
    def unpinned(self) -> int:
        """Entries whose content nothing fixes."""
        return sum(page.unpinned for page in self.pages)

    def index(self, path: str) -> int:
        """Position of the page that holds the first entry not before `path`; `len(pages)` if there is none."""
        return bisect_left(self.pages, path, key=lambda page: page.last)

    def page_of(self, path: str) -> PageRef | None:
        """The only page that can hold this path."""
        at = self.index(path)
        return self.pages[at] if at < len(self.pages) and self.pages[at].first <= path else None


def ends_page(path: str, length: int) -> bool:
    """Whether a page ends after this path, as its `length`-th entry."""
    return length >= ENTRIES_MOST or crc32(path.encode()) & 0xFF == 0


def paginate(entries: Iterable[Entry]) -> Iterator[tuple[PageRef, bytes]]:
    """The pages of clean, ascending entries with their bytes, one at a time; the root is `TreeRoot` of the refs."""
    pending: list[Entry] = []
    for entry in entries:
        pending.append(entry)
        if ends_page(entry.path, len(pending)):
            yield make_page(pending)
            pending = []
    if pending:
        yield make_page(pending)


def make_page(entries: Sequence[Entry]) -> tuple[PageRef, bytes]:
    """One page of these entries, of which there is at least one."""
    data = encode_page(entries)
    held = [entry.size for entry in entries if isinstance(entry, FileEntry)]
    loose = sum(map(is_unpinned, entries))
    name = hashlib.sha256(data).hexdigest()
    return PageRef(entries[0].path, entries[-1].path, name, len(entries), len(held), sum(held), loose), data


def build(entries: Iterable[Entry]) -> tuple[TreeRoot, dict[str, bytes]]:
    """Root and all pages (id -> bytes) at once, for trees that fit in memory."""
    made = list(paginate(entries))
    return TreeRoot(tuple(ref for ref, _ in made)), {ref.id: data for ref, data in made}


def open_pages(source: PageSource, refs: Sequence[PageRef]) -> Iterator[Page]:
    """These pages in order, read a few at a time and checked against their ids.

    :raises Corrupted: bytes that do not have the page's SHA-256; `details["page"]` is its id.
    """
    for start in range(0, len(refs), _AHEAD):
        some = refs[start : start + _AHEAD]
        for ref, data in zip(some, source.get([ref.id for ref in some]), strict=True):
            if hashlib.sha256(data).hexdigest() != ref.id:
                raise Corrupted("A page of a tree is not what was written.", page=ref.id)
            yield Page(data)


def open_page(source: PageSource, ref: PageRef) -> Page:
    """One page; errors as `open_pages`."""
    return next(open_pages(source, [ref]))


class PagesInMemory:
    """A `PageSource` over a mapping id -> bytes, for pages fetched beforehand.

    :raises Corrupted: a page that the mapping lacks.
    """

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    def get(self, ids: Sequence[str]) -> Sequence[bytes]:
        """See `PageSource`."""
        try:
            return [self._pages[page] for page in ids]
        except KeyError as missing:
            raise Corrupted("A page of a tree is missing.", page=missing.args[0]) from None


def encode_root(root: TreeRoot) -> bytes:
    """The root as deterministic bytes, some 75 a page."""
    out = bytearray(MAGIC)
    put_varint(out, len(root.pages))
    for page in root.pages:
        put_text(out, page.first)
        put_text(out, page.last)
        out += bytes.fromhex(page.id)
        for number in (page.entries, page.files, page.bytes, page.unpinned):
            put_varint(out, number)
    return bytes(out)


def decode_root(data: bytes) -> TreeRoot:
    """Read what `encode_root` wrote.

    :raises Corrupted: anything else.
    """
    if not data.startswith(MAGIC):
        raise Corrupted("These bytes are no root of a tree.")
    reader = Reader(data, len(MAGIC))
    pages = tuple(_read_ref(reader) for _ in range(reader.varint()))
    reader.end()
    return TreeRoot(pages)


def _read_ref(reader: Reader) -> PageRef:
    first, last, name = reader.text(), reader.text(), reader.take(32).hex()
    return PageRef(first, last, name, reader.varint(), reader.varint(), reader.varint(), reader.varint())

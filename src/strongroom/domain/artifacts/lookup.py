"""Reading a paged tree: one path, one directory, or a range, opening only the pages that hold the answer."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.domain.artifacts.page import Page
from strongroom.domain.artifacts.pages import PageSource, TreeRoot, open_page, open_pages
from strongroom.domain.artifacts.tree import Entry

_AFTER_SLASH = "0"
"""The character after ``/``: ``dir0`` is the first key behind all of ``dir/...``."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory inside a tree; it exists because an entry lies in it. `path` ends in ``/``."""

    path: str


def find(root: TreeRoot, source: PageSource, path: str) -> Entry | None:
    """The entry of a clean path, or None. Opens one page, or none if no page can hold it."""
    ref = root.page_of(path)
    return open_page(source, ref).find(path) if ref else None


def is_directory(root: TreeRoot, source: PageSource, path: str) -> bool:
    """Whether an entry lies under this clean path; the root (``""``) always is a directory."""
    return not path or next(iterate(root, source, prefix=path + "/"), None) is not None


def iterate(root: TreeRoot, source: PageSource, *, prefix: str = "", after: str = "") -> Iterator[Entry]:
    """Entries whose path begins with `prefix` (plain text, not a directory), ascending, strictly after `after`."""
    start = max(prefix, after)
    stop = bisect_right(root.pages, prefix, key=lambda page: page.first[: len(prefix)])
    for page in open_pages(source, root.pages[root.index(start) : stop]):
        first = page.index(start)
        if after and page.paths[first] == after:
            first += 1
        last = bisect_right(page.paths, prefix, key=lambda path: path[: len(prefix)])
        yield from page.entries()[first:last]


def list_directory(
    root: TreeRoot, source: PageSource, directory: str = "", *, after: str = "", limit: int = 1000
) -> list[Entry | Directory]:
    """What lies directly in a clean directory (``""`` is the root), by a skip scan over each subdirectory.

    Ascending by path, where a subdirectory counts as its path with ``/``. Empty if there is no such directory.

    :param after: path of the last item of the page before (with its ``/`` if it was a directory).
    :param limit: most items to return.
    """
    prefix = directory + "/" if directory else ""
    start = _behind(after) if after > prefix else prefix
    items: list[Entry | Directory] = []
    scan = _Scan(root, source)
    while len(items) < limit and (path := scan.seek(start)) is not None and path.startswith(prefix):
        name, slash, _ = path[len(prefix) :].partition("/")
        items.append(Directory(prefix + name + "/") if slash else scan.entry())
        start = _behind(prefix + name + slash)
    return items


def _behind(path: str) -> str:
    """The first key that is not this entry, nor in this directory."""
    return path[:-1] + _AFTER_SLASH if path.endswith("/") else path + "\0"


class _Scan:
    """Jumps forward through the paths of a tree, opening a page only where its range does not give the answer."""

    __slots__ = ("_at", "_entries", "_index", "_open", "_page", "_root", "_source")

    def __init__(self, root: TreeRoot, source: PageSource) -> None:
        self._root, self._source = root, source
        self._at = self._index = 0
        self._open = -1
        self._page: Page | None = None
        self._entries: list[Entry] = []

    def seek(self, key: str) -> str | None:
        """The first path not before `key`."""
        self._at = self._root.index(key)
        if self._at == len(self._root.pages):
            return None
        ref = self._root.pages[self._at]
        if ref.first >= key:
            self._index = 0
            return ref.first
        page = self._load()
        self._index = page.index(key)
        return page.paths[self._index]

    def entry(self) -> Entry:
        """The entry that `seek` stands on."""
        page = self._load()
        if not self._entries:
            self._entries = page.entries()
        return self._entries[self._index]

    def _load(self) -> Page:
        if self._page is None or self._open != self._at:
            self._page = open_page(self._source, self._root.pages[self._at])
            self._open, self._entries = self._at, []
        return self._page

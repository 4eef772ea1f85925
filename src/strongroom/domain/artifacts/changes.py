"""What differs between two paged trees, and a tree made from another by changes; equal pages are never opened twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.artifacts.pages import PageRef, PageSource, TreeRoot, ends_page, make_page, open_page, open_pages
from strongroom.domain.artifacts.tree import Entry


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs: added if `before` is None, removed if `after` is."""

    path: str
    before: Entry | None
    after: Entry | None


def diff(before: TreeRoot, after: TreeRoot, source: PageSource) -> Iterator[Change]:
    """What changed, ascending by path. Pages that stand in both roots are not opened: they hold the same."""
    shared = {page.id for page in before.pages} & {page.id for page in after.pages}
    old, new = _others(before, shared, source), _others(after, shared, source)
    a, b = next(old, None), next(new, None)
    while a or b:
        path = min(entry.path for entry in (a, b) if entry)
        left = a if a and a.path == path else None
        right = b if b and b.path == path else None
        if left != right:
            yield Change(path, left, right)
        a = next(old, None) if left else a
        b = next(new, None) if right else b


def _others(root: TreeRoot, shared: set[str], source: PageSource) -> Iterator[Entry]:
    for page in open_pages(source, [ref for ref in root.pages if ref.id not in shared]):
        yield from page.entries()


def rebuild(
    root: TreeRoot, changes: Mapping[str, Entry | None], source: PageSource
) -> Iterator[tuple[PageRef, bytes | None]]:
    """The pages of the tree with some paths put (clean entry) or deleted (None; a path that is not there is no error).

    The same pages as `paginate` over the result. Pages that stay come without bytes and are not opened. Whether files
    and directories clash shows when the new tree's digest is computed (`summarise` over `iterate`).
    """
    pending: list[Entry] = []
    for ref, some in _assigned(root.pages, sorted(changes)):
        if ref is not None and not some and not pending:
            yield ref, None
            continue
        kept = open_page(source, ref).entries() if ref else []
        for entry in _merged(kept, {path: changes[path] for path in some}):
            pending.append(entry)
            if ends_page(entry.path, len(pending)):
                yield make_page(pending)
                pending = []
    if pending:
        yield make_page(pending)


def _assigned(pages: Sequence[PageRef], paths: Sequence[str]) -> Iterator[tuple[PageRef | None, Sequence[str]]]:
    """Each page with the changed paths that belong into it: those up to its last path; the rest to the last page."""
    if not pages:
        yield None, paths
    start = 0
    for number, page in enumerate(pages, 1):
        stop = start
        while stop < len(paths) and (number == len(pages) or paths[stop] <= page.last):
            stop += 1
        yield page, paths[start:stop]
        start = stop


def _merged(entries: Iterable[Entry], changes: Mapping[str, Entry | None]) -> list[Entry]:
    if not changes:
        return list(entries)
    merged: dict[str, Entry | None] = {entry.path: entry for entry in entries}
    merged.update(changes)
    return [entry for _, entry in sorted(merged.items()) if entry is not None]

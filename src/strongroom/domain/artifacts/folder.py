"""Rules for folders, the mutable maps of paths to entries, and for freezing a part of one (domain.md N4).

The caller reads neighbours from its store; these functions say what to read and what follows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from strongroom.domain.artifacts.paths import AscendingPaths, clean_directory, clean_path, is_under, parents
from strongroom.domain.artifacts.tree import Entry, sorted_entries
from strongroom.domain.errors import BadPath


def neighbours(path: str) -> tuple[list[str], tuple[str, str]]:
    """What to look up before writing a clean path: its parents, and the key range [from, to) of what lies under it.

    An entry at one of the parents, or any entry in the range, clashes.
    """
    return list(parents(path)), (path + "/", path + "0")


def check_put(path: str, existing: Iterable[str]) -> None:
    """Check a path to be written against entries that exist (at least those found by `neighbours`).

    :raises BadPath: an entry stands where the path needs a directory, or entries lie under the path.
    """
    above = set(parents(path))
    for other in existing:
        if other in above:
            raise BadPath("A file stands where this path needs a directory.", path=path, other=other)
        if is_under(other, path):
            raise BadPath("This path is a directory: files lie in it.", path=path, other=other)


def subpath(entries: Iterable[Entry], directory: str) -> Iterator[Entry]:
    """The entries under a directory, with paths relative to it; ``""`` gives all, unchanged.

    If `directory` names one entry itself, that entry alone comes out under its last segment.

    :raises BadPath: `directory` is no path, or a path is none any more once it is relative (``a/C:x`` under ``a``).
    """
    base = clean_directory(directory)
    for entry in entries:
        if not base:
            yield entry
        elif entry.path == base:
            yield replace(entry, path=clean_path(base.rpartition("/")[2]))
        elif is_under(entry.path, base):
            yield replace(entry, path=clean_path(entry.path[len(base) + 1 :]))


def placed_under(entries: Iterable[Entry], directory: str) -> Iterator[Entry]:
    """The entries moved below a directory; ``""`` changes nothing.

    :raises BadPath: a path becomes too long or deep.
    """
    base = clean_directory(directory)
    for entry in entries:
        yield replace(entry, path=clean_path(f"{base}/{entry.path}" if entry.path else base)) if base else entry


def rename(entries: Iterable[Entry], names: Iterable[tuple[str, str]]) -> Iterator[Entry]:
    """Select and rename: for each pair (from, to) the entry at, or all entries under, `from` go to `to`.

    What no pair selects is left out; one entry may be selected more than once. ``("", "")`` selects all.

    :raises BadPath: a selected path that is not there, or what `clean_path` refuses.
    """
    held = list(entries)
    for old, new in names:
        source, target = clean_directory(old), clean_directory(new)
        found = False
        for entry in held:
            if entry.path == source or is_under(entry.path, source):
                rest = entry.path[len(source) :].lstrip("/")
                path = "/".join(part for part in (target, rest) if part)
                found = True
                yield replace(entry, path=clean_path(path))
        if not found and source:
            raise BadPath("Nothing lies at this path.", path=source)


def frozen(entries: Iterable[Entry]) -> list[Entry]:
    """Entries of a folder as those of a tree: ascending and free of clashes.

    :raises BadPath: a path twice, or a file where another path needs a directory.
    """
    ordered = sorted_entries(entries)
    paths = AscendingPaths()
    for entry in ordered:
        paths.check(entry.path)
    return ordered

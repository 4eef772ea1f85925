"""What a commit says of a tree: put, delete, copy, move. All of it is about the base; nothing sees another edit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from strongroom.domain.artifacts.lookup import find, iterate
from strongroom.domain.artifacts.pages import PageSource, TreeRoot
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.artifacts.tree import Entry
from strongroom.domain.errors import Invalid, NotFound, TooLarge

EDITS_MOST: Final = 10_000
PATHS_MOST: Final = 200_000
"""Paths that the edits of one commit may touch, directories counted by what lies in them."""


@dataclass(frozen=True, slots=True)
class Put:
    """An entry (clean) at its path, whatever was there."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Delete:
    """A file, or everything below a directory."""

    path: str


@dataclass(frozen=True, slots=True)
class Take:
    """What lies at or below a path of a tree, to be put at or below `to`."""

    root: TreeRoot
    path: str
    to: str


Edit = Put | Delete | Take


def changes_of(base: TreeRoot, edits: Sequence[Edit], source: PageSource) -> dict[str, Entry | None]:
    """The paths that change, with their new entry, or None where they go. What is put wins over what is deleted.

    :raises NotFound: nothing lies at a path to be deleted, copied or moved.
    :raises Invalid: the same path is put twice. :raises TooLarge: too many paths.
    """
    gone: dict[str, Entry | None] = {}
    put: dict[str, Entry | None] = {}
    for edit in edits:
        match edit:
            case Delete(path):
                gone.update((entry.path, None) for entry in at_or_below(base, source, path))
            case Put(entry):
                _put(put, entry)
            case Take(root, path, to):
                for entry in at_or_below(root, source, path):
                    _put(put, replace(entry, path=clean_path(to + entry.path[len(path) :])))
        if len(gone) + len(put) > PATHS_MOST:
            raise TooLarge(f"A commit touches at most {PATHS_MOST} paths.", limit=PATHS_MOST)
    return {**gone, **put}


def _put(into: dict[str, Entry | None], entry: Entry) -> None:
    if entry.path in into:
        raise Invalid("The same path is put twice in one commit.", path=entry.path)
    into[entry.path] = entry


def at_or_below(root: TreeRoot, source: PageSource, path: str) -> Iterator[Entry]:
    """The entry at a clean path, or all below it. :raises NotFound: there is neither."""
    single = find(root, source, path)
    if single is not None:
        yield single
        return
    empty = True
    for entry in iterate(root, source, prefix=path + "/"):
        empty = False
        yield entry
    if empty:
        raise NotFound("Nothing lies at this path.", path=path)

"""What differs between two cards, line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

from strongroom.domain.artifacts.changes import Change
from strongroom.domain.artifacts.tree import FileEntry

CARD_PATH: Final = "README.md"
"""The file at the root of a tree that is its card."""

LINES_MOST: Final = 2_000
BYTES_MOST: Final = 256 * 1024


def card_lines(before: str, after: str) -> list[str] | None:
    """A unified diff, without line ends, empty when nothing differs; None when a card has more than 2,000 lines."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > LINES_MOST:
        return None
    return list(unified_diff(old, new, "before", "after", lineterm=""))


@dataclass(frozen=True, slots=True)
class Rename:
    """One file that is at another path now."""

    before: FileEntry
    after: FileEntry


def with_renames(changes: Sequence[Change]) -> Iterator[Change | Rename]:
    """The same changes, where a file that went and one that came with the same bytes are one rename.

    Only when the bytes went from one path and came to one; empty files are never taken for each other.
    """
    gone = _by_digest(change.before for change in changes if change.after is None)
    came = _by_digest(change.after for change in changes if change.before is None)
    moved: dict[str, Rename] = {}
    for digest, old in gone.items():
        new = came.get(digest)
        if old is not None and new is not None:
            moved[digest] = Rename(old, new)
    old_paths = {rename.before.path for rename in moved.values()}
    for change in changes:
        if change.after is None and change.path in old_paths:
            continue
        rename = moved.get(change.after.sha256) if isinstance(change.after, FileEntry) else None
        yield rename if rename is not None and rename.after.path == change.path else change


def _by_digest(entries: Iterator[object]) -> dict[str, FileEntry | None]:
    """Files with bytes by their digest; None where several have it."""
    found: dict[str, FileEntry | None] = {}
    for entry in entries:
        if isinstance(entry, FileEntry) and entry.size:
            found[entry.sha256] = None if entry.sha256 in found else entry
    return found

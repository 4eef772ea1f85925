"""Trees: path -> entry, addressed by the SHA-256 of one canonical listing (domain.md N5).

The listing is UTF-8 text: a header line, then one line an entry, fields separated by tabs, sorted by the UTF-8 bytes
of the path. No field can hold a tab or newline. How a tree is paged on disk is not part of its digest.

::

    strongroom-tree 1
    f <sha256> <size> <path>
    r <uri> <size or -> <pin or -> <path>
    m <uri> <pin or -> <path>
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from strongroom.domain.artifacts.paths import AscendingPaths, clean_path
from strongroom.domain.errors import BadPath, Invalid, TooLarge

HEADER = "strongroom-tree 1\n"
ENTRIES_MOST = 2_000_000
SIZE_LARGEST = 2**63 - 1
URI_LONGEST = 4096
PIN_LONGEST = 512

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_PIN = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_SECRET_IN_URI = re.compile(r"[^/?#]+://[^/?#@]*:[^/?#@]+@")
_BATCH = 2048


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Bytes this registry holds. `sha256` is 64 lower-case hex digits, `size` is in bytes."""

    path: str
    sha256: str
    size: int

    def line(self) -> str:
        """Its line of the canonical listing."""
        return f"f\t{self.sha256}\t{self.size}\t{self.path}\n"


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """One object elsewhere. `pin` fixes its content (digest, ETag, object version); without one, nothing does."""

    path: str
    uri: str
    size: int | None = None
    pin: str | None = None

    def line(self) -> str:
        """Its line of the canonical listing."""
        return f"r\t{self.uri}\t{'-' if self.size is None else self.size}\t{self.pin or '-'}\t{self.path}\n"


@dataclass(frozen=True, slots=True)
class MountEntry:
    """All under a URI prefix, not listed, at `path`; at ``""`` it is the whole tree and its only entry."""

    path: str
    uri: str
    pin: str | None = None

    def line(self) -> str:
        """Its line of the canonical listing."""
        return f"m\t{self.uri}\t{self.pin or '-'}\t{self.path}\n"


Entry = FileEntry | ReferenceEntry | MountEntry


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """What is known of a whole tree: digest, entries, files held here with their bytes, and entries without a pin."""

    digest: str
    entries: int
    files: int
    bytes: int
    unpinned: int


def is_unpinned(entry: Entry) -> bool:
    """Whether nothing fixes the content of this entry."""
    return not isinstance(entry, FileEntry) and entry.pin is None


def unpinned(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries whose content nothing fixes; a tree with one is an *unpinned* tree."""
    return (entry for entry in entries if is_unpinned(entry))


def clean_entry(entry: Entry) -> Entry:
    """An entry from outside, checked, with its path in NFC.

    :raises BadPath: see `clean_path`; a mount alone may have the empty path.
    :raises Invalid: no SHA-256, size outside 0 to 2**63-1, no absolute URI or one that carries a password, bad pin.
    """
    path = entry.path if isinstance(entry, MountEntry) and not entry.path else clean_path(entry.path)
    if isinstance(entry, FileEntry):
        if not _SHA256.fullmatch(entry.sha256):
            raise Invalid("A file's SHA-256 is 64 lower-case hex digits.", path=path)
        return FileEntry(path, entry.sha256, _size(entry.size))
    if len(entry.uri) > URI_LONGEST or not _URI.fullmatch(entry.uri):
        raise Invalid(f"A URI has a scheme, no control characters and at most {URI_LONGEST} characters.", path=path)
    if _SECRET_IN_URI.match(entry.uri):
        raise Invalid("A URI may not carry a password: it would be shown to every reader.", path=path)
    pin = _pin(entry.pin)
    if isinstance(entry, MountEntry):
        return MountEntry(path, entry.uri, pin)
    return ReferenceEntry(path, entry.uri, None if entry.size is None else _size(entry.size), pin)


def _size(size: int) -> int:
    if not 0 <= size <= SIZE_LARGEST:
        raise Invalid("A size is 0 to 2**63-1 bytes.")
    return size


def _pin(pin: str | None) -> str | None:
    if pin is not None and (len(pin) > PIN_LONGEST or pin == "-" or not _PIN.fullmatch(pin)):
        raise Invalid(f"A pin has 1 to {PIN_LONGEST} characters, without whitespace, and is not '-'.")
    return pin


def sorted_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in the order of the listing (code points of the path, which is the order of its UTF-8 bytes)."""
    return sorted(entries, key=lambda entry: entry.path)


def summarise(entries: Iterable[Entry]) -> TreeSummary:
    """Digest and totals in one pass over clean entries in the order of the listing; memory does not grow with them.

    :raises BadPath: not ascending, a path twice, or a file where another path needs a directory.
    :raises TooLarge: more than 2,000,000 entries.
    """
    hasher = hashlib.sha256(HEADER.encode())
    count = files = size = loose = 0
    for batch in _batches(_checked(entries)):
        hasher.update("".join([entry.line() for entry in batch]).encode())
        held = [entry.size for entry in batch if isinstance(entry, FileEntry)]
        count += len(batch)
        files += len(held)
        size += sum(held)
        loose += 0 if len(held) == len(batch) else sum(map(is_unpinned, batch))
        if count > ENTRIES_MOST:
            raise TooLarge(f"A tree has at most {ENTRIES_MOST} entries.", limit=ENTRIES_MOST)
    return TreeSummary(hasher.hexdigest(), count, files, size, loose)


def tree_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 (64 hex digits) of the canonical listing of clean entries in its order; errors as `summarise`."""
    return summarise(entries).digest


def listing(entries: Iterable[Entry]) -> Iterator[str]:
    """The canonical listing line by line, header first; errors as `summarise`."""
    yield HEADER
    yield from (entry.line() for entry in _checked(entries))


def parse_listing(text: str) -> list[Entry]:
    """Read a whole canonical listing; only the exact form is accepted, so text -> tree -> text is the identity.

    :raises BadPath: a path that is not clean, not ascending or in conflict with another.
    :raises Invalid: header, field or number not in canonical form, or no newline at the end.
    """
    if not text.startswith(HEADER) or not text.endswith("\n"):
        raise Invalid("A tree listing begins with its header line and ends in a newline.")
    entries = [parse_line(line) for line in text[len(HEADER) : -1].split("\n")] if text != HEADER else []
    return list(_checked(entries))


def parse_line(line: str) -> Entry:
    """One line of a listing, without its newline; errors as `parse_listing`."""
    entry = clean_entry(_fields(line.split("\t")))
    if entry.line() != line + "\n":
        raise BadPath("A path in a listing must be in its canonical form (NFC).")
    return entry


def _fields(fields: list[str]) -> Entry:
    match fields:
        case ["f", sha256, size, path] if _SIZE.fullmatch(size):
            return FileEntry(path, sha256, int(size))
        case ["r", uri, size, pin, path] if size == "-" or _SIZE.fullmatch(size):
            return ReferenceEntry(path, uri, None if size == "-" else int(size), None if pin == "-" else pin)
        case ["m", uri, pin, path]:
            return MountEntry(path, uri, None if pin == "-" else pin)
    raise Invalid("A line of a tree listing is not in canonical form.")


def _checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries passed through with their order and clashes checked."""
    paths = AscendingPaths()
    for entry in entries:
        paths.check(entry.path)
        yield entry


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, _BATCH)):
        yield batch

"""One page of a tree: some consecutive entries as deterministic bytes, addressed by the SHA-256 of those bytes.

Layout, about 43 bytes an entry (numbers are LEB128)::

    "SRP" 1 | mixed? (1 byte) | n | size of paths | paths: n x (shared with the one before, 0-255) (rest: size, bytes)
    | if mixed: n kind bytes | SHA-256 of each file, 32 bytes each | size of each file
    | of each other entry: uri, pin or "" (as texts), and for a reference its size + 1, or 0

Paths come first and alone, so that a search decodes no entry but the one it returns.
"""

from bisect import bisect_left
from collections.abc import Sequence

from strongroom.domain.artifacts.packing import Reader, put_text, put_varint
from strongroom.domain.artifacts.tree import Entry, FileEntry, MountEntry, ReferenceEntry
from strongroom.domain.errors import Corrupted

MAGIC = b"SRP\x01"
_KINDS = {FileEntry: ord("f"), ReferenceEntry: ord("r"), MountEntry: ord("m")}
_FILE, _REFERENCE, _MOUNT = _KINDS.values()
_SHARED_MOST = 255
DIGEST_SIZE = 32


def encode_page(entries: Sequence[Entry]) -> bytes:
    """The bytes of a page of clean entries in ascending order."""
    kinds = bytes(_KINDS[type(entry)] for entry in entries)
    files = [entry for entry in entries if isinstance(entry, FileEntry)]
    mixed = len(files) < len(entries)
    paths = _encode_paths([entry.path for entry in entries])
    out = bytearray(MAGIC)
    out.append(mixed)
    put_varint(out, len(entries))
    put_varint(out, len(paths))
    out += paths
    out += kinds if mixed else b""
    out += bytes.fromhex("".join([entry.sha256 for entry in files]))
    for entry in files:
        put_varint(out, entry.size)
    for other in entries if mixed else ():
        if not isinstance(other, FileEntry):
            _put_other(out, other)
    return bytes(out)


def _put_other(out: bytearray, entry: ReferenceEntry | MountEntry) -> None:
    put_text(out, entry.uri)
    put_text(out, entry.pin or "")
    if isinstance(entry, ReferenceEntry):
        put_varint(out, 0 if entry.size is None else entry.size + 1)


def _encode_paths(paths: Sequence[str]) -> bytes:
    out = bytearray()
    last = b""
    for path in paths:
        data = path.encode()
        shared, most = 0, min(len(last), len(data), _SHARED_MOST)
        while shared < most and last[shared] == data[shared]:
            shared += 1
        out.append(shared)
        put_varint(out, len(data) - shared)
        out += data[shared:]
        last = data
    return bytes(out)


class Page:
    """A page opened for reading: its paths at once, its entries one by one as they are asked for.

    :raises Corrupted: bytes that are no page.
    """

    __slots__ = ("_data", "_digests", "_kinds", "paths")

    paths: list[str]
    """Paths of the entries, ascending."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise Corrupted("These bytes are no page of a tree.")
        reader = Reader(data, len(MAGIC))
        mixed = reader.take(1) != b"\0"
        count = reader.varint()
        self.paths = _decode_paths(reader.take(reader.varint()), count)
        self._data = data
        self._kinds = reader.take(count) if mixed else bytes([_FILE]) * count
        self._digests = reader.at

    @property
    def digests(self) -> bytes:
        """SHA-256 of each file, in order, 32 bytes each."""
        return Reader(self._data, self._digests).take(self._kinds.count(_FILE) * DIGEST_SIZE)

    def index(self, path: str) -> int:
        """Position of the first entry whose path is not before this one; `len(paths)` if there is none."""
        return bisect_left(self.paths, path)

    def find(self, path: str) -> Entry | None:
        """The entry of that very path."""
        at = self.index(path)
        return self.entry(at) if at < len(self.paths) and self.paths[at] == path else None

    def entry(self, index: int) -> Entry:
        """The entry at a position. For all of them use `entries`: this one reads its way there."""
        if self._kinds[index] != _FILE:
            return self.entries()[index]
        rank = self._kinds.count(_FILE, 0, index)
        reader = Reader(self._data, self._digests + rank * DIGEST_SIZE)
        sha256 = reader.take(DIGEST_SIZE).hex()
        reader.at = self._digests + self._kinds.count(_FILE) * DIGEST_SIZE
        for _ in range(rank):
            reader.varint()
        return FileEntry(self.paths[index], sha256, reader.varint())

    def entries(self) -> list[Entry]:
        """All entries, ascending."""
        reader = Reader(self._data, self._digests)
        files = self._kinds.count(_FILE)
        digests = reader.take(files * DIGEST_SIZE).hex()
        sizes = [reader.varint() for _ in range(files)]
        if files == len(self.paths):
            reader.end()
            cuts = range(0, len(digests), 2 * DIGEST_SIZE)
            held = zip(self.paths, cuts, sizes, strict=True)
            return [FileEntry(path, digests[cut : cut + 2 * DIGEST_SIZE], size) for path, cut, size in held]
        return self._mixed(reader, digests, sizes)

    def _mixed(self, reader: Reader, digests: str, sizes: list[int]) -> list[Entry]:
        found: list[Entry] = []
        rank = 0
        for path, kind in zip(self.paths, self._kinds, strict=True):
            if kind == _FILE:
                found.append(FileEntry(path, digests[rank * 64 : rank * 64 + 64], sizes[rank]))
                rank += 1
            else:
                found.append(_read_other(reader, path, kind))
        reader.end()
        return found


def _read_other(reader: Reader, path: str, kind: int) -> Entry:
    uri, pin = reader.text(), reader.text() or None
    if kind == _MOUNT:
        return MountEntry(path, uri, pin)
    if kind == _REFERENCE:
        size = reader.varint()
        return ReferenceEntry(path, uri, size - 1 if size else None, pin)
    raise Corrupted("A page of a tree holds an entry of no known kind.")


def _decode_paths(data: bytes, count: int) -> list[str]:
    reader = Reader(data)
    found: list[str] = []
    last = b""
    try:
        for _ in range(count):
            shared = data[reader.at]
            reader.at += 1
            last = last[:shared] + reader.take(reader.varint())
            found.append(last.decode())
    except (IndexError, UnicodeDecodeError):
        raise Corrupted("The paths of a page cannot be read.") from None
    reader.end()
    return found

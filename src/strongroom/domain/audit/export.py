"""The exported log: lines of JSON that can be verified without the server (see `verify`).

Line 1 is the header: ``{"strongroom_audit_export":1,"origin":...,"size":n,"keys":[{"key":...,"from":size}]}``. Then, in
order of the leaves, ``{"leaf":i,"record":"<canonical text>","hash":"<stored leaf hash, hex>"}``; after each 256th leaf
``{"tile":[1,k],"hash":"<stored hash of leaves 256k to 256k+255>"}``; after the leaf that completes its size, each
checkpoint the server has kept, ``{"checkpoint":"<signed note>"}``. The last line is the checkpoint of size n.

Hashes are the stored ones, not computed for the export: that is how a verifier tells an edited row from its neighbours.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.audit.checkpoint import MAX_SIZE
from strongroom.domain.audit.frontier import TILE_WIDTH
from strongroom.domain.audit.hashing import HASH_SIZE
from strongroom.domain.audit.merkle import NodeSource
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.errors import Invalid

FORMAT: Final = 1
"""The version of the format written and read here."""

MAX_LINE_BYTES: Final = 1_048_576
"""Bytes of one line with its line feed. Read with ``readline(MAX_LINE_BYTES + 1)`` to stay in bounded memory."""

MAX_KEYS: Final = 64
"""Keys a header may name."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log: it signs checkpoints from size `valid_from` on, and up to the one its successor signs first."""

    key: VerifierKey
    valid_from: int


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: which log, how many records, and the keys it says it had, oldest first."""

    origin: str
    size: int
    keys: tuple[LogKey, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One record: its number, its bytes as stored, and its stored leaf hash (32 bytes)."""

    number: int
    record: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Tile:
    """The stored hash (32 bytes) over leaves ``256 * position`` to ``256 * position + 255``."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed checkpoint's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is none of these, and why."""

    reason: str


Entry = Header | Leaf | Tile | Note | Malformed
"""What a line can be."""


def export(
    header: Header,
    rows: Iterable[tuple[bytes, bytes]],
    nodes: NodeSource,
    checkpoints: Sequence[tuple[int, str]],
) -> Iterator[bytes]:
    """Write an export, line by line, in memory for one row.

    :param rows: (record bytes, stored leaf hash of 32 bytes) of leaves 0 to ``header.size - 1``. A row that was edited
        into bytes that are no UTF-8 is exported as it is.
    :param nodes: where the stored tile hashes are; only ``tile(1, k, 1)`` is asked, and a missing one leaves no line.
    :param checkpoints: (size, signed text), ascending; the last is of ``header.size``.
    :returns: lines with their line feed.
    """
    yield encode(header)
    waiting = list(reversed(checkpoints))
    for number, (record, digest) in enumerate(rows):
        while waiting and waiting[-1][0] <= number:
            yield encode(Note(waiting.pop()[1]))
        yield encode(Leaf(number, record, digest))
        position, place = divmod(number, TILE_WIDTH)
        if place == TILE_WIDTH - 1:
            yield from (encode(Tile(position, tile)) for tile in nodes.tile(1, position, 1))
    for _, text in reversed(waiting):
        yield encode(Note(text))


def encode(entry: Header | Leaf | Tile | Note) -> bytes:
    """One line of an export, ASCII with its line feed."""
    value: dict[str, object]
    match entry:
        case Header(origin, size, keys):
            named = [{"key": str(one.key), "from": one.valid_from} for one in keys]
            value = {"strongroom_audit_export": FORMAT, "origin": origin, "size": size, "keys": named}
        case Leaf(number, record, digest):
            value = {"leaf": number, "record": record.decode("utf-8", "surrogateescape"), "hash": digest.hex()}
        case Tile(position, digest):
            value = {"tile": [1, position], "hash": digest.hex()}
        case Note(text):
            value = {"checkpoint": text}
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Entry:
    """Read one line; what is wrong with it is answered as `Malformed`, never raised."""
    if len(line) > MAX_LINE_BYTES:
        return Malformed(f"it is longer than {MAX_LINE_BYTES} bytes.")
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return Malformed("it is not JSON.")
    if not isinstance(value, dict):
        return Malformed("it is not a JSON object.")
    try:
        return _entry(value)
    except (ValueError, TypeError, Invalid) as error:
        return Malformed(f"it does not have the form of an export's line ({error}).")


def _entry(value: dict[str, object]) -> Entry:
    match value:
        case {"strongroom_audit_export": version, "origin": str(origin), "size": size, "keys": list(keys), **rest}:
            if version is True or version != FORMAT:
                return Malformed(f"the export has format {version!r}; this version of Strongroom reads {FORMAT}.")
            if len(keys) > MAX_KEYS:
                return Malformed(f"it names more than {MAX_KEYS} keys.")
            entry: Entry = Header(origin, _count(size), tuple(map(_key, keys)))
        case {"leaf": number, "record": str(record), "hash": str(digest), **rest}:
            entry = Leaf(_count(number), record.encode("utf-8", "surrogateescape"), _hash(digest))
        case {"tile": [1, position], "hash": str(digest), **rest}:
            entry = Tile(_count(position), _hash(digest))
        case {"checkpoint": str(text), **rest}:
            entry = Note(text)
        case _:
            return Malformed("it is neither header, leaf, tile nor checkpoint.")
    return Malformed(f"it has unknown fields ({', '.join(sorted(rest))}).") if rest else entry


def _key(value: object) -> LogKey:
    match value:
        case {"key": str(key), "from": size, **rest} if not rest:
            return LogKey(VerifierKey.parse(key), _count(size))
    raise ValueError("a key is a verifier key and the size it is valid from")


def _hash(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != HASH_SIZE or digest.hex() != text:
        raise ValueError("a hash is 64 lower-case hexadecimal digits")
    return digest


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SIZE:
        raise ValueError("a number is whole and not negative")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value

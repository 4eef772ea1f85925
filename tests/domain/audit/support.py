"""A naive Merkle tree, a counting node source, signers, and whole exported logs to tamper with."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strongroom.cli.ed25519 import verify
from strongroom.domain.audit.checkpoint import Checkpoint, sign_checkpoint
from strongroom.domain.audit.export import Header, LogKey, export
from strongroom.domain.audit.hashing import leaf_hash, node_hash
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.audit.receipt import issue
from strongroom.domain.audit.record import AuditRecord, Subject, canonical
from strongroom.domain.audit.verify import Report, verify_export

ORIGIN = "registry.example.com/audit"


@cache
def naive_hash(leaf_hashes: tuple[bytes, ...]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    split = 1
    while split * 2 < len(leaf_hashes):
        split *= 2
    return node_hash(naive_hash(leaf_hashes[:split]), naive_hash(leaf_hashes[split:]))


@dataclass
class Nodes:
    """A node source over leaf hashes in memory, which counts what is read."""

    hashes: Sequence[bytes]
    reads: int = 0
    calls: int = 0
    altered: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def leaves(self, start: int, count: int) -> Sequence[bytes]:
        self.calls, self.reads = self.calls + 1, self.reads + count
        return self.hashes[start : start + count]

    def tile(self, level: int, start: int, count: int) -> Sequence[bytes]:
        self.calls, self.reads = self.calls + 1, self.reads + count
        width = 256**level
        found = range(start, min(start + count, len(self.hashes) // width))
        return [
            self.altered.get((level, one), naive_hash(tuple(self.hashes[one * width : (one + 1) * width])))
            for one in found
        ]


class KeySigner:
    """A signer with a key made from a number."""

    def __init__(self, number: int, name: str = ORIGIN) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        self.key = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


OLD, NEW, FOREIGN = KeySigner(1), KeySigner(2), KeySigner(3)


def uid(number: int) -> str:
    return f"0190163d-8694-7000-8000-{number:012x}"


def record(number: int, action: str = "version.register") -> AuditRecord:
    subject = Subject("version", uid(10_000 + number))
    return AuditRecord(uid(number), "acme", 1_790_000_000_000_000 + number, "system", None, action, "done", subject)


class Log:
    """A genuine log of `size` records, whose rows, tiles and signatures can then be tampered with."""

    def __init__(self, size: int, checkpoints: Sequence[int] = (), rotated_at: int | None = None) -> None:
        self.rows = [(data, leaf_hash(data)) for data in (canonical(record(one)) for one in range(size))]
        self.nodes = Nodes([digest for _, digest in self.rows])
        self.rotated_at = rotated_at
        sizes = sorted({*checkpoints, size, *([] if rotated_at is None else [rotated_at])})
        self.checkpoints = [(one, self.checkpoint(one)) for one in sizes]
        self.keys = [LogKey(OLD.key, 0)] + ([] if rotated_at is None else [LogKey(NEW.key, rotated_at)])

    def signers(self, size: int) -> list[KeySigner]:
        if self.rotated_at is None or size < self.rotated_at:
            return [OLD]
        return [OLD, NEW] if size == self.rotated_at else [NEW]

    def checkpoint(self, size: int, signers: Sequence[KeySigner] | None = None) -> str:
        hashes = tuple(digest for _, digest in self.rows[:size])
        stated = Checkpoint(ORIGIN, size, naive_hash(hashes) if hashes else bytes.fromhex(EMPTY))
        return sign_checkpoint(stated, signers or self.signers(size))

    def receipt(self, number: int) -> str:
        return str(issue(uid(number), self.rows[number][1], OLD))

    def replace(self, number: int, action: str, *, with_hash: bool) -> None:
        """Edit a row in the database; with its stored hash, or without."""
        data = canonical(record(number, action))
        self.rows[number] = (data, leaf_hash(data) if with_hash else self.rows[number][1])

    def lines(self) -> list[bytes]:
        header = Header(ORIGIN, len(self.rows), tuple(self.keys))
        return list(export(header, self.rows, self.nodes, self.checkpoints))


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def check(
    lines: Sequence[bytes],
    trusted: Sequence[VerifierKey] | None = (OLD.key,),
    older: Sequence[str] = (),
    receipts: Sequence[str] = (),
) -> Report:
    keys = None if trusted is None else [str(key) for key in trusted]
    return verify_export(iter(lines), verify, keys, older, receipts)


def leaf_line(lines: Sequence[bytes], number: int) -> int:
    """Index of the line that bears this leaf number."""
    return next(at for at, line in enumerate(lines) if line.startswith(b'{"leaf":%d,' % number))


def change(lines: list[bytes], at: int, edit: Callable[[dict[str, object]], object]) -> None:
    """Edit the JSON of one line in place."""
    value = json.loads(lines[at])
    edit(value)
    lines[at] = json.dumps(value).encode() + b"\n"

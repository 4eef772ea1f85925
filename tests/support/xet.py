"""Xorbs and shards as a client makes them, in plain Python: for what no honest client would send."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from blake3 import blake3

from strongroom.domain.xet import shard as form
from strongroom.domain.xet.body import NONE, ChunkHeader, write_header
from strongroom.domain.xet.hashes import Data, chunk_hash, file_hash, range_hash, raw, text
from strongroom.domain.xet.merkle import root


def keyed(key: bytes, data: Data) -> bytes:
    return blake3(data, key=key).digest()


@dataclass(frozen=True)
class MadeXorb:
    """Chunks in a xorb, none compressed."""

    chunks: Sequence[bytes]

    @property
    def hashes(self) -> list[bytes]:
        return [chunk_hash(keyed, chunk) for chunk in self.chunks]

    @property
    def hash(self) -> bytes:
        return root(keyed, zip(self.hashes, map(len, self.chunks), strict=True))[0]

    @property
    def name(self) -> str:
        return text(self.hash)

    @property
    def body(self) -> bytes:
        return b"".join(write_header(ChunkHeader(len(c), NONE, len(c))) + c for c in self.chunks)


@dataclass(frozen=True)
class MadeTerm:
    """Chunks `start` to `end` of a xorb; what is given beside them is a lie."""

    xorb: MadeXorb
    start: int
    end: int
    size: int | None = None
    range_hash: bytes | None = None

    @property
    def data(self) -> bytes:
        return b"".join(self.xorb.chunks[self.start : self.end])

    def records(self) -> tuple[bytes, bytes]:
        known = range_hash(keyed, b"".join(self.xorb.hashes[self.start : self.end]))
        size = len(self.data) if self.size is None else self.size
        term = form.TERM.pack(self.xorb.hash, 0, size, self.start, self.end)
        return term, (self.range_hash or known) + bytes(16)


@dataclass(frozen=True)
class MadeFile:
    """A file of terms; `sha256` and `hash` are right unless given."""

    terms: Sequence[MadeTerm]
    sha256: str | None = ""
    hash: bytes | None = None

    @property
    def data(self) -> bytes:
        return b"".join(term.data for term in self.terms)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def name(self) -> str:
        return text(self.true_hash)

    @property
    def true_hash(self) -> bytes:
        chunks = [chunk for term in self.terms for chunk in term.xorb.chunks[term.start : term.end]]
        return file_hash(keyed, root(keyed, ((chunk_hash(keyed, chunk), len(chunk)) for chunk in chunks))[0])

    def records(self) -> bytes:
        flags = form.VERIFIED | (form.WITH_SHA256 if self.sha256 is not None else 0)
        head = form.FILE.pack(self.hash or self.true_hash, flags, len(self.terms), 0)
        terms, known = zip(*(term.records() for term in self.terms), strict=True)
        tail = b"" if self.sha256 is None else raw(self.sha256 or self.digest) + bytes(16)
        return head + b"".join(terms) + b"".join(known) + tail


@dataclass(frozen=True)
class MadeShard:
    """What a client sends behind its xorbs."""

    files: Sequence[MadeFile]
    xorbs: Sequence[MadeXorb] = field(default_factory=tuple)

    @property
    def data(self) -> bytes:
        head = form.HEADER.pack(form.TAG, form.VERSION, 0)
        files = b"".join(file.records() for file in self.files)
        xorbs = b"".join(xorb_records(xorb) for xorb in self.xorbs)
        return head + files + form.BOOKEND + xorbs + form.BOOKEND


def xorb_records(xorb: MadeXorb) -> bytes:
    """What a shard says of a xorb."""
    size, at, chunks = sum(map(len, xorb.chunks)), 0, b""
    for hashed, chunk in zip(xorb.hashes, xorb.chunks, strict=True):
        chunks += form.CHUNK.pack(hashed, at, len(chunk), 0, 0)
        at += len(chunk)
    return form.XORB.pack(xorb.hash, 0, len(xorb.chunks), size, len(xorb.body)) + chunks

"""What a shard claims of one file, compared with what is stored, and whether the caller may name those chunks (N16).

A shard may name chunks of xorbs that the caller has sent within three weeks, or was told of in an answer, and chunks
that the target asset holds. Every range also carries a hash that only somebody can make who knows the chunks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from strongroom.application.call import Call
from strongroom.application.ports.xet import XetCodec, Xorb
from strongroom.domain.errors import DigestMismatch, Invalid, NotPossessed
from strongroom.domain.registry.model import Asset
from strongroom.domain.xet.hashes import file_hash, range_hash, text
from strongroom.domain.xet.merkle import Node, root
from strongroom.domain.xet.shard import ClaimedFile, ClaimedTerm
from strongroom.domain.xet.terms import Coverage, Term, merged, ranges_of, unpack_terms

FILE_LARGEST = 5 * 1024**4
FILES_LOOKED_AT = 1_000
REPEATING_FROM = 64 * 1024**3
REPEATING_MOST = 100
"""Files above 64 GiB repeat what they are made of at most so often: each repetition is read and hashed."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file whose ranges are there and whose hash follows from them.

    :ivar first: the hash of its first chunk, which clients ask after. :ivar xorbs: hashes of the xorbs that it uses.
    """

    hash: bytes
    terms: Sequence[Term]
    size: int
    sha256: str | None
    first: bytes
    xorbs: Mapping[int, str]

    @property
    def name(self) -> str:
        """Its hash as text."""
        return text(self.hash)


def named(file: ClaimedFile) -> list[str]:
    """The xorbs that a claimed file names, each once."""
    return list(dict.fromkeys(text(term.xorb) for term in file.terms()))


def check_file(codec: XetCodec, file: ClaimedFile, find: Callable[[str], Xorb | None]) -> CheckedFile:
    """Compare a claimed file with the xorbs that it names, which are looked up one after the other.

    :raises NotPossessed: a xorb is not there. :raises Invalid: a range or size is not so.
    :raises DigestMismatch: a verification hash or the file's hash does not follow from the chunks.
    """
    reading = _Reading(codec, file, find)
    top, size = root(codec.keyed, reading.nodes())
    if size > FILE_LARGEST:
        raise Invalid(f"A file has at most {FILE_LARGEST} bytes.", limit=FILE_LARGEST)
    if size > REPEATING_FROM and size > REPEATING_MOST * reading.distinct():
        raise Invalid(f"A file of that size repeats no chunk more than {REPEATING_MOST} times.", limit=REPEATING_MOST)
    found = file_hash(codec.keyed, top)
    if found != file.hash:
        raise DigestMismatch("The file does not have its hash.", expected=text(file.hash), found=text(found))
    return CheckedFile(found, merged(reading.terms), size, file.sha256, reading.first, reading.names)


class _Reading:
    """One walk over the terms of a claimed file: each is compared, and its chunks are leaves of the file's tree."""

    def __init__(self, codec: XetCodec, file: ClaimedFile, find: Callable[[str], Xorb | None]) -> None:
        self._codec, self._file, self._find = codec, file, find
        self.terms: list[Term] = []
        self.names: dict[int, str] = {}
        self.first = b""
        self._bytes: dict[int, int] = {}

    def nodes(self) -> Iterator[Node]:
        for claimed in self._file.terms():
            name = text(claimed.xorb)
            xorb = self._find(name)
            if xorb is None:
                raise NotPossessed("Send these chunks first.", xorbs=[name])
            self.first = self.first or xorb.index.hash_of(claimed.start)
            self.terms.append(_checked_term(self._codec, claimed, xorb))
            self.names[xorb.id], self._bytes[xorb.id] = name, xorb.index.raw_size
            yield from xorb.index.nodes(claimed.start, claimed.end)

    def distinct(self) -> int:
        """Bytes of the xorbs that are named, each once."""
        return sum(self._bytes.values())


def _checked_term(codec: XetCodec, claimed: ClaimedTerm, xorb: Xorb) -> Term:
    if claimed.end > xorb.index.count:
        raise Invalid("The shard names chunks behind the end of a xorb.", xorb=xorb.hash)
    if xorb.index.raw_between(claimed.start, claimed.end) != claimed.size:
        raise Invalid("The shard states another size of a range than its chunks have.", xorb=xorb.hash)
    if range_hash(codec.keyed, xorb.index.hashes_of(claimed.start, claimed.end)) != claimed.range_hash:
        raise DigestMismatch("The verification hash of a range does not follow from its chunks.", xorb=xorb.hash)
    return Term(xorb.id, claimed.start, claimed.end, claimed.size)


def require_possession(call: Call, asset: Asset, file: CheckedFile) -> None:
    """:raises NotPossessed: in the words of `check_file` for what is not there at all."""
    ids, used = list(file.xorbs), ranges_of(file.terms)
    sent = call.tx.xet.noted(call.actor.id, ids)
    for xorb_id in ids:
        if xorb_id in sent:
            continue
        files = call.tx.xet.files_with(xorb_id, FILES_LOOKED_AT, assets=[asset.id])
        held = Coverage(xorb_id, chain.from_iterable(unpack_terms(file.terms) for file in files))
        if not all(held.has(start, end) for start, end in used[xorb_id]):
            raise NotPossessed("Send these chunks first.", xorbs=[file.xorbs[xorb_id]])

"""What a shard claims of one file, compared with what is stored, and whether the caller may name those chunks (N16).

A shard may name chunks of xorbs that the caller has sent within three weeks, or was told of in an answer, and chunks
that the target asset holds. Every range also carries a hash that only somebody can make who knows the chunks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from strongroom.application.call import Call
from strongroom.application.ports.xet import XetCodec, Xorb
from strongroom.domain.errors import DigestMismatch, Invalid, NotPossessed
from strongroom.domain.registry.model import Asset
from strongroom.domain.xet.hashes import file_hash, range_hash, text
from strongroom.domain.xet.merkle import root
from strongroom.domain.xet.shard import ClaimedFile, ClaimedTerm
from strongroom.domain.xet.terms import Coverage, Term, merged, unpack_terms

FILE_LARGEST = 5 * 1024**4
FILES_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file whose ranges are there and whose hash follows from them.

    :ivar first: key of its first chunk, which clients ask after.
    """

    hash: bytes
    terms: Sequence[Term]
    size: int
    sha256: str | None
    first: bytes

    @property
    def name(self) -> str:
        """Its hash as text."""
        return text(self.hash)


def named(file: ClaimedFile) -> list[str]:
    """The xorbs that a claimed file names, each once."""
    return list(dict.fromkeys(text(term.xorb) for term in file.terms()))


def check_file(codec: XetCodec, file: ClaimedFile, xorbs: Mapping[str, Xorb]) -> CheckedFile:
    """Compare a claimed file with the xorbs that it names.

    :raises NotPossessed: a xorb is not there. :raises Invalid: a range or size is not so.
    :raises DigestMismatch: a verification hash or the file's hash does not follow from the chunks.
    """
    terms: list[Term] = []
    size = 0
    for claimed in file.terms():
        xorb = xorbs.get(text(claimed.xorb))
        if xorb is None:
            raise NotPossessed("Send these chunks first.", xorbs=[text(claimed.xorb)])
        terms.append(_checked_term(codec, claimed, xorb))
        size += claimed.size
    if size > FILE_LARGEST:
        raise Invalid(f"A file has at most {FILE_LARGEST} bytes.", limit=FILE_LARGEST)
    by_id = {xorb.id: xorb.index for xorb in xorbs.values()}
    top, _ = root(codec.keyed, chain.from_iterable(by_id[term.xorb].nodes(term.start, term.end) for term in terms))
    found = file_hash(codec.keyed, top)
    if found != file.hash:
        raise DigestMismatch("The file does not have its hash.", expected=text(file.hash), found=text(found))
    first = by_id[terms[0].xorb].hash_of(terms[0].start)
    return CheckedFile(found, merged(terms), size, file.sha256, first)


def _checked_term(codec: XetCodec, claimed: ClaimedTerm, xorb: Xorb) -> Term:
    if claimed.end > xorb.index.count:
        raise Invalid("The shard names chunks behind the end of a xorb.", xorb=xorb.hash)
    if xorb.index.raw_between(claimed.start, claimed.end) != claimed.size:
        raise Invalid("The shard states another size of a range than its chunks have.", xorb=xorb.hash)
    if range_hash(codec.keyed, xorb.index.hashes_of(claimed.start, claimed.end)) != claimed.range_hash:
        raise DigestMismatch("The verification hash of a range does not follow from its chunks.", xorb=xorb.hash)
    return Term(xorb.id, claimed.start, claimed.end, claimed.size)


def require_possession(call: Call, asset: Asset, terms: Sequence[Term], xorbs: Mapping[int, str]) -> None:
    """:raises NotPossessed: in the words of `check_file` for what is not there at all."""
    ids = list(dict.fromkeys(term.xorb for term in terms))
    sent = call.tx.xet.noted(call.actor.id, ids)
    for xorb_id in ids:
        if xorb_id in sent:
            continue
        files = call.tx.xet.files_with(xorb_id, FILES_LOOKED_AT, assets=[asset.id])
        held = Coverage(xorb_id, chain.from_iterable(unpack_terms(file.terms) for file in files))
        if not all(held.has(term.start, term.end) for term in terms if term.xorb == xorb_id):
            raise NotPossessed("Send these chunks first.", xorbs=[xorbs[xorb_id]])

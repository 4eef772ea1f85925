"""Which bytes of which xorbs a client has to fetch for a file or a range of it, and the addresses to fetch them at.

An address carries a seal: xorb, range, asset, token, end of life. It works for nothing else, and dies with the token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.audit.reads import Window, open_window, window_of
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity.authentication import Shown
from strongroom.application.paging import PageSealer
from strongroom.application.recalls.chunked import refuse_file
from strongroom.application.xet.attributing import version_read
from strongroom.application.xet.rebuilding import stored
from strongroom.application.xet.tokens import Session, readable, target
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import BadPageToken, Forbidden, Invalid, NotFound, RangeNotSatisfiable
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Version
from strongroom.domain.xet.hashes import raw
from strongroom.domain.xet.terms import Term, ranges_of, unpack_terms, within
from strongroom.domain.xet.xorb import XorbIndex

FETCH_LIFE_S: Final = 3600
TERMS_MOST: Final = 100_000
_SEALED: Final = "xet.fetch.2"
#: The name changes with what is sealed: a server of another release refuses it, and the client asks anew.
#: Indexes of xorbs that are looked at together.
_AT_ONCE: Final = 64
_REFUSED: Final = "The address is unknown or expired; ask for the reconstruction again."


@dataclass(frozen=True, slots=True)
class Part:
    """Chunks ``[start, end)`` of a xorb, which are bytes `first` to `last` of its body, both inclusive."""

    start: int
    end: int
    first: int
    last: int
    seal: str


@dataclass(frozen=True, slots=True)
class NamedTerm:
    """A term, with the xorb's hash."""

    xorb: str
    start: int
    end: int
    size: int


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What to fetch and how to join it. :ivar offset: bytes to drop before the first one asked for."""

    offset: int
    terms: Sequence[NamedTerm]
    parts: Mapping[str, Sequence[Part]]


async def planned(edge: Edge, session: Session, hashed: str, start: int = 0, end: int | None = None) -> Reconstruction:
    """See `plan`; where the file is a version's, it is a read of that version, whose window is opened first."""

    def find(call: Call) -> tuple[Reconstruction, Window | None]:
        found, version = plan(call, session, hashed, start, end)
        return found, window_of(call, version.id) if version else None

    found, window = await edge.read(find)
    if window is None:
        return found
    if not edge.reads.is_open(window):
        opening = window
        await edge.command(lambda call: open_window(call, opening))
        edge.reads.opened(window)
    edge.reads.count(window, sum(term.size for term in found.terms))
    return found


def plan(
    call: Call, session: Session, hashed: str, start: int = 0, end: int | None = None
) -> tuple[Reconstruction, Version | None]:
    """The reconstruction of bytes ``[start, end)`` of a file that the token is for, and the version that it is of.

    :raises NotFound: no such file, or none that the token is for.
    :raises Recalled: it is recalled. :raises RangeNotSatisfiable: it begins behind the end.
    """
    raw(hashed)
    asset = target(call, session, write=False)
    file = call.tx.xet.file(hashed)
    if file is None or not call.tx.xet.held(asset.id, file.blob_id):
        raise NotFound("There is no such file.")
    refuse_file(call, asset, file, session.version)
    version = version_read(call, session, asset, file.sha256)
    if start >= file.size or (end is not None and end <= start):
        raise RangeNotSatisfiable(f"The file has {file.size} bytes.", size=file.size)
    stop = min(file.size, end if end is not None else file.size)
    terms, offset = within(unpack_terms(file.terms), start, stop)
    if len(terms) > TERMS_MOST:
        raise Invalid("The file lies in too many pieces to be named at once; ask for ranges of it.", limit=TERMS_MOST)
    return _planned(call, _For(session, hashed), terms, offset, offset + stop - start), version


@dataclass(frozen=True, slots=True)
class _For:
    """Which file is planned, for whom."""

    session: Session
    file: str


def _planned(call: Call, of: _For, terms: Sequence[Term], offset: int, end: int) -> Reconstruction:
    trimmed, offset = _trimmed(call, terms, offset, end)
    ranges = ranges_of(trimmed)
    ids, names, parts = list(ranges), dict[int, str](), dict[str, list[Part]]()
    for at in range(0, len(ids), _AT_ONCE):
        for xorb in call.tx.xet.xorbs(ids[at : at + _AT_ONCE]).values():
            names[xorb.id] = xorb.hash
            parts[xorb.hash] = [_part(call, of, xorb.id, xorb.index, *found) for found in ranges[xorb.id]]
    return Reconstruction(offset, [NamedTerm(names[t.xorb], t.start, t.end, t.size) for t in trimmed], parts)


def _trimmed(call: Call, terms: Sequence[Term], offset: int, end: int) -> tuple[list[Term], int]:
    """The terms without the chunks before and behind what was asked for.

    :param offset: of the first byte asked for, from the first term's beginning. :param end: behind the last one.
    """
    kept = list(terms)
    indexes = {xorb.id: xorb.index for xorb in call.tx.xet.xorbs([kept[0].xorb, kept[-1].xorb]).values()}
    last = kept[-1]
    index = indexes[last.xorb]
    stop = end - sum(term.size for term in kept[:-1])
    to = index.chunk_at(index.raw_at(last.start) + stop - 1) + 1
    kept[-1] = Term(last.xorb, last.start, to, index.raw_between(last.start, to))
    first = kept[0]
    index = indexes[first.xorb]
    begin = index.chunk_at(index.raw_at(first.start) + offset)
    offset -= index.raw_between(first.start, begin)
    kept[0] = Term(first.xorb, begin, first.end, index.raw_between(begin, first.end))
    return kept, offset


def _part(call: Call, of: _For, xorb_id: int, index: XorbIndex, start: int, end: int) -> Part:
    first, last = index.body_at(start), index.body_at(end) - 1
    expires = call.now // 1_000_000 + FETCH_LIFE_S
    who = (of.session.store, of.session.workspace, of.session.asset, of.session.token_id)
    said = (*who, of.file, of.session.version, xorb_id, first, last, expires)
    return Part(start, end, first, last, call.sealer.seal_credential(_SEALED, said))


@dataclass(frozen=True, slots=True)
class Fetch:
    """What the seal in an address says. :ivar file: that it was made for. :ivar source: see `Session.version`."""

    store: str
    workspace: str
    asset: str
    token_id: str | None
    file: str
    source: str | None
    xorb: int
    first: int
    last: int
    expires_at_s: int

    @property
    def shown(self) -> Shown | None:
        """The token that it was given for."""
        return Shown(self.token_id) if self.token_id is not None else None


def opened(sealer: PageSealer, seal: str) -> Fetch:
    """:raises Forbidden: this installation did not make it; clients then ask for the reconstruction again."""
    try:
        said = sealer.open_credential(_SEALED, seal)
    except BadPageToken:
        raise Forbidden(_REFUSED) from None
    store, workspace, asset, token_id, file, source, *numbers = said
    held, of = (None if one is None else str(one) for one in (token_id, source))
    xorb, first, last, expires = (int(str(number)) for number in numbers)
    return Fetch(str(store), str(workspace), str(asset), held, str(file), of, xorb, first, last, expires)


def body_of(call: Call, fetch: Fetch, store: str, hashed: str) -> StoredBlob:
    """The body that an address is for.

    :raises Forbidden: it has ended, or is for another store or xorb. :raises Recalled: the file was recalled meanwhile.
    :raises Conflict: its asset is in the trash.
    """
    asset = readable(call, fetch.asset)
    xorb = call.tx.xet.xorbs([fetch.xorb]).get(fetch.xorb)
    ended = fetch.expires_at_s * 1_000_000 <= call.now
    if ended or fetch.store != store or xorb is None or xorb.hash != hashed:
        call.refuse(Permission.VERSION_BYTES, Subject("asset", asset.uid), _REFUSED)
    file = call.tx.xet.file(fetch.file)
    if file is not None:
        refuse_file(call, asset, file, fetch.source)
    return stored(xorb.blob)


def must_be_within(fetch: Fetch, start: int, end: int) -> None:
    """:raises Forbidden: bytes ``[start, end)`` are not those that the address is for."""
    if not fetch.first <= start < end <= fetch.last + 1:
        raise Forbidden("The address is for other bytes of this xorb.")

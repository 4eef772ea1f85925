"""From the core's reconstructions to the two wire forms, and from a Range header to bytes. Pure."""

import re
from typing import Final

import msgspec

from strongroom.application.xet.reconstructing import Part, Reconstruction
from strongroom.dialects.xet.wire import (
    AnswerV1,
    AnswerV2,
    AskGrant,
    ByteRange,
    ChunkRange,
    FetchV1,
    FetchV2,
    RangeV2,
    Term,
)
from strongroom.domain.errors import Invalid

_RANGE: Final = re.compile(r"bytes=(\d{1,19})-(\d{0,19})")


def asked_range(header: str | None) -> tuple[int, int | None]:
    """The half-open range that a Range header asks for; without one, all.

    :raises Invalid: another form, which the client does not send.
    """
    if header is None:
        return 0, None
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise Invalid("A range is written as bytes=first-last.")
    return int(found[1]), int(found[2]) + 1 if found[2] else None


def asked_grant(body: bytes) -> AskGrant:
    """:raises Invalid: it does not say how long the body is."""
    try:
        return msgspec.json.decode(body, type=AskGrant)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid("A grant is asked for with the body's length.") from None


def fetch_url(store_url: str, xorb: str, part: Part) -> str:
    """The address of a part."""
    return f"{store_url}/v1/fetch/{xorb}?s={part.seal}"


def _terms(found: Reconstruction) -> list[Term]:
    return [Term(one.xorb, one.size, ChunkRange(one.start, one.end)) for one in found.terms]


def answer_v1(found: Reconstruction, store_url: str) -> AnswerV1:
    """Version 1: an address a range."""
    fetch = {
        xorb: [
            FetchV1(ChunkRange(p.start, p.end), fetch_url(store_url, xorb, p), ByteRange(p.first, p.last))
            for p in parts
        ]
        for xorb, parts in found.parts.items()
    }
    return AnswerV1(found.offset, _terms(found), fetch)


def answer_v2(found: Reconstruction, store_url: str) -> AnswerV2:
    """Version 2: the same, an address with one range each, since an address is for its range alone."""
    xorbs = {
        xorb: [
            FetchV2(fetch_url(store_url, xorb, p), [RangeV2(ChunkRange(p.start, p.end), ByteRange(p.first, p.last))])
            for p in parts
        ]
        for xorb, parts in found.parts.items()
    }
    return AnswerV2(found.offset, _terms(found), xorbs)

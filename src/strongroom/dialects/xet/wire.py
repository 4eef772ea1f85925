"""What the Xet protocol's JSON looks like (xet-core, ``cas_types``)."""

from msgspec import Struct


class ChunkRange(Struct):
    """Chunks from `start` to the one before `end`."""

    start: int
    end: int


class ByteRange(Struct):
    """Bytes from `start` to `end`, both inclusive."""

    start: int
    end: int


class Term(Struct):
    """A part of the file."""

    hash: str
    unpacked_length: int
    range: ChunkRange


class FetchV1(Struct):
    """Where chunks are fetched."""

    range: ChunkRange
    url: str
    url_range: ByteRange


class AnswerV1(Struct):
    """``/v1/reconstructions``."""

    offset_into_first_range: int
    terms: list[Term]
    fetch_info: dict[str, list[FetchV1]]


class RangeV2(Struct):
    """Chunks, and the bytes that they are."""

    chunks: ChunkRange
    bytes: ByteRange


class FetchV2(Struct):
    """An address, and what may be fetched at it."""

    url: str
    ranges: list[RangeV2]


class AnswerV2(Struct):
    """``/v2/reconstructions``."""

    offset_into_first_range: int
    terms: list[Term]
    xorbs: dict[str, list[FetchV2]]


class Token(Struct):
    """A CAS token, as the client refreshes it."""

    casUrl: str  # noqa: N815 - the client's spelling
    exp: int
    accessToken: str  # noqa: N815 - the client's spelling


class AskGrant(Struct):
    """What a client is about to send; the checksum is for the bucket and not looked at."""

    length: int


class Grant(Struct):
    """Where to send it."""

    id: str
    url: str
    headers: dict[str, str]
    method: str = "PUT"


class Taken(Struct):
    """Of a commit, or of what was here before."""


class Inserted(Struct):
    """Of a xorb. Always true: whether it was there before is nobody's to know (N16)."""

    was_inserted: bool = True


class Registered(Struct):
    """Of a shard, in version 1: 1 is "registered"."""

    result: int = 1


class Validating(Struct, tag="validating", tag_field="type"):
    """A frame: so many bytes of so many are verified."""

    verified: int
    total: int


class Result(Struct, tag="result", tag_field="type"):
    """The last frame: all is on record."""


class Failed(Struct, tag="error", tag_field="type"):
    """The last frame: nothing more is on record."""

    message: str
    retryable: bool

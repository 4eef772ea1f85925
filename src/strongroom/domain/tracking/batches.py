"""The bytes of one batch as the run's hash chain covers them (domain.md N15): what was sent, when and by whom."""

import json
import zlib
from collections.abc import Mapping, Sequence

from strongroom.domain.artifacts.packing import Reader, put_varint
from strongroom.domain.errors import Corrupted
from strongroom.domain.tracking.values import Param

RECORDS_LARGEST = 256 << 20
"""Bytes that the records of one block may unfold to."""

_LENGTH = 8
_LEVEL = 6


def encode_record(
    *,
    recorded_at: int,
    actor: str,
    params: Sequence[Param] = (),
    tags: Mapping[str, str | None] | None = None,
    untagged: Sequence[str] = (),
    other: Mapping[str, object] | None = None,
) -> bytes:
    """All of a batch but its points, as JSON; parts that are empty are left out.

    :param recorded_at: microseconds UTC of the transaction.
    :param actor: uid of the principal.
    :param untagged: keys of tags that were removed.
    :param other: what else belongs into the chain, for example the digests of a folder write.
    """
    whole: dict[str, object] = {"at": recorded_at, "by": actor}
    if params:
        whole["params"] = [[param.key, param.value, param.mode.value] for param in params]
    if tags:
        whole["tags"] = dict(tags)
    if untagged:
        whole["untagged"] = sorted(untagged)
    if other:
        whole["other"] = dict(other)
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()


def chained(record: bytes, body: bytes) -> bytes:
    """What the chain is extended by: length of the record (8 bytes, big-endian), the record, its points.

    :param body: `points.canonical` of the batch; of a batch from before decision 10 its block as stored.
    """
    return len(record).to_bytes(_LENGTH, "big") + record + body


def pack_records(records: Sequence[bytes]) -> bytes:
    """The records of batches that became one block: how many, their lengths, then all of them; zlib."""
    out = bytearray()
    put_varint(out, len(records))
    for record in records:
        put_varint(out, len(record))
    return zlib.compress(bytes(out) + b"".join(records), _LEVEL)


def unpack_records(data: bytes) -> list[bytes]:
    """The records again. :raises Corrupted: bytes that are none."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, RECORDS_LARGEST)
    except zlib.error:
        raise Corrupted("The records of a block cannot be decompressed.") from None
    if not inflater.eof:
        raise Corrupted("The records of a block are cut short or too large.")
    reader = Reader(plain)
    sizes = [reader.varint() for _ in range(reader.varint())]
    records = [reader.take(size) for size in sizes]
    reader.end()
    return records

"""The bytes of one batch as the run's hash chain covers them (domain.md N15): what was sent, when and by whom."""

import json
from collections.abc import Mapping, Sequence

from strongroom.domain.tracking.values import Param

_LENGTH = 8


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
    """What the chain is extended by: length of the record (8 bytes, big-endian), the record, the block of points."""
    return len(record).to_bytes(_LENGTH, "big") + record + body

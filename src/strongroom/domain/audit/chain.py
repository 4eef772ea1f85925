"""The hash chain of a run's records (domain.md N15): points, params, lines and folder writes, batch after batch.

These are too many for a leaf each; the chain's head stands in audit records instead (at run end, at freeze and at
most every 10 minutes), so that no batch below an audited head can be changed, dropped or moved unnoticed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

EMPTY_HEAD: Final = bytes(32)
"""Head of a chain without batches."""

_DOMAIN: Final = b"strongroom-chain/v1"


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first audited head that the batches do not lead to: one of batches `first` to `last` (from 0) is not genuine.

    :param missing: there are fewer batches than the head counted; which of these are gone cannot be told.
    """

    first: int
    last: int
    missing: bool

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        what = "are not all there" if self.missing else "do not lead to the audited chain head"
        return f"Batches {self.first} to {self.last} of the run {what}."


def extend(head: bytes, batch: bytes) -> bytes:
    """The head after one more batch: SHA-256 of ``"strongroom-chain/v1" || head || SHA-256(batch)``, 32 bytes.

    :param head: 32 bytes, `EMPTY_HEAD` for the first batch.
    :param batch: the batch's bytes exactly as stored.
    :raises ValueError: the head has another length.
    """
    if len(head) != len(EMPTY_HEAD):
        raise ValueError("a chain head has 32 bytes")
    return sha256(_DOMAIN + head + sha256(batch).digest()).digest()


def verify(batches: Iterable[bytes], heads: Mapping[int, bytes]) -> ChainBreak | None:
    """Check stored batches against audited heads, in memory for one batch.

    :param batches: every batch of the run from the first.
    :param heads: number of batches -> head after them, from audit records. Batches beyond the greatest are unproven.
    :returns: ``None`` if every head is met.
    """
    head, count, proven = EMPTY_HEAD, 0, 0
    if 0 in heads and heads[0] != head:
        return ChainBreak(0, 0, missing=False)
    for batch in batches:
        head, count = extend(head, batch), count + 1
        if count in heads:
            if heads[count] != head:
                return ChainBreak(proven, count - 1, missing=False)
            proven = count
    expected = max(heads, default=0)
    return ChainBreak(proven, expected - 1, missing=True) if expected > count else None

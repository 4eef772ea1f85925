"""What the Xet protocol needs of others: keyed BLAKE3, LZ4 frames, and the digests of a file as it is put together."""

from typing import Any, Final

from blake3 import blake3

from strongroom.adapters.blobs.digests import Fingerprint
from strongroom.domain.errors import Invalid
from strongroom.domain.xet.body import BG4_LZ4, NONE
from strongroom.domain.xet.hashes import Data

_GROUPS: Final = 4
_BAD: Final = "A chunk of the xorb does not unpack to what it states."


class Codec:
    """See :class:`strongroom.application.ports.xet.XetCodec`."""

    def __init__(self) -> None:
        self._lz4: Any = None

    def keyed(self, key: bytes, data: Data) -> bytes:
        return blake3(data, key=key).digest()

    def unpack(self, scheme: int, data: Data, size: int) -> Data:
        if scheme == NONE:
            if len(data) != size:
                raise Invalid(_BAD)
            return data
        try:
            raw: bytes = self._frames().decompress(data, decompressed_size=size, asbytes=True)
        except (OSError, ValueError) as error:
            raise Invalid(_BAD) from error
        return _regrouped(raw) if scheme == BG4_LZ4 else raw

    def _frames(self) -> Any:  # noqa: ANN401 - pyarrow has no stubs
        """Arrow's LZ4 frames, loaded when the first one comes: bounded by the size stated, one whole frame."""
        if self._lz4 is None:
            import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs

            self._lz4 = pa.Codec("lz4")
        return self._lz4

    def fingerprint(self, announced: int) -> Fingerprint:
        return Fingerprint(announced)


def _regrouped(grouped: bytes) -> bytes:
    """Undo BG4: all bytes whose place divides by four came first, then those behind them, and so on."""
    raw = bytearray(len(grouped))
    at = 0
    for first in range(_GROUPS):
        length = len(range(first, len(grouped), _GROUPS))
        raw[first::_GROUPS] = grouped[at : at + length]
        at += length
    return bytes(raw)

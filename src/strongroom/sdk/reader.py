"""A file of a version as a file object: read as it comes, or at any place, without a copy on this disk."""

import hashlib
import io
from collections.abc import Generator
from typing import Any

from strongroom.sdk.download import Wanted, stream
from strongroom.sdk.errors import Corrupted
from strongroom.sdk.transport import Transport


class RemoteFile(io.RawIOBase):
    """Bytes of a stored file. Read from start to end, its SHA-256 is checked before the end is reported.

    What is read in pieces out of order was checked by the server, block by block, as it left its disk.

    :raises Corrupted: from `read`: the bytes are not what was written.
    """

    def __init__(self, transport: Transport, wanted: Wanted) -> None:
        super().__init__()
        self._transport, self._wanted = transport, wanted
        self._at = 0
        self._blocks: Generator[bytes, None, None] | None = None
        self._rest = b""
        self._digest = hashlib.sha256()
        self._hashed = 0
        self.name = wanted.path

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is: by Range requests."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; the next read asks the server for what begins there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._wanted.size}[whence]
        if base + offset < 0:
            raise ValueError("a file has no place before its start")
        if base + offset != self._at:
            self._at = base + offset
            self._drop()
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Fill a buffer with what comes next; returns how many bytes, 0 at the end."""
        if not self._rest and self._at < self._wanted.size:
            if self._blocks is None:
                self._blocks = stream(self._transport, self._wanted, self._at)
            self._rest = next(self._blocks, b"")
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._check(self._rest[:count])
        self._rest = self._rest[count:]
        self._at += count
        return count

    def close(self) -> None:
        """End the transfer."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        blocks, self._blocks, self._rest = self._blocks, None, b""
        if blocks is not None:
            blocks.close()

    def _check(self, data: bytes) -> None:
        if self._at != self._hashed:
            return
        self._digest.update(data)
        self._hashed += len(data)
        if data and self._hashed == self._wanted.size and self._digest.hexdigest() != self._wanted.sha256:
            details = {"blob": self._wanted.sha256, "path": self._wanted.path}
            raise Corrupted(f"The bytes received for {self.name!r} are not those it has.", details=details)

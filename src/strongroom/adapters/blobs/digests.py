"""Everything that is computed of a blob while its bytes pass, in one go (domain.md N11)."""

import hashlib
from collections.abc import Iterable

from blake3 import blake3

from strongroom.adapters.blobs.names import OWN_FILE
from strongroom.application.artifacts.blobstore import BLOCK, GIT_SHA1_LIMIT, StoredBlob


def git_sha1(size: int, chunks: Iterable[bytes]) -> str:
    """Hash like ``git hash-object``: 40 hex digits. `size` is the sum of the chunks' lengths in bytes."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


class Fingerprint:
    """The running digests of one blob: SHA-256 of all, BLAKE3-256 of every block, git SHA-1 if the size is announced.

    Args:
        announced: the blob's size in bytes, or None. A wrong one makes `git` wrong, so compare `size` at the end.
    """

    def __init__(self, announced: int | None) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._block = blake3()
        self._in_block = 0
        self._blocks: list[bytes] = []
        wanted = announced is not None and announced <= GIT_SHA1_LIMIT
        self._git = hashlib.sha1(b"blob %d\0" % (announced or 0), usedforsecurity=False) if wanted else None

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, cut anywhere. Long ones are hashed without the interpreter's lock."""
        self.size += len(data)
        self._sha256.update(data)
        if self._git:
            self._git.update(data)
        view = memoryview(data)
        while len(view) > 0:
            piece = view[: BLOCK - self._in_block]
            self._block.update(piece)
            self._in_block += len(piece)
            view = view[len(piece) :]
            if self._in_block == BLOCK:
                self._close_block()

    def _close_block(self) -> None:
        self._blocks.append(self._block.digest())
        self._block = blake3()
        self._in_block = 0

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far, 64 hex digits."""
        return self._sha256.hexdigest()

    @property
    def git(self) -> str | None:
        """The git SHA-1, 40 hex digits; None unless the size was announced and is small enough."""
        return self._git.hexdigest() if self._git else None

    def blob(self, place: str, git: str | None) -> StoredBlob:
        """Say what was stored, after the last byte."""
        if self._in_block:
            self._close_block()
        return StoredBlob(self.sha256, self.size, place, b"".join(self._blocks), git)


def blob_of(data: bytes, place: str = OWN_FILE) -> StoredBlob:
    """Compute all digests of a blob in memory."""
    running = Fingerprint(len(data))
    running.update(data)
    return running.blob(place, running.git)

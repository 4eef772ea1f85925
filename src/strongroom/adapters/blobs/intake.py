"""What happens to bytes on the way in, before they reach a disk or bucket: limits, even units, the final comparison."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from strongroom.adapters.blobs.names import checked_digest
from strongroom.application.artifacts.cutting import blocks_of
from strongroom.domain.errors import DigestMismatch, Invalid, SizeMismatch, TooLarge


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the sender claims, and how much we take. Digest in 64 hex digits, sizes in bytes."""

    sha256: str | None
    size: int | None
    max_size: int

    def __post_init__(self) -> None:
        """Refuse what cannot be met, before a byte is read: Invalid or TooLarge."""
        if self.sha256 is not None:
            checked_digest(self.sha256)
        if self.size is not None and self.size < 0:
            raise Invalid("A size is not negative.", size=self.size)
        if self.size is not None and self.size > self.max_size:
            raise TooLarge(f"At most {self.max_size} bytes are taken here.", limit=self.max_size, size=self.size)

    def allow(self, received: int) -> None:
        """Stop as soon as too many bytes came: SizeMismatch or TooLarge."""
        if self.size is not None and received > self.size:
            raise SizeMismatch("More bytes came than announced.", expected=self.size)
        if received > self.max_size:
            raise TooLarge(f"At most {self.max_size} bytes are taken here.", limit=self.max_size)

    def compare(self, size: int, sha256: str) -> None:
        """Compare what came with what was claimed: SizeMismatch or DigestMismatch."""
        if self.size is not None and size != self.size:
            raise SizeMismatch("Fewer bytes came than announced.", expected=self.size, found=size)
        if self.sha256 is not None and sha256 != self.sha256:
            raise DigestMismatch("The bytes do not have the digest claimed.", expected=self.sha256, found=sha256)


async def units(chunks: AsyncIterator[bytes], expected: Expectation) -> AsyncGenerator[bytes, None]:
    """Cut the stream into units of exactly `BLOCK` bytes; the last is shorter, none is empty.

    Holds at most one unit and one chunk of the source. Raises what `Expectation.allow` raises.
    """
    async with aclosing(blocks_of(_allowed(chunks, expected))) as blocks:
        async for block in blocks:
            yield block


async def _allowed(chunks: AsyncIterator[bytes], expected: Expectation) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        expected.allow(received)
        yield chunk

"""Streams cut into blocks, so that whoever works on them is called once a MiB and not once for what a socket gave."""

from collections.abc import AsyncGenerator, AsyncIterator

from strongroom.application.artifacts.blobstore import BLOCK


async def blocks_of(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Cut the stream into pieces of exactly `BLOCK` bytes; the last is shorter, none is empty.

    Holds at most one piece and one chunk of the source. A chunk that is a block already is handed on as it is.
    """
    held: list[memoryview] = []
    size = 0
    async for chunk in chunks:
        if not held and len(chunk) == BLOCK:
            yield chunk
            continue
        view = memoryview(chunk)
        while size + len(view) >= BLOCK:
            held.append(view[: BLOCK - size])
            view = view[BLOCK - size :]
            yield b"".join(held)
            held, size = [], 0
        if len(view) > 0:
            held.append(view)
            size += len(view)
    if held:
        yield b"".join(held)

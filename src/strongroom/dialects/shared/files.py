"""Bytes of the store as an HTTP response: whole or one range, checked block by block, never run by a browser."""

import base64
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from strongroom.application.artifacts.blobstore import ReadBlobs
from strongroom.application.artifacts.reading import OpenFile
from strongroom.domain.errors import Corrupted, RangeNotSatisfiable

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Accept-Ranges": "bytes",
}


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range that a Range header asks for, or None for the whole file (RFC 9110, 14.2).

    Several ranges, other units and nonsense are ignored, as the RFC allows.

    :raises RangeNotSatisfiable: the range lies outside the file.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < int(found[1]):
            return None
    if start >= size or start >= end:
        raise RangeNotSatisfiable(f"The file has {size} bytes.", size=size)
    return start, end


async def file_response(
    store: ReadBlobs, answer: OpenFile, range_header: str | None, *, head: bool = False
) -> Response:
    """Stream a blob, whole or one range.

    The first block is read before the status is sent, so that a damaged or missing one is an error that names the
    blob; damage further on ends the connection before the last byte.
    """
    size = answer.blob.size
    asked = parse_range(range_header, size)
    start, end = asked or (0, size)
    headers = _file_headers(answer, asked)
    if head:
        return Response(None, 206 if asked else 200, headers, "application/octet-stream")
    chunks = store.read(answer.blob, start, end)
    try:
        first = await anext(chunks, b"")
    except Corrupted as error:
        await answer.damaged(error)
        raise
    if len(first) == end - start:  # all of it: no need to stream, nor to watch for a client that leaves
        await chunks.aclose()
        answer.counted(len(first))
        return Response(first, 206 if asked else 200, headers, "application/octet-stream")
    body = _counted(first, chunks, answer)
    return StreamingResponse(body, 206 if asked else 200, headers, "application/octet-stream")


def _file_headers(answer: OpenFile, asked: tuple[int, int] | None) -> dict[str, str]:
    size = answer.blob.size
    start, end = asked or (0, size)
    headers = {
        **SAFE_HEADERS,
        "Content-Length": str(end - start),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(answer.name, safe='')}",
        "ETag": f'"{answer.blob.sha256}"',
        "Repr-Digest": f"sha-256=:{_base64(answer.blob.sha256)}:",
    }
    return headers | ({"Content-Range": f"bytes {start}-{end - 1}/{size}"} if asked else {})


def _base64(hex_digest: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_digest)).decode()


async def _counted(first: bytes, rest: AsyncIterator[bytes], answer: OpenFile) -> AsyncIterator[bytes]:
    sent = len(first)
    try:
        yield first
        async for chunk in rest:
            sent += len(chunk)
            yield chunk
    except Corrupted as error:
        await answer.damaged(error)
        raise
    finally:
        answer.counted(sent)

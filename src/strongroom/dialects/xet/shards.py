"""Shards coming in, in both versions. Version 2 tells how far the verification has come, so that no client gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Final

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from strongroom.application.edge import RequestEdge
from strongroom.application.xet import shards
from strongroom.application.xet.shards import Progress
from strongroom.application.xet.tokens import Session
from strongroom.dialects.shared.requests import announced_size, whole_body
from strongroom.dialects.xet.wire import Failed, Registered, Result, Validating
from strongroom.domain.errors import DomainError, TooManyRequests, Unavailable
from strongroom.domain.xet.shard import SHARD_LARGEST

#: Seconds for which an answer may wait, so that most refusals are plain ones; between frames afterwards.
PLAIN_S: Final = 5.0
FRAME_S: Final = 5.0
#: Bytes of a shard of which any number may be in memory: it names some 2 GB.
SMALL: Final = 2 * 1024 * 1024


async def put_v1(http: HttpRequest, edge: RequestEdge, session: Session) -> Registered:
    """Verify a shard and answer at the end."""
    await _registered(http, edge, session, Progress(), asyncio.Event())
    return Registered()


async def put_v2(http: HttpRequest, edge: RequestEdge, session: Session) -> Response:
    """Verify a shard; what takes long is told in frames, once all of it has come in."""
    progress, received = Progress(), asyncio.Event()
    work = asyncio.ensure_future(_registered(http, edge, session, progress, received))
    reading = asyncio.ensure_future(received.wait())
    try:
        await asyncio.wait([work, reading], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([work], timeout=PLAIN_S)
    except asyncio.CancelledError:
        work.cancel()
        raise
    finally:
        reading.cancel()
    if work.done():
        work.result()
        edge.must_have_asked()
        return Response(_line(Result()), media_type="application/x-ndjson")
    return StreamingResponse(_frames(work, progress), media_type="application/x-ndjson")


async def _registered(
    http: HttpRequest, edge: RequestEdge, session: Session, progress: Progress, received: asyncio.Event
) -> None:
    """Take the body in and verify it; of large ones few are in memory at a time."""
    size = announced_size(http)
    large = size is None or size > SMALL
    async with edge.gateway.turns.body() if large else nullcontext():
        data = await whole_body(http, SHARD_LARGEST if large else SMALL)
        received.set()
        await shards.register(edge, session, data, progress)


async def _frames(work: "asyncio.Future[None]", progress: Progress) -> AsyncIterator[bytes]:
    try:
        while not work.done():
            yield _line(Validating(progress.verified, progress.total))
            await asyncio.wait([work], timeout=FRAME_S)
        try:
            work.result()
        except DomainError as error:
            passing = isinstance(error, Unavailable | TooManyRequests)
            yield _line(Failed(error.message, passing))
            return
        yield _line(Result())
    finally:
        work.cancel()


def _line(frame: msgspec.Struct) -> bytes:
    return msgspec.json.encode(frame) + b"\n"

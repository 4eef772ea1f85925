"""Shards coming in, in both versions. Version 2 tells how far the verification has come, so that no client gives up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from strongroom.application.edge import RequestEdge
from strongroom.application.xet import shards
from strongroom.application.xet.shards import Progress
from strongroom.application.xet.tokens import Session
from strongroom.dialects.shared.requests import whole_body
from strongroom.dialects.xet.wire import Failed, Registered, Result, Validating
from strongroom.domain.errors import DomainError, TooManyRequests, Unavailable
from strongroom.domain.xet.shard import SHARD_LARGEST

#: Seconds for which an answer may wait, so that most refusals are plain ones; between frames afterwards.
PLAIN_S: Final = 5.0
FRAME_S: Final = 5.0


async def put_v1(http: HttpRequest, edge: RequestEdge, session: Session) -> Registered:
    """Verify a shard and answer at the end."""
    await shards.register(edge, session, await whole_body(http, SHARD_LARGEST), Progress())
    return Registered()


async def put_v2(http: HttpRequest, edge: RequestEdge, session: Session) -> Response:
    """Verify a shard; what takes long is told in frames."""
    data, progress = await whole_body(http, SHARD_LARGEST), Progress()
    work = asyncio.ensure_future(shards.register(edge, session, data, progress))
    try:
        await asyncio.wait([work], timeout=PLAIN_S)
    except asyncio.CancelledError:
        work.cancel()
        raise
    if work.done():
        work.result()
        edge.must_have_asked()
        return Response(_line(Result()), media_type="application/x-ndjson")
    return StreamingResponse(_frames(work, progress), media_type="application/x-ndjson")


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

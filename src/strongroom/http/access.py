"""The outermost layer: an id for every request, one line in the log, figures for Prometheus, and no error unanswered.

Neither log nor metrics show a query, a header or a body; metrics are by operation, never by a path that clients make.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strongroom.domain.identity.tokens import from_authorization
from strongroom.http.problems import refusal_at

_log = structlog.get_logger("strongroom.access")

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_UNROUTED: Final = "none"
_PATH_SHOWN: Final = 200
_SERVER_ERROR: Final = 500
_REFUSED: Final = 400

#: Bytes and seconds for which a refused body is still taken in.
DRAINED_MOST: Final = 64 * 1024 * 1024
DRAINED_S: Final = 5
#: Seconds without a byte after which the client is taken to wait for the answer.
DRAINED_PAUSE_S: Final = 0.2

REQUESTS = Counter("strongroom_requests_total", "Requests answered", ["operation", "status"])
SECONDS = Histogram(
    "strongroom_request_seconds",
    "Time until the last byte of the answer",
    ["operation"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
SENT = Counter("strongroom_sent_bytes_total", "Bytes of answers' bodies", ["operation"])
RUNNING = Gauge("strongroom_requests_running", "Requests being answered now", multiprocess_mode="livesum")

#: Finding a figure by its labels takes longer than adding to it; operations and statuses are few.
_requests: Final = cache(REQUESTS.labels)
_seconds: Final = cache(SECONDS.labels)
_sent: Final = cache(SENT.labels)


class _Body:
    """The body of a request as it is received.

    :ivar open: whether more of it may come.
    """

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self.open = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"

    async def __call__(self) -> Message:
        message = await self._receive()
        self.open = message["type"] == "http.request" and message.get("more_body", False)
        return message

    def give_up(self) -> None:
        """Do not drain: reading may be what is broken."""
        self.open = False

    async def drain(self) -> None:
        """Take in, within limits, what nobody read.

        A client that still sends would find the connection closed, and never see the answer that says why.
        """
        left = DRAINED_MOST
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAINED_S):
                while self.open and left > 0:
                    # one that announced a body and waits to be asked for it gets its answer at once
                    async with asyncio.timeout(DRAINED_PAUSE_S):
                        left -= len((await self()).get("body", b""))


@dataclass(slots=True)
class _Answer:
    """What has been sent of an answer so far."""

    send: Send
    body: _Body
    request_id: str
    status: int = 0
    sent: int = 0
    complete: bool = False
    started_at: float = field(default_factory=time.perf_counter)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self.body.open:
                await self.body.drain()
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self.request_id.encode())]
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        await self.send(message)


class Access:
    """See the module.

    :param used: told the id of each token that a request was answered for.
    :param log: takes what the log says of each request.
    """

    def __init__(self, app: ASGIApp, used: Callable[[str], None], log: Callable[[Mapping[str, object]], None]) -> None:
        self._app = app
        self._used = used
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        body = _Body(receive, headers)
        answer = _Answer(send, body, given if _ID.fullmatch(given) else secrets.token_hex(16))
        scope["state"] = {**scope.get("state", {}), "request_id": answer.request_id}
        RUNNING.inc()
        try:
            await self._app(scope, body, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the cause
            await self._broken(error, scope, body, answer)
        finally:
            RUNNING.dec()
            self._account(scope, headers, answer)

    async def _broken(self, error: Exception, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Say that it is our fault; once bytes are out, break the connection, so that nobody takes them for all."""
        _log.error("unexpected error", request_id=answer.request_id, exc_info=error)
        if answer.complete:
            return
        if answer.status:
            raise error
        answer.body.give_up()
        detail = "Something went wrong here; the server's log has it under this request's id."
        refused = refusal_at(scope["path"], _SERVER_ERROR, "internal", detail, answer.request_id)
        await refused(scope, receive, answer)

    def _account(self, scope: Scope, headers: Headers, answer: _Answer) -> None:
        operation = scope["state"].get("operation", _UNROUTED)
        seconds = time.perf_counter() - answer.started_at
        _requests(operation, str(answer.status or "aborted")).inc()
        _seconds(operation).observe(seconds)
        _sent(operation).inc(answer.sent)
        if 0 < answer.status < _REFUSED and (token_id := _token_id(scope, headers)):
            self._used(token_id)
        self._log(
            {
                "request_id": answer.request_id,
                "method": scope["method"],
                "path": scope["path"][:_PATH_SHOWN],
                "operation": operation,
                "status": answer.status,
                "complete": answer.complete,
                "bytes": answer.sent,
                "ms": round(seconds * 1000, 2),
            }
        )


def _token_id(scope: Scope, headers: Headers) -> str | None:
    """The id of the request's token: as the dialect left it, which has read the header already."""
    left: str | None = scope["state"].get("token_id")
    if left is None and (token := from_authorization(headers.get("authorization", ""))):
        return token.id
    return left

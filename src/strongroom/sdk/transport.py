"""HTTP to the server: one pool of connections, retries with back-off, errors as exceptions."""

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from strongroom import __version__
from strongroom.sdk.config import Settings
from strongroom.sdk.errors import EndedEarly, StrongroomError, Unreachable, error_of

if TYPE_CHECKING:  # imported when the first request is sent, so that importing the client stays quick
    from urllib3 import PoolManager, Timeout
    from urllib3.response import BaseHTTPResponse

PREFIX = "/api/v1"
CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
RETRIES = 5
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
POOL = 16
_RETRIED = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An answer that is read piece by piece. Close it, or read it to its end."""

    def __init__(self, response: "BaseHTTPResponse") -> None:
        self._response = response
        self.status = response.status

    def blocks(self, size: int) -> Iterator[bytes]:
        """The bytes, at most `size` at a time. :raises EndedEarly: the connection broke before the last."""
        from urllib3.exceptions import HTTPError

        try:
            if self._response.chunked:
                yield from self._response.stream(size)
            while block := self._response.read1(size):  # what has come; stream() would lose it when the rest does not
                yield block
        except HTTPError as error:
            raise EndedEarly(f"The answer ended early: {error}") from error

    def close(self) -> None:
        """Give the connection up."""
        self._response.close()
        self._response.release_conn()


class Transport:
    """Sends requests. Safe to use from several threads, and after a fork.

    Writes carry an Idempotency-Key (see `Api`), or are transfers of bytes that may be repeated: that is why they are
    sent again as reads are.

    :param retries: how often a request is sent again after a connection error, or status 429, 502, 503 or 504.
    """

    def __init__(self, settings: Settings, *, retries: int = RETRIES, timeout: float = READ_SECONDS) -> None:
        self.settings = settings
        self._retries = retries
        self._seconds = timeout
        self._lock = threading.Lock()
        self._pool: PoolManager | None = None
        self._pid = 0

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Reply:
        """Send a request and read the whole answer.

        :param once: the request must not run twice and carries no key: do not send it again once it may have arrived.
        :raises StrongroomError: see `errors`; :class:`Unreachable` when no answer came after all retries.
        """
        sent = self._headers(headers)
        if media_type is not None:
            sent["Content-Type"] = media_type
        response = self._send(method, self.url(path, query), body, sent, stream=False, once=once)
        return Reply(response.status, response.headers, response.data)

    def stream(
        self, path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Stream:
        """GET an answer to be read piece by piece.

        :raises StrongroomError: as `request`, until the first byte.
        """
        return Stream(self._send("GET", self.url(path, query), None, self._headers(headers), stream=True))

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of an operation's path."""
        return f"{self.settings.url}{PREFIX}{path}" + (f"?{urlencode(query)}" if query else "")

    def close(self) -> None:
        """Close all connections; the next request opens new ones."""
        with self._lock:
            if self._pool is not None and self._pid == os.getpid():
                self._pool.clear()
            self._pool = None

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"strongroom/{__version__}"}
        if self.settings.token:
            headers["Authorization"] = f"Bearer {self.settings.token}"
        if self.settings.workspace:
            headers["Strongroom-Workspace"] = self.settings.workspace
        return headers | dict(more or {})

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, stream: bool, once: bool = False
    ) -> "BaseHTTPResponse":
        attempt = 0
        while True:
            failure, wait = self._attempt(method, url, body, headers, stream=stream)
            if not isinstance(failure, StrongroomError):
                return failure
            if wait is None or attempt >= self._retries or (once and not _never_arrived(failure)):
                raise failure
            time.sleep(max(wait, pause(attempt)))
            attempt += 1

    def _attempt(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, stream: bool
    ) -> "tuple[BaseHTTPResponse | StrongroomError, float | None]":
        """The answer; or the failure, with the seconds to wait at least before another try, None for no other try."""
        from urllib3.exceptions import HTTPError, LocationValueError, SSLError

        try:
            response = self._connections().request(
                method,
                url,
                body=body,
                headers=headers,
                preload_content=not stream,
                redirect=False,
                retries=False,
                timeout=_timeout(self._seconds),
            )
        except (SSLError, LocationValueError) as error:
            return _unreachable(self.settings.url, error), None
        except HTTPError as error:
            return _unreachable(self.settings.url, error), 0.0
        if response.status < 300:  # noqa: PLR2004 - redirects are not followed: they could lead the token elsewhere
            return response, None
        failure = error_of(response.status, _rest(response), response.headers.get("x-request-id"))
        return failure, _retry_after(response) if response.status in _RETRIED else None

    def _connections(self) -> "PoolManager":
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                self._pool, self._pid = _new_pool(self.settings.url), os.getpid()
            return self._pool


def _timeout(seconds: float) -> "Timeout":
    from urllib3 import Timeout

    return Timeout(connect=CONNECT_SECONDS, read=seconds)


def _never_arrived(failure: StrongroomError) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    return isinstance(failure.__cause__, NewConnectionError | ConnectTimeoutError)


def _rest(response: "BaseHTTPResponse") -> bytes:
    from urllib3.exceptions import HTTPError

    try:
        return response.data
    except HTTPError:
        return b""
    finally:
        response.release_conn()


def _new_pool(url: str) -> "PoolManager":
    import urllib.request

    from urllib3 import PoolManager, ProxyManager

    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        return ProxyManager(proxy, maxsize=POOL)
    return PoolManager(maxsize=POOL)


def _unreachable(url: str, error: Exception) -> Unreachable:
    failure = Unreachable(f"{url} does not answer: {error}")
    failure.__cause__ = error
    return failure


def pause(attempt: int) -> float:
    """Seconds to wait after the failed attempt of that number (from 0): doubling, half of it by chance."""
    longest: float = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
    return longest * (0.5 + random.random())  # noqa: S311 - spreads clients in time, keeps no secret


def _retry_after(response: "BaseHTTPResponse") -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), LONGEST_PAUSE) if text.isdecimal() else 0.0


def fill(template: str, values: Mapping[str, object]) -> str:
    """A route's path with its parameters; slashes stay only in those of type path."""
    filled = template
    for name, value in values.items():
        filled = filled.replace(f"{{{name}}}", quote(str(value), safe=""))
        filled = filled.replace(f"{{{name}:path}}", quote(str(value), safe="/"))
    return filled

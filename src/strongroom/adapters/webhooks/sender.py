"""Sends a request to an address that somebody else chose, so that it reaches nothing but the public internet.

The name is resolved once. If any of its addresses is not allowed, nothing is sent. The connection goes to the numeric
address that was checked; Host header and TLS name stay those of the address given. No redirect is followed, no proxy
of the environment is used, and of the answer only the head is read, within ten seconds for all together. Webhooks are
sent so, and references are looked at so.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from strongroom import __version__
from strongroom.adapters.webhooks.addresses import Network, is_allowed
from strongroom.application.ports.events import Sent
from strongroom.domain.errors import Invalid
from strongroom.domain.events.model import Outcome
from strongroom.domain.events.url import Endpoint, parse_endpoint

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

SECONDS: Final = 10.0
HEAD_LARGEST: Final = 16 * 1024
AT_ONCE: Final = 32
ADDRESSES_TRIED: Final = 3
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: [\x20-\x7e]*")
_FINAL: Final = 200
_SUCCESS: Final = range(200, 300)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, numeric, as the machine's resolver orders them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedSender:
    """See :class:`strongroom.application.ports.events.Sender`.

    :param allowed: networks beyond the public internet that the operator allows.
    :param seconds: for a whole request: name, connection, TLS, sending, status.
    """

    def __init__(
        self,
        allowed: Iterable[Network] = (),
        *,
        resolver: Resolver = resolve,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver
        self._seconds = seconds
        self._tls = tls
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        return (await self._send("POST", url, headers, body))[0]

    async def head(self, url: str) -> tuple[Sent, Mapping[str, str]]:
        """Ask about what is at an address: how it ended, and the headers of the answer, names in lower case."""
        return await self._send("HEAD", url, {}, b"")

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Sent, Mapping[str, str]]:
        async with self._slots:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._exchange(method, parse_endpoint(url), headers, body)
            except TimeoutError:
                return Sent(Outcome.TIMEOUT), {}
            except ssl.SSLError:
                return Sent(Outcome.TLS), {}
            except OSError:
                return Sent(Outcome.UNREACHABLE), {}
            except Invalid:
                return Sent(Outcome.ADDRESS), {}

    async def _exchange(
        self, method: str, to: Endpoint, headers: Mapping[str, str], body: bytes
    ) -> tuple[Sent, Mapping[str, str]]:
        try:
            addresses = await self._resolver(to.host, to.port)
        except (OSError, UnicodeError):
            return Sent(Outcome.UNRESOLVED), {}
        if not addresses:
            return Sent(Outcome.UNRESOLVED), {}
        if not all(is_allowed(address, self._allowed) for address in addresses):
            return Sent(Outcome.ADDRESS), {}
        reader, writer = await self._connect(to, addresses[:ADDRESSES_TRIED])
        try:
            writer.write(_head(method, to, headers, len(body)) + body)
            await writer.drain()
            status = await _status(reader)
            answered = await _headers(reader) if method == "HEAD" and status is not None else {}
        finally:
            writer.transport.abort()  # what the receiver still sends is of no interest
        if status is None:
            return Sent(Outcome.GARBAGE), {}
        return Sent(Outcome.DELIVERED if status in _SUCCESS else Outcome.REFUSED, status), answered

    async def _connect(
        self, to: Endpoint, addresses: Sequence[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first of these very addresses that takes us; they are numeric, so no name is looked up."""
        secure: dict[str, object] = {}
        if to.scheme == "https":
            self._tls = self._tls or ssl.create_default_context()
            secure = {"ssl": self._tls, "server_hostname": to.host}
        for address in addresses[:-1]:
            with contextlib.suppress(ConnectionError):
                return await asyncio.open_connection(address, to.port, limit=HEAD_LARGEST, **secure)  # type: ignore[arg-type]
        return await asyncio.open_connection(addresses[-1], to.port, limit=HEAD_LARGEST, **secure)  # type: ignore[arg-type]


def _head(method: str, to: Endpoint, headers: Mapping[str, str], size: int) -> bytes:
    """The request's head. :raises Invalid: a header that would break out of its line."""
    lines = [
        f"Host: {to.authority}",
        f"User-Agent: strongroom/{__version__}",
        *([f"Content-Length: {size}"] if method == "POST" else []),
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if not all(_HEADER.fullmatch(line) for line in lines):
        raise Invalid("A header of a webhook is one line of visible ASCII.")
    return "\r\n".join([f"{method} {to.target} HTTP/1.1", *lines, "", ""]).encode("ascii")


async def _status(reader: asyncio.StreamReader) -> int | None:
    """The final status; interim ones (1xx) are passed over. None when it is not HTTP or its head has no end."""
    seen = 0
    try:
        while seen < HEAD_LARGEST:
            line = await reader.readuntil(b"\n")
            found = _STATUS.fullmatch(line)
            if found is None:
                return None
            if int(found[1]) >= _FINAL:
                return int(found[1])
            seen += len(line)
            while seen < HEAD_LARGEST and (line := await reader.readuntil(b"\n")).strip():
                seen += len(line)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    return None


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    """The headers behind a final status, names in lower case; those that are none, or come too late, are left out."""
    found: dict[str, str] = {}
    seen = 0
    try:
        while seen < HEAD_LARGEST and (line := await reader.readuntil(b"\n")).strip():
            seen += len(line)
            name, colon, value = line.decode("latin-1").partition(":")
            if colon:
                found[name.strip().lower()] = value.strip()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return found
    return found

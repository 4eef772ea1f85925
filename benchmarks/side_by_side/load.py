"""Load on one server: keep-alive connections that ask one after the other, bounded in number and time."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.side_by_side.servers import Server


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load came to.

    :ivar rate: requests a second. :ivar cpu_ms: the server's processor milliseconds a request.
    :ivar p50_ms: latency, half of the requests. :ivar p99_ms: of 99 in 100.
    """

    count: int
    seconds: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    received: int

    @property
    def rate(self) -> float:
        return self.count / self.seconds


class Failed(RuntimeError):
    """A request was refused: the comparison would be of unlike things."""


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length, chunked = 0, False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"transfer-encoding":
            chunked = True
    if not chunked:
        return status, await reader.readexactly(length)
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, b"".join(parts)


class Connection:
    """One keep-alive connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        lines = [f"Host: 127.0.0.1:{server.port}", *(f"{name}: {value}" for name, value in server.headers.items())]
        self._headers = "\r\n".join(lines)

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port, limit=1 << 24)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def ask(self, ask: Ask) -> bytes:
        """The body of the answer. :raises Failed: it is no success."""
        head = f"{ask.method} {ask.path} HTTP/1.1\r\n{self._headers}\r\nContent-Length: {len(ask.body)}\r\n"
        kind = f"Content-Type: {ask.media_type}\r\n" if ask.body else ""
        self._writer.write(f"{head}{kind}\r\n".encode() + ask.body)
        await self._writer.drain()
        status, body = await _answer(self._reader)
        if status >= 300:
            raise Failed(f"{self._server.name}: {ask.method} {ask.path[:120]}: {status} {body[:300]!r}")
        return body


async def _many(server: Server, make: Callable[[int], Ask], connections: int, count: int, seconds: float) -> Measured:
    numbers = iter(range(count))
    latencies: list[float] = []
    received = 0
    opened = [Connection(server) for _ in range(connections)]
    for connection in opened:
        await connection.open()
    cpu, began = server.cpu_s(), time.perf_counter()

    async def work(connection: Connection) -> None:
        nonlocal received
        for number in numbers:
            start = time.perf_counter()
            if start - began > seconds:
                return
            received += len(await connection.ask(make(number)))
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(work(connection) for connection in opened))
    took, used = time.perf_counter() - began, server.cpu_s() - cpu
    for connection in opened:
        connection.close()
    latencies.sort()
    done = len(latencies)
    return Measured(
        done,
        took,
        used / done * 1000,
        latencies[done // 2] * 1000,
        latencies[min(done - 1, done * 99 // 100)] * 1000,
        received,
    )


def load(server: Server, make: Callable[[int], Ask], *, connections: int, count: int, seconds: float = 20) -> Measured:
    """Ask `count` times in all, or for so many seconds, whichever ends first."""
    return asyncio.run(_many(server, make, connections, count, seconds))


BUFFER = 1 << 20


def transfer(server: Server, ask: Ask, seconds: float) -> Measured:
    """One request whose body or answer is large, on a blocking socket: asyncio's streams copy what they hand on, and
    would be what is measured.

    :raises Failed: it is no success.
    """
    lines = [f"{name}: {value}" for name, value in server.headers.items()]
    headers = "\r\n".join(
        [f"Host: 127.0.0.1:{server.port}", *lines, f"Content-Type: {ask.media_type}", "Connection: close"]
    )
    head = f"{ask.method} {ask.path} HTTP/1.1\r\n{headers}\r\nContent-Length: {len(ask.body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        cpu, began = server.cpu_s(), time.perf_counter()
        connection.sendall(head.encode())
        connection.sendall(ask.body)
        received = _received(connection, f"{server.name}: {ask.method} {ask.path[:120]}")
        took, used = time.perf_counter() - began, server.cpu_s() - cpu
    return Measured(1, took, used * 1000, took * 1000, took * 1000, received)


def _received(connection: socket.socket, what: str) -> int:
    """The bytes of an answer, read to the end of the connection and dropped; with the seams between its chunks."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        some = connection.recv(BUFFER)
        if not some:
            raise Failed(f"{what}: no answer")
        answer += some
    head, _, body = answer.partition(b"\r\n\r\n")
    if int(head[9:12]) >= 300:
        raise Failed(f"{what}: {head[:300]!r} {body[:300]!r}")
    received, buffer = len(body), bytearray(BUFFER)
    while more := connection.recv_into(buffer):
        received += more
    return received


def once(server: Server, ask: Ask) -> bytes:
    """One request on a connection of its own."""

    async def run() -> bytes:
        connection = Connection(server)
        await connection.open()
        try:
            return await connection.ask(ask)
        finally:
            connection.close()

    return asyncio.run(run())

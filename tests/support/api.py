"""The native API under test: in this process (raw ASGI, for walks of thousands of requests) or as a real server."""

import asyncio
import http.client
import json as jsons
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from starlette.types import Message

from strongroom.application.identity import setup
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.installation import install
from strongroom.bootstrap.server import Server, running
from strongroom.bootstrap.settings import Serving, Storage
from tests.support.process import Child, free_port

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"

#: name -> (role in the workspace `default`, whether on the whole server instead)
PEOPLE: dict[str, tuple[str | None, bool]] = {
    "root": ("admin", True),
    "admin": ("admin", False),
    "maintainer": ("maintainer", False),
    "contributor": ("contributor", False),
    "viewer": ("viewer", False),
    "stranger": (None, False),
}

Headers = Sequence[tuple[str, str]]
Decoded = Any
"""What JSON becomes; tests look inside without asking at every step."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Decoded:
        return jsons.loads(self.body)

    @property
    def code(self) -> str | None:
        """The problem's code, None for what is no problem."""
        return str(self.json()["code"]) if self.headers.get("content-type") == PROBLEM else None


class Api(Protocol):
    """What both kinds of server can be asked; `who` is a name of `PEOPLE`, None sends no credential."""

    tokens: dict[str, str]

    def request(
        self,
        who: str | None,
        method: str,
        path: str,
        json: object = ...,
        *,
        body: bytes | None = None,
        headers: Headers = (),
    ) -> Answer: ...


def message(
    tokens: Mapping[str, str], who: str | None, json: object, body: bytes | None, headers: Headers
) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of a request; what is given by hand is not added again."""
    sent = list(headers)
    given = {name.lower() for name, _ in headers}
    if who is not None and "authorization" not in given:
        sent.append(("Authorization", f"Bearer {tokens.get(who, who)}"))
    if json is not ...:
        body = jsons.dumps(json).encode()
        if "content-type" not in given:
            sent.append(("Content-Type", "application/json"))
    if "content-length" not in given and "transfer-encoding" not in given and body is not None:
        sent.append(("Content-Length", str(len(body))))
    return sent, body or b""


def assert_problem(answer: Answer, *statuses: int) -> None:
    """The answer is a clear refusal in our shape: 4xx, problem+json, a code and a sentence."""
    assert 400 <= answer.status < 500, (answer.status, answer.body[:500])
    assert not statuses or answer.status in statuses, (answer.status, answer.body[:500])
    assert answer.headers.get("content-type") == PROBLEM, answer
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem)
    assert problem["status"] == answer.status
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def make_people(tx: Transaction) -> dict[str, str]:
    """`PEOPLE` in the workspace `default`, each with a token."""
    return {
        name: setup.ensure_principal_with_token(tx, name, role, "default", server=server).text
        for name, (role, server) in PEOPLE.items()
    }


async def prepare(data: Path) -> dict[str, str]:
    """Initialise a data folder with `PEOPLE`; name -> token."""
    installation = await install(Storage(data=data))
    try:
        return await installation.database.command(make_people)
    finally:
        installation.database.close()


@dataclass(slots=True)
class InProcess:
    """A server in this process; its event loop has a thread of its own."""

    server: Server
    data: Path
    tokens: dict[str, str]
    loop: asyncio.AbstractEventLoop = field(repr=False)

    def request(
        self,
        who: str | None,
        method: str,
        path: str,
        json: object = ...,
        *,
        body: bytes | None = None,
        headers: Headers = (),
    ) -> Answer:
        sent, body = message(self.tokens, who, json, body, headers)
        return self.run(self.send(method, path, sent, [body]))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def send(
        self, method: str, path: str, headers: Headers, chunks: Sequence[bytes], *, cut: bool = False
    ) -> Answer:
        """One request as raw ASGI, made as Granian makes it; `cut` disconnects after the last chunk."""
        target, _, query = path.partition("?")
        raw = target.encode("latin-1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target, errors="replace"),
            "raw_path": raw,
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (b"host", b"localhost"),
                *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        incoming = self._incoming(chunks, cut=cut)
        status, found, out = 0, dict[str, str](), list[bytes]()

        async def receive() -> Message:
            return await anext(incoming, {"type": "http.disconnect"})

        async def send(event: Message) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
                found.update((k.decode().lower(), v.decode("latin-1")) for k, v in event["headers"])
            else:
                out.append(event.get("body", b""))

        await self.server.app(scope, receive, send)
        return Answer(status, found, b"".join(out))

    @staticmethod
    async def _incoming(chunks: Sequence[bytes], *, cut: bool) -> AsyncIterator[Message]:
        for number, chunk in enumerate(chunks):
            more = cut or number + 1 < len(chunks)
            yield {"type": "http.request", "body": chunk, "more_body": more}


@asynccontextmanager
async def _served(data: Path, *, public_reads: bool) -> AsyncIterator[Server]:
    async with running(Storage(data=data), Serving(public_reads=public_reads)) as server:
        yield server


@contextmanager
def in_process(data: Path, *, public_reads: bool = False) -> Iterator[InProcess]:
    """A server on a data folder, with `PEOPLE`, until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    tokens = wait(prepare(data))
    stack = AsyncExitStack()
    try:
        server = wait(stack.enter_async_context(_served(data, public_reads=public_reads)))
        yield InProcess(server, data, tokens, loop)
    finally:
        wait(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass(slots=True)
class Real:
    """A server process on a port of this machine."""

    child: Child
    port: int
    tokens: dict[str, str]

    def request(
        self,
        who: str | None,
        method: str,
        path: str,
        json: object = ...,
        *,
        body: bytes | None = None,
        headers: Headers = (),
    ) -> Answer:
        sent, body = message(self.tokens, who, json, body, headers)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in sent:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@contextmanager
def real(folder: Path) -> Iterator[Real]:
    """A real server process with its data in `folder`/data, with `PEOPLE`, until the end of the block."""
    data, port = folder / "data", free_port()
    tokens = asyncio.run(prepare(data))
    command: list[str | Path] = [sys.executable, "-m", "strongroom.cli.serve", "--data", data, "--port", str(port)]
    with Child(command, log=folder / "server.log") as child:
        child.wait_ready(f"http://127.0.0.1:{port}/readyz")
        yield Real(child, port, tokens)

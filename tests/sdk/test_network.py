"""A network that fails: what is sent again, what is not, and how a broken read goes on."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from strongroom.sdk.download import Wanted, fetch, stream
from strongroom.sdk.progress import Silent

DATA = bytes(range(256)) * 4000
Answer = Callable[[BaseHTTPRequestHandler], None]


class Flaky:
    """A server that answers as it is told, in turn; the last answer is for all that follow."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                flaky.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                turn = flaky.answers.pop(0) if len(flaky.answers) > 1 else flaky.answers[0]
                turn(self)

            do_GET = do_POST = do_PUT = answer  # noqa: N815 - names of the base class

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients hang up here on purpose

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def says(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def part(most: int) -> Answer:
    """The range that is asked for, cut off after `most` bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start = int(handler.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.end_headers()
        handler.wfile.write(DATA[start : start + most])
        handler.close_connection = True

    return answer


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    monkeypatch.setattr("strongroom.sdk.transport.FIRST_PAUSE", 0.001)
    server = Flaky()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def client(flaky: Flaky) -> Iterator[Client]:
    with Client(flaky.url, "sr_x") as one:
        yield one


PROBLEM = b'{"code": "unavailable", "detail": "The store cannot be reached.", "request_id": "r1"}'
WANTED = Wanted("/f", "dir/f.bin", hashlib.sha256(DATA).hexdigest(), len(DATA))


def test_a_write_is_sent_again_under_one_key(client: Client, flaky: Flaky) -> None:
    flaky.answers = [says(503, PROBLEM, Retry_After="0"), hangs_up, says(429), says(502), says(201, b'{"uid": "u"}')]
    assert client.call("asset.create", kind="model", name="x") == {"uid": "u"}
    keys = {headers["idempotency-key"] for _, _, headers in flaky.seen}
    assert (len(flaky.seen), len(keys)) == (5, 1)
    client.call("asset.create", kind="model", name="x")
    assert flaky.seen[-1][2]["idempotency-key"] not in keys, "another call has another key"


def test_it_gives_up_with_the_servers_own_words(client: Client, flaky: Flaky) -> None:
    flaky.answers = [says(503, PROBLEM)]
    with pytest.raises(errors.Unavailable, match="store cannot be reached") as caught:
        client.whoami()
    assert (caught.value.status, caught.value.request_id, len(flaky.seen)) == (503, "r1", 6)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 500, 507])
def test_what_is_no_passing_trouble_is_not_sent_again(client: Client, flaky: Flaky, status: int) -> None:
    flaky.answers = [says(status, b"<html>proxy</html>")]
    with pytest.raises(errors.StrongroomError) as caught:
        client.whoami()
    assert (caught.value.status, len(flaky.seen)) == (status, 1)


def test_a_request_with_a_secret_is_never_run_twice(client: Client, flaky: Flaky) -> None:
    flaky.answers = [hangs_up, says(201)]
    with pytest.raises(errors.Unreachable):
        client.tokens.issue(description="x")
    assert len(flaky.seen) == 1
    assert "idempotency-key" not in flaky.seen[0][2]


def test_redirects_do_not_carry_the_token_away(client: Client, flaky: Flaky) -> None:
    flaky.answers = [says(302, Location=f"{flaky.url}/elsewhere")]
    with pytest.raises(errors.StrongroomError):
        client.whoami()
    assert len(flaky.seen) == 1


def test_nobody_listening_is_unreachable() -> None:
    with Client("http://127.0.0.1:9", retries=1) as client, pytest.raises(errors.Unreachable, match="does not answer"):
        client.whoami()


def test_a_broken_read_goes_on_by_range(client: Client, flaky: Flaky) -> None:
    flaky.answers = [part(300_000), part(300_000), part(0), part(10**9)]
    assert b"".join(stream(client.transport, WANTED)) == DATA
    assert [headers.get("range") for _, _, headers in flaky.seen][1:3] == ["bytes=300000-", "bytes=600000-"]


def test_a_read_that_gets_nowhere_ends(client: Client, flaky: Flaky) -> None:
    flaky.answers = [part(1000), part(0)]
    with pytest.raises(errors.Unreachable, match=r"f\.bin"):
        list(stream(client.transport, WANTED))
    assert len(flaky.seen) == 7


def test_damage_found_on_the_way_is_named(client: Client, flaky: Flaky) -> None:
    damaged = b'{"code": "corrupted", "detail": "A block differs.", "blob": "b", "block": 3}'
    flaky.answers = [part(300_000), says(500, damaged)]
    with pytest.raises(errors.Corrupted) as caught:
        list(stream(client.transport, WANTED))
    assert caught.value.details == {"blob": WANTED.sha256, "block": 3, "path": "dir/f.bin"}


def test_a_server_that_ignores_ranges_is_noticed(client: Client, flaky: Flaky) -> None:
    flaky.answers = [part(1000), says(200, DATA)]
    with pytest.raises(errors.StrongroomError, match="range"):
        list(stream(client.transport, WANTED))


def test_wrong_bytes_never_get_their_name(client: Client, flaky: Flaky, tmp_path: Path) -> None:
    flaky.answers = [says(200, b"x" * len(DATA))]
    with pytest.raises(errors.Corrupted):
        fetch(client.transport, tmp_path, WANTED, Silent())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "path", ["../evil", "a/../../evil", "/etc/evil", "a//b", "C:/evil", "a\\..\\evil", "./a", "a/.", "nul\x00", ""]
)
def test_a_hostile_server_writes_nothing_outside(client: Client, flaky: Flaky, tmp_path: Path, path: str) -> None:
    evil = Wanted("/f", path, WANTED.sha256, WANTED.size)
    flaky.answers = [says(200, DATA)]
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(errors.BadPath):
        fetch(client.transport, root, evil, Silent())
    assert flaky.seen == []
    assert list(tmp_path.rglob("*")) == [root]


def test_a_link_in_the_folder_is_not_written_through(client: Client, flaky: Flaky, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "dir").symlink_to(outside)
    flaky.answers = [says(200, DATA)]
    with pytest.raises(errors.BadPath, match="link"):
        fetch(client.transport, root, WANTED, Silent())
    assert list(outside.iterdir()) == []

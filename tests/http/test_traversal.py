"""Paths that try to climb out, in every spelling, over a real socket where no client tidies them up first."""

import http.client
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.processes import ServerProcess

TRAVERSAL = [
    "..", "%2e%2e", "%2E%2e", "%252e%252e", "C:/x",
    "..%2f..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..", "..\\..", "%2fetc%2fpasswd",
    "/etc/passwd", "a/%2e%2e/%2e%2e/b", "%00", "a%00b", "%c0%ae%c0%ae/x", "%e0%80%ae%e0%80%ae/x",
    "./x", "%2e/x", "a//b",
    "%ff%fe", "a/..", "x%0a", "C:%5cwindows", "%5c%5chost%5cshare", "a%5cb",
]  # fmt: skip

#: Names that only look like an escape; nothing is decoded twice, so they are kept as they are spelled.
HARMLESS = ["..;x", "....", "a..b", "con"]


class Raw:
    """Sends addresses byte for byte."""

    def __init__(self, process: ServerProcess, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
        self._headers = {"Authorization": f"Bearer {token}", "Host": f"127.0.0.1:{process.port}"}

    def ask(self, method: str, address: str, body: bytes = b"") -> tuple[int, bytes]:
        self._connection.putrequest(method, address, skip_host=True)
        for name, value in {**self._headers, "Content-Length": str(len(body))}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders(body)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def folder(process: ServerProcess, admin_token: str) -> str:
    """The address of a draft's files."""
    with process.client(admin_token) as client:
        asset = client.post("/assets", json={"kind": "model", "name": "m"}).json()["uid"]
        draft = client.post(f"/assets/{asset}/drafts", json={}).json()["uid"]
    return f"/api/v1/folders/draft/{draft}/files"


@pytest.fixture
def raw(process: ServerProcess, admin_token: str) -> Iterator[Raw]:
    opened = Raw(process, admin_token)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", TRAVERSAL)
def test_no_spelling_climbs_out(raw: Raw, folder: str, path: str) -> None:
    for method, address in [
        ("PUT", f"{folder}/{path}"),
        ("GET", f"{folder}/{path}"),
        ("DELETE", f"{folder}/{path}"),
        ("GET", f"/api/v1/assets/{path}"),
        ("GET", f"/w/{path}/api/v1/assets"),
        ("GET", f"/static/{path}"),
        ("GET", f"/{path}"),
    ]:
        status, body = raw.ask(method, address, b"x" if method == "PUT" else b"")
        assert 400 <= status < 500, (method, address, status, body)


@pytest.mark.parametrize("path", HARMLESS)
def test_what_only_looks_like_it_is_a_name(raw: Raw, folder: str, path: str) -> None:
    assert raw.ask("PUT", f"{folder}/{path}", path.encode())[0] == 200
    assert raw.ask("GET", f"{folder}/{path}") == (200, path.encode())


def test_nothing_was_written_outside_the_store(process: ServerProcess, raw: Raw, folder: str) -> None:
    raw.ask("PUT", f"{folder}/plain.txt", b"x")
    known = {"strongroom.db", "strongroom.db-wal", "strongroom.db-shm", "blobs", "keys"}
    assert {path.name for path in process.data.iterdir()} <= known
    assert {path.name for path in (process.data / "blobs").iterdir()} == {
        "blobs",
        "packs",
        "store.json",
        "tmp",
        "uploads",
    }
    assert {path.name for path in process.data.parent.iterdir()} == {"data", "log"}
    assert not Path("/etc/passwd").read_bytes().startswith(b"x")
    assert os.access(process.data, os.R_OK)

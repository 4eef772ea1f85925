"""The server as a process: its budgets, its stop, and what a client sees of a body that breaks off."""

import http.client
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.http.processes import ServerProcess, admin, environment, new_token
from tests.support.process import Child, wait_until

READY_SECONDS = 1.5
#: A machine that runs other tests at the same time is up to this much slower than an idle one.
SLACK = 2.0
IDLE_MIB = 150
TRANSFER_MIB = 150
BIG = 512 * 1024 * 1024
BLOCK = 1024 * 1024


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        yield started.wait()
    finally:
        started.close()


def new_draft(client: httpx.Client, name: str = "m") -> str:
    asset = client.post("/assets", json={"kind": "model", "name": name}).json()["uid"]
    return str(client.post(f"/assets/{asset}/drafts", json={}).json()["uid"])


def upload(process: ServerProcess, token: str, address: str, size: int, *, sent: int | None = None) -> int:
    """PUT `size` zero bytes block by block, or only announce them; the status, 0 when the connection was cut."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=120)
    connection.putrequest("PUT", address)
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    left = size if sent is None else sent
    while left:
        block = bytes(min(left, BLOCK))
        connection.send(block)
        left -= len(block)
    if sent is not None and connection.sock is not None:
        connection.sock.shutdown(socket.SHUT_WR)
    try:
        return connection.getresponse().status
    except (http.client.HTTPException, OSError):
        return 0
    finally:
        connection.close()


def test_it_is_ready_in_time_and_small_at_idle(tmp_path: Path) -> None:
    seconds, memory = [], []
    for _ in range(3):
        begun = time.monotonic()
        started = ServerProcess(tmp_path / "data", tmp_path / "log")
        try:
            started.wait()
            seconds.append(time.monotonic() - begun)
            time.sleep(0.5)
            memory.append(started.memory_mib())
        finally:
            started.close()
    assert min(seconds) < READY_SECONDS * SLACK, seconds
    assert max(memory) < IDLE_MIB, memory


def test_a_big_file_goes_in_and_out_in_bounded_memory(fresh: ServerProcess) -> None:
    token = new_token(fresh.data)
    with fresh.client(token) as client:
        draft = new_draft(client)
        address = f"/folders/draft/{draft}/files/big"
        idle = fresh.memory_mib()
        assert upload(fresh, token, f"/api/v1{address}", BIG) == 200
        assert client.head(address).headers["content-length"] == str(BIG)
        with client.stream("GET", address) as answer:
            assert sum(map(len, answer.iter_bytes(BLOCK))) == BIG
    assert fresh.memory_mib("VmHWM") - idle < TRANSFER_MIB


def test_a_body_that_ends_early_leaves_nothing(process: ServerProcess, admin_token: str) -> None:
    with process.client(admin_token) as client:
        draft = new_draft(client, "early")
        address = f"/folders/draft/{draft}/files/part"
        assert upload(process, admin_token, f"/api/v1{address}", 10 * BLOCK, sent=BLOCK) in {0, 400}
        assert client.get(address).status_code == 404
    assert not list((process.data / "blobs" / "tmp").iterdir())


def test_damage_on_the_way_out_never_looks_like_a_whole_file(process: ServerProcess, admin_token: str) -> None:
    with process.client(admin_token) as client:
        draft = new_draft(client, "damaged")
        address = f"/folders/draft/{draft}/files/f"
        body = os.urandom(8 * BLOCK)
        digest = client.put(address, content=body).json()["sha256"]
        stored = process.data / "blobs" / "blobs" / digest[:2] / digest
        flipped = bytearray(body)
        flipped[6 * BLOCK] ^= 1
        stored.write_bytes(flipped)
        received = 0
        with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", address) as answer:  # noqa: PT012 - the stream breaks while it is read
            assert answer.headers["content-length"] == str(len(body))
            for chunk in answer.iter_bytes():
                received += len(chunk)
        assert received <= 6 * BLOCK
    wait_until(lambda: any("unexpected error" in str(line) for line in process.log_lines()), what="the log's line")


def test_a_head_of_a_big_file_reads_no_more_than_its_beginning(process: ServerProcess, admin_token: str) -> None:
    with process.client(admin_token) as client:
        draft = new_draft(client, "head")
        address = f"/folders/draft/{draft}/files/f"
        client.put(address, content=bytes(4 * BLOCK))
        answer = client.head(address)
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer.headers["content-length"] == str(4 * BLOCK)
        assert client.get("/whoami").status_code == 200  # the connection is still in step


def test_requests_under_way_are_finished_on_a_polite_stop(fresh: ServerProcess) -> None:
    token = new_token(fresh.data)
    with fresh.client(token) as client:
        draft = new_draft(client)
    connection = http.client.HTTPConnection("127.0.0.1", fresh.port, timeout=30)
    connection.putrequest("PUT", f"/api/v1/folders/draft/{draft}/files/slow")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Length", str(2 * BLOCK))
    connection.endheaders()
    connection.send(bytes(BLOCK))
    time.sleep(0.3)
    fresh.child.signal(signal.SIGTERM)
    time.sleep(0.5)
    connection.send(bytes(BLOCK))
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read()
    connection.close()
    assert fresh.child.wait(timeout=15) == 0
    fresh.restart()
    with fresh.client(token) as client:
        assert client.get(f"/folders/draft/{draft}/files/slow").content == bytes(2 * BLOCK)


def test_a_request_that_never_ends_does_not_hold_the_stop(fresh: ServerProcess) -> None:
    token = new_token(fresh.data)
    with fresh.client(token) as client:
        draft = new_draft(client)
    connection = http.client.HTTPConnection("127.0.0.1", fresh.port, timeout=30)
    connection.putrequest("PUT", f"/api/v1/folders/draft/{draft}/files/never")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Length", str(2 * BLOCK))
    connection.endheaders()
    connection.send(bytes(BLOCK))
    time.sleep(0.3)
    begun = time.monotonic()
    fresh.child.signal(signal.SIGINT)
    assert fresh.child.wait(timeout=25) == 0
    assert 8 < time.monotonic() - begun < 20
    connection.close()


def test_a_slow_reader_costs_no_memory(fresh: ServerProcess) -> None:
    token = new_token(fresh.data)
    with fresh.client(token) as client:
        draft = new_draft(client)
        address = f"/folders/draft/{draft}/files/big"
        assert upload(fresh, token, f"/api/v1{address}", 256 * BLOCK) == 200
        before = fresh.memory_mib()
        with client.stream("GET", address) as answer:
            chunks = answer.iter_bytes(BLOCK)
            next(chunks)
            time.sleep(2)
            assert fresh.memory_mib() - before < 64


def test_what_it_prints_and_what_it_logs(tmp_path: Path) -> None:
    started = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        started.wait()
        token, code = new_token(tmp_path / "data"), started.setup_code()
        assert f"Strongroom answers at {started.url}" in started.child.output()
        with started.client(token) as client:
            client.get("/assets", params={"name": "a-value-of-a-query"})
            client.get("/assets", params={"page_token": token})
            client.get(f"/assets/{token}")
        httpx.get(f"{started.url}/setup", params={"code": code})
        assert started.child.terminate() == 0
        logged = started.child.output().split("Ctrl-C.\n", 1)[1]
        assert logged.count('"event":"request"') >= 4
        assert token not in logged
        assert token.split("_")[2] not in logged
        assert code not in logged
        assert "a-value-of-a-query" not in logged
        assert all(line.startswith("{") for line in logged.splitlines())
    finally:
        started.close()


def test_an_address_that_is_taken_is_said_in_words(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "strongroom.cli.serve", "--data", str(tmp_path / "data"), "--port", port]
        with Child(command, log=tmp_path / "log", env=environment()) as child:
            assert child.wait() == 1
            assert re.search(r"Cannot listen on 127\.0\.0\.1:\d+: Address already in use", child.output())
            assert "Traceback" not in child.output()


def test_tokens_made_beside_a_running_server_work_at_once_and_disabled_ones_stop(process: ServerProcess) -> None:
    token = new_token(process.data, "bob", None)
    with process.client(token) as client:
        assert client.get("/whoami").json()["principal"]["name"] == "bob"
        assert client.get("/assets").status_code in {200, 403, 404}
        admin("principal", "disable", "bob", "--data", process.data)
        assert client.get("/whoami").status_code == 401


def test_the_last_use_of_a_token_is_kept_when_the_server_stops(fresh: ServerProcess) -> None:
    token = new_token(fresh.data)
    with fresh.client(token) as client:
        client.get("/assets")
    assert fresh.child.terminate() == 0
    fresh.restart()
    with fresh.client(token) as client:
        row = client.get(f"/tokens/{token.split('_')[1]}").json()
    assert row["last_used_at"] is not None


def test_many_connections_at_once_are_all_answered(process: ServerProcess, admin_token: str) -> None:
    failures: list[object] = []

    def ask() -> None:
        with suppress(httpx.TransportError), process.client(admin_token) as client:
            failures.extend(code for _ in range(20) if (code := client.get("/assets").status_code) != 200)
            return
        failures.append("transport")

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures

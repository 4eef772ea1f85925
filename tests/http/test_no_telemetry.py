"""Nothing leaves the machine unasked: the server works, watched, and Rust's sockets are watched in /proc as well."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.http.processes import SOURCES, ServerProcess, environment, new_token

WATCHED = Path(__file__).with_name("watched")


def _peers(pid: int) -> set[str]:
    """Remote addresses of the machine's TCP and UDP sockets that this process holds, in /proc's hex."""
    mine = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            mine.add(str(link.readlink()))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path(f"/proc/{pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if f"socket:[{fields[9]}]" in mine:
                found.add(fields[2].partition(":")[0])
    return found


def _is_local(address: str) -> bool:
    nobody = set(address) == {"0"}
    loopback4 = len(address) == 8 and address.endswith("7F")
    loopback6 = address == "0" * 24 + "01000000" or address.endswith("FFFF00000100007F")
    return nobody or loopback4 or loopback6


def test_the_server_and_its_clients_call_nobody(tmp_path: Path) -> None:
    outbound = tmp_path / "outbound"
    outbound.touch()
    paths = {"PYTHONPATH": f"{WATCHED}:{SOURCES}", "STRONGROOM_TEST_OUTBOUND": str(outbound)}
    server = ServerProcess(tmp_path / "data", tmp_path / "log", env=paths)
    seen: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.01):
            seen.update(_peers(server.child.pid))

    try:
        server.wait()
        watcher = threading.Thread(target=look)
        watcher.start()
        token = new_token(tmp_path / "data")
        with server.client(token) as client:
            asset = client.post("/assets", json={"kind": "model", "name": "m"}).json()["uid"]
            draft = client.post(f"/assets/{asset}/drafts", json={}).json()["uid"]
            assert client.put(f"/folders/draft/{draft}/files/f", content=bytes(3_000_000)).status_code == 200
            version = client.post(f"/drafts/{draft}/seal", json={}).json()["uid"]
            assert client.get(f"/versions/{version}/files/f").status_code == 200
        time.sleep(10)  # every background job but the slowest has run
        stop.set()
        watcher.join()
        assert server.child.terminate() == 0
    finally:
        stop.set()
        server.close()
    assert outbound.read_text() == ""
    assert all(map(_is_local, seen)), seen


SDK_AT_WORK = """
import sys
from pathlib import Path
from strongroom.sdk import Client
folder = Path(sys.argv[3])
(folder / "model.bin").write_bytes(bytes(100_000))
with Client(sys.argv[1], sys.argv[2]) as client:
    with client.run("trials", params={"a": 1}) as run:
        run.log_metric("loss", 0.5, 1)
        run.log_file(folder / "model.bin", "model/model.bin")
        version = run.register("watched", path="model", aliases=["champion"])
    client.push(folder / "model.bin", "watched", progress=False)
    client.pull("watched@champion", to=folder / "back", progress=False)
    client.lineage(version)
"""


def test_the_sdk_calls_nobody_but_its_server(tmp_path: Path) -> None:
    """ "No telemetry: a test runs the server and SDK with outbound connections blocked and watched."."""
    outbound = tmp_path / "outbound"
    outbound.touch()
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        server.wait()
        (tmp_path / "files").mkdir()
        paths = environment(PYTHONPATH=f"{WATCHED}:{SOURCES}", STRONGROOM_TEST_OUTBOUND=str(outbound))
        arguments = [server.url, new_token(tmp_path / "data"), str(tmp_path / "files")]
        subprocess.run([sys.executable, "-c", SDK_AT_WORK, *arguments], env=paths, check=True, timeout=60)  # noqa: S603
    finally:
        server.close()
    assert outbound.read_text() == ""
    assert (tmp_path / "files" / "back" / "model.bin").read_bytes() == bytes(100_000)


def test_the_watch_itself_works(tmp_path: Path) -> None:
    outbound = tmp_path / "outbound"
    env = environment(PYTHONPATH=str(WATCHED), STRONGROOM_TEST_OUTBOUND=str(outbound))
    code = "import socket\ntry:\n socket.create_connection(('192.0.2.1', 9), 0.1)\nexcept PermissionError:\n pass"
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=30)  # noqa: S603 - our own program, no shell
    assert "192.0.2.1" in outbound.read_text()


@pytest.mark.parametrize(
    ("address", "local"), [("0100007F", True), ("00000000", True), ("010200C0", False), ("0" * 24 + "01000000", True)]
)
def test_what_counts_as_this_machine(address: str, local: bool) -> None:
    assert _is_local(address) is local

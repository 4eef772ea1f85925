"""Uploads that are killed and begun again, damaged bytes, backups; and how much memory the server takes."""

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.dialects.xet.client import UPLOAD, XetClient
from tests.dialects.xet.conftest import make_version, new_asset
from tests.dialects.xet.test_client import MIB, noise
from tests.http.processes import ServerProcess, environment, new_token

Register = Callable[[str, dict[str, str]], dict[str, Any]]


def strongroom(*arguments: str | Path) -> int:
    """Run a command; how it ended."""
    command = [sys.executable, "-m", "strongroom.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment(), capture_output=True, timeout=60, check=False).returncode  # noqa: S603 - our own program


def test_an_upload_killed_at_random_points_is_resumed(
    server: ServerProcess, http: httpx.Client, client: XetClient, asset: str, tmp_path: Path, register: Register
) -> None:
    """ "upload killed with kill -9 at random points and resumed"."""
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.bin")
        paths[-1].write_bytes(noise(20 + number, 12 * MIB))
    moment = random.Random(4)  # noqa: S311 - when to kill, no secret
    for _ in range(3):
        child = client.start(UPLOAD, paths=[str(path) for path in paths])
        time.sleep(moment.uniform(0.3, 1.2))
        child.kill()
        child.communicate()
    sent = client.upload(*paths)
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert {name: one["sha256"] for name, one in sent.items()} == digests
    version = register(asset, digests)
    for path in paths:
        assert http.get(f"/versions/{version['uid']}/files/{path.name}").content == path.read_bytes()
    half = [path for path in (server.data / "blobs" / "tmp").iterdir() if path.is_file()]
    assert len(half) <= 3, "half files of killed uploads go with their requests"


def test_a_damaged_body_is_named_and_no_wrong_byte_is_given(tmp_path: Path) -> None:
    """ "chunk hashes verified on the way out"; the backup finds it too, and what is sound is restored whole."""
    server = ServerProcess(tmp_path / "data", tmp_path / "log").wait()
    try:
        token = new_token(server.data, "ann", "maintainer")
        data = noise(30, 4 * MIB)
        (tmp_path / "a.bin").write_bytes(data)
        with server.client(token) as http:
            asset = new_asset(http)
            sent = XetClient(server.url, asset, token, tmp_path / "hf").upload(tmp_path / "a.bin")["a.bin"]
            version = make_version(http, asset, {"a.bin": sent["sha256"]})
            assert strongroom("backup", "--data", server.data, "--to", tmp_path / "backup") == 0
            body = max((server.data / "blobs" / "blobs").rglob("*"), key=lambda path: path.stat().st_size)
            with body.open("r+b") as file:
                file.seek(3 * MIB)
                file.write(b"\0" * 10)
            url = f"/versions/{version['uid']}/files/a.bin"
            assert http.get(url, headers={"Range": "bytes=0-1000"}).content == data[:1001]
            damaged = http.get(url, headers={"Range": f"bytes={3 * MIB}-{3 * MIB + 10}"})
            assert (damaged.status_code, damaged.json()["code"]) == (500, "corrupted")
        assert strongroom("backup", "--data", server.data, "--to", tmp_path / "second") != 0
        server.close()
        assert strongroom("restore", "--from", tmp_path / "backup", "--data", tmp_path / "restored") == 0
    finally:
        server.close()
    restored = ServerProcess(tmp_path / "restored", tmp_path / "log2").wait()
    try:
        with restored.client(token) as http:
            assert http.get(url).content == data
            client = XetClient(restored.url, asset, token, tmp_path / "hf")
            (tmp_path / "b.bin").write_bytes(data + b"more")
            assert client.upload(tmp_path / "b.bin")["b.bin"]["size"] == 4 * MIB + 4
            stores = {line.split("/cas/")[1][:16] for log in ("log", "log2") for line in
                      (tmp_path / log).read_text().splitlines() if "/v2/shards" in line}  # fmt: skip
            assert len(stores) == 2, "a restored store has another name, so that clients forget what came after"
    finally:
        restored.close()


def test_memory_is_flat_with_many_clients(
    server: ServerProcess, http: httpx.Client, token: str, asset: str, tmp_path: Path, register: Register
) -> None:
    """ "Server memory flat (under 300 MB above idle) with 8 clients at once"."""
    process = psutil.Process(server.child.pid)
    idle = process.memory_info().rss
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.bin")
        paths[-1].write_bytes(noise(40 + number, 24 * MIB))
    clients = [XetClient(server.url, asset, token, tmp_path / f"hf{number}") for number in range(8)]
    children = [one.start(UPLOAD, paths=[str(path)]) for one, path in zip(clients, paths, strict=True)]
    most = idle
    while any(child.poll() is None for child in children):
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    assert [child.wait() for child in children] == [0] * 8, [child.communicate()[1][-500:] for child in children]
    for child in children:
        child.communicate()
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    version = register(asset, digests)
    for path in paths:
        with http.stream("GET", f"/versions/{version['uid']}/files/{path.name}") as answer:
            digest = hashlib.sha256()
            for piece in answer.iter_bytes():
                digest.update(piece)
                most = max(most, process.memory_info().rss)
        assert digest.hexdigest() == digests[path.name]
    assert most - idle < 300 * MIB, f"{(most - idle) / MIB:.0f} MiB above idle"

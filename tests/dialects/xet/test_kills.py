"""`kill -9` of the server, and of a collector beside it, while the unmodified client sends and tries again."""

import asyncio
import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from strongroom.bootstrap.collection import collected
from strongroom.bootstrap.settings import Storage
from tests.dialects.xet.client import UPLOAD, XetClient
from tests.dialects.xet.test_client import MIB, noise
from tests.http.processes import ServerProcess, environment, new_token
from tests.support.process import Child, wait_until

Register = Callable[[str, dict[str, str]], dict[str, Any]]
DAYS = 3
PATIENT = {"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "8", "HF_XET_CLIENT_RETRY_BASE_DELAY": "200ms"}


@pytest.fixture
def patient(server: ServerProcess, token: str, asset: str, tmp_path: Path) -> XetClient:
    """A client that tries again as often as the unmodified one does, with less time between."""
    return XetClient(server.url, asset, token, tmp_path / "patient", **PATIENT)


def begin(client: XetClient, paths: list[Path]) -> "subprocess.Popen[str]":
    return client.start(UPLOAD, paths=[str(path) for path in paths])


def ended(client: XetClient, child: "subprocess.Popen[str]", paths: list[Path]) -> None:
    """Wait for a client; one that gave up is begun again, as its user would."""
    child.communicate(timeout=60)
    if child.returncode:
        client.upload(*paths)


def check(http: httpx.Client, register: Register, asset: str, paths: list[Path]) -> str:
    """Every file is there whole, under the digest of what was sent."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    uid: str = register(asset, digests)["uid"]
    for path in paths:
        assert http.get(f"/versions/{uid}/files/{path.name}").content == path.read_bytes()
    return uid


def test_the_server_is_killed_while_xorbs_come_in(
    server: ServerProcess, http: httpx.Client, patient: XetClient, asset: str, tmp_path: Path, register: Register
) -> None:
    """Issue 5: "upload killed with `kill -9` at random points and resumed", on the other end of the connection."""
    paths, moment = [tmp_path / "a.bin", tmp_path / "b.bin"], random.Random(6)  # noqa: S311 - when to kill, no secret
    for number, path in enumerate(paths):
        path.write_bytes(noise(60 + number, 24 * MIB))
    half = server.data / "blobs" / "tmp"
    for _ in range(2):
        child = begin(patient, paths)
        wait_until(lambda: child.poll() is not None or any(half.iterdir()), what="a xorb that comes in")  # noqa: B023
        time.sleep(moment.uniform(0, 0.15))
        server.child.kill()
        server.restart()
        ended(patient, child, paths)
    check(http, register, asset, paths)


def gc(server: ServerProcess) -> list[str | Path]:
    return [sys.executable, "-m", "strongroom.cli", "gc", "--data", server.data]


def collect(server: ServerProcess) -> None:
    """What `strongroom gc` does, without a process for it."""
    asyncio.run(collected(Storage(data=server.data), 24, orphans=False, stopped=False))


def age(server: ServerProcess) -> None:
    """Days pass: for who may name what, for what is condemned, and for the files in the store."""
    passed = DAYS * 24 * 3600
    with closing(sqlite3.connect(server.data / "strongroom.db", timeout=30)) as database, database:
        for table in ("xorb_ledger", "blob_ledger"):
            database.execute(f"UPDATE {table} SET until = 0")  # noqa: S608 - names of ours
        for table in ("xorb", "blob", "blob_leaving"):
            database.execute(f"UPDATE {table} SET condemned_at = condemned_at - ?", (passed * 1_000_000,))  # noqa: S608
    for path in (server.data / "blobs" / "blobs").rglob("*"):
        if path.is_file():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - passed))


def due(server: ServerProcess) -> int:
    """Xorbs that the next collector takes and erases."""
    with closing(sqlite3.connect(server.data / "strongroom.db", timeout=30)) as database:
        found: int = database.execute("SELECT count(*) FROM xorb WHERE condemned_at IS NOT NULL").fetchone()[0]
        return found


def test_the_server_and_a_collector_are_killed_while_what_they_erase_is_sent_again(
    server: ServerProcess, token: str, asset: str, tmp_path: Path, register: Register
) -> None:
    """Promise 4: "Garbage collection never removes a reachable or in-flight byte, runs beside live uploads"."""
    paths, moment = [tmp_path / "c.bin"], random.Random(7)  # noqa: S311 - when to kill, no secret
    paths[0].write_bytes(noise(70, 8 * MIB))
    XetClient(server.url, asset, token, tmp_path / "first").upload(*paths)
    with server.client(new_token(server.data, "boss", "admin"), timeout=90) as http:
        uid = check(http, register, asset, paths)
        http.delete(f"/versions/{uid}").raise_for_status()
        http.post(f"/versions/{uid}/purge", json={"reason": "r"}).raise_for_status()
        for _ in range(2):  # the file goes first, then what it was made of
            age(server)
            collect(server)
        age(server)
        assert due(server) > 0, "the collector would do nothing"
        fresh = XetClient(server.url, asset, token, tmp_path / "fresh", **PATIENT)
        collector = Child(gc(server), log=tmp_path / "gc", env=environment())
        child = begin(fresh, paths)
        time.sleep(moment.uniform(0.6, 1.2))
        collector.close()
        server.child.kill()
        server.restart()
        ended(fresh, child, paths)
        collect(server)
        uid = check(http, register, asset, paths)
        age(server)
        collect(server)
        assert http.get(f"/versions/{uid}/files/c.bin").content == paths[0].read_bytes()

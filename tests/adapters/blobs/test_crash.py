"""Killed at any moment: what was answered for is whole, and nothing half is visible (architecture.md, promise 1)."""

import hashlib
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts.blobstore import StoredBlob
from tests.adapters.blobs.homes import LocalHome, read

pytestmark = pytest.mark.anyio

ROUNDS = 4


def run_and_kill(home: LocalHome) -> list[StoredBlob]:
    """Two servers on one folder, each killed at a random moment; what both answered for."""
    command = [sys.executable, "-m", "tests.adapters.blobs.crash_child", str(home.root)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]  # noqa: S603 - our own child
    lines: list[bytes] = []
    for child in children:
        assert child.stdout is not None
        lines.append(child.stdout.readline())  # it is running
        time.sleep(random.uniform(0.01, 0.3))  # noqa: S311 - no secret
        child.kill()
        lines += child.stdout.readlines()
        child.stdout.close()
        child.wait()
    answered = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return [StoredBlob(**said | {"blocks": bytes.fromhex(said["blocks"])}) for said in answered]


async def test_killed_at_random_moments(home: LocalHome) -> None:
    """Every acknowledged blob reads back whole; under ``blobs/`` is no half file; the rest is swept."""
    answered: list[StoredBlob] = []
    for _ in range(ROUNDS):
        answered += run_and_kill(home)
    store = LocalBlobStore(home.root)
    for blob in answered:
        assert hashlib.sha256(await read(store, blob)).hexdigest() == blob.sha256
    for path in (home.root / "blobs").rglob("*"):
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    places = {found.place for found in [found async for found in store.list_places()]}
    assert {blob.place for blob in answered} <= places
    await store.sweep(older_than=datetime.now(UTC) + timedelta(hours=1))
    assert not any((home.root / "tmp").iterdir())
    assert {blob.place for blob in answered} <= {
        found.place for found in [found async for found in store.list_places()]
    }
    await store.aclose()

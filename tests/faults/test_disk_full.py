"""A disk without room: uploads are refused with 507, nothing half stays, and the server goes on."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import server_admin
from tests.faults.writers import new_asset, verified_log
from tests.http.processes import ServerProcess

SIZE_MIB = 24
MIB = 1024 * 1024

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of `SIZE_MIB`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 - no shell
        pytest.skip("this machine does not let its root mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - no shell


def test_a_full_disk_is_said_and_leaves_nothing_half(small_disk: Path, tmp_path: Path) -> None:
    server = ServerProcess(small_disk / "data", tmp_path / "log")
    try:
        server.wait()
        token = server_admin(server.data)
        with server.client(token) as client:
            draft = client.post(f"/assets/{new_asset(client)}/drafts", json={}).json()["uid"]
            address = f"/folders/draft/{draft}/files"
            assert client.put(f"{address}/fits", content=os.urandom(4 * MIB)).status_code == 200
            refused = client.put(f"{address}/too-big", content=os.urandom(SIZE_MIB * MIB))
            assert refused.status_code == 507, refused.text
            assert refused.json()["code"] == "storage_full"
            assert client.get(f"{address}/too-big").status_code == 404
            assert len(client.get(f"{address}/fits").content) == 4 * MIB
            assert not list((server.data / "blobs" / "tmp").iterdir())
            assert client.put(f"{address}/small", content=b"still writing").status_code == 200
            _fill(small_disk)
            answers = {client.put(f"{address}/n{n}", content=os.urandom(50_000)).status_code for n in range(20)}
            assert answers <= {200, 507}
            assert 507 in answers
            (small_disk / "filler").unlink()
            assert client.put(f"{address}/again", content=b"room again").status_code == 200
            assert client.get("/assets").status_code == 200
            verified_log(client)
    finally:
        server.close()


def _fill(disk: Path) -> None:
    """Take all the room that is left."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return

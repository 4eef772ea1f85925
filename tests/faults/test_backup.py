"""Promise 6: a restored backup is a state that existed, also when it was taken in the middle of everything."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from strongroom.adapters.sql.backup import backup, restore
from strongroom.domain.errors import Conflict, Corrupted, Invalid, NotFound
from tests.faults.writers import Publisher, check_whole, new_asset, verified_log
from tests.http.processes import ServerProcess, environment


def maintenance(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strongroom.cli.maintenance", *map(str, arguments)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own program, no shell


def test_promise_6_a_restored_backup_is_a_state_that_existed(server: ServerProcess, token: str, tmp_path: Path) -> None:
    with server.client(token) as client:
        asset = new_asset(client)
    publishers = [Publisher(server, token, asset) for _ in range(2)]
    threads = [threading.Thread(target=publisher.run) for publisher in publishers]
    for thread in threads:
        thread.start()
    try:
        for number in range(2):
            time.sleep(0.7)
            before = {version for publisher in publishers for version in publisher.published}
            done = maintenance("backup", "--data", server.data, "--to", tmp_path / f"backup{number}")
            assert done.returncode == 0, done.stderr
            assert "blobs" in done.stdout
            _check_restored(tmp_path, number, token, asset, before, publishers)
    finally:
        for publisher in publishers:
            publisher.stop.set()
        for thread in threads:
            thread.join()


def _check_restored(
    tmp_path: Path, number: int, token: str, asset: str, before: set[str], publishers: list[Publisher]
) -> None:
    data = tmp_path / f"restored{number}"
    done = maintenance("restore", "--from", tmp_path / f"backup{number}", "--data", data)
    assert done.returncode == 0, done.stderr
    restored = ServerProcess(data, tmp_path / f"log{number}")
    try:
        restored.wait()
        with restored.client(token) as client:
            check_whole(client, asset)
            listed = client.get(f"/assets/{asset}/versions", params={"page_size": 1000}).json()["items"]
            assert before <= {version["uid"] for version in listed}
            known = {uid: files for publisher in publishers for uid, files in publisher.published.items()}
            for version in listed:
                if files := known.get(version["uid"]):
                    assert client.get(f"/versions/{version['uid']}/files/big.bin").content == files["big.bin"]
            verified_log(client)
    finally:
        restored.close()


@pytest.fixture
def filled(server: ServerProcess, token: str) -> Path:
    """A data folder with a version in it, whose server has stopped."""
    with server.client(token) as client:
        asset = new_asset(client)
    publisher = Publisher(server, token, asset)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    while not publisher.alias:
        time.sleep(0.02)
    publisher.stop.set()
    thread.join()
    server.child.terminate()
    return server.data


def test_a_damaged_blob_ends_the_backup_and_is_named(filled: Path, tmp_path: Path) -> None:
    blob = max(
        (path for path in (filled / "blobs" / "blobs").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    body = bytearray(blob.read_bytes())
    body[len(body) // 2] ^= 1
    blob.write_bytes(body)
    with pytest.raises(Corrupted) as error:
        backup(filled, tmp_path / "backup")
    assert error.value.details["blob"] == blob.name
    with pytest.raises(Invalid, match="no finished backup"):
        restore(tmp_path / "backup", tmp_path / "data2")


def test_a_backup_damaged_later_is_not_restored(filled: Path, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup")
    blob = next(path for path in (tmp_path / "backup" / "blobs" / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"")
    with pytest.raises(Corrupted):
        restore(tmp_path / "backup", tmp_path / "data2")


def test_where_it_may_go_and_what_it_holds(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(Conflict, match="not empty"):
        backup(filled, tmp_path / "taken")
    with pytest.raises(NotFound):
        backup(tmp_path / "nothing", tmp_path / "backup")
    backup(filled, tmp_path / "with")
    backup(filled, tmp_path / "without", with_keys=False)
    keys = ["log-key-0001.json", "server-key", "webhook-key"]
    assert sorted(path.name for path in (tmp_path / "with" / "keys").iterdir()) == keys
    assert not (tmp_path / "without" / "keys").exists()
    assert json.loads((tmp_path / "without" / "backup.json").read_text())["keys"] is False
    for path in (tmp_path / "with").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name == "backup.json", path


def test_a_server_without_its_keys_does_not_make_new_ones(filled: Path, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup", with_keys=False)
    restore(tmp_path / "backup", tmp_path / "data2")
    command = [sys.executable, "-m", "strongroom.cli.serve", "--data", str(tmp_path / "data2"), "--port", "0"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own program, no shell
    assert done.returncode == 1
    assert "keys are missing" in done.stderr

"""A push that is killed goes on where it was: only missing parts are sent again."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from strongroom.sdk.localfiles import LocalFile, hash_file
from strongroom.sdk.models import Version
from strongroom.sdk.progress import Silent
from strongroom.sdk.upload import Folder, send_files
from tests.sdk.server import Served, recorded

MIB = 1024 * 1024
PARTS = 9
KILLED = """
import os, signal, sys
from strongroom.sdk import Client

class Killer:
    done = 0
    def start(self, what, total): self.what = what
    def finish(self): pass
    def advance(self, done):
        if self.what == "sending":
            self.done += done
            if self.done >= 4 * 8 * 1024 * 1024:
                os.kill(os.getpid(), signal.SIGKILL)

Client().push(sys.argv[1], sys.argv[2], progress=Killer())
"""


def test_after_kill_9_only_missing_parts_are_sent(served: Served, client: Client, space: str, tmp_path: Path) -> None:
    root = tmp_path / "model"
    root.mkdir()
    noise = random.Random(3)  # noqa: S311 - test data
    (root / "big.bin").write_bytes(noise.randbytes((PARTS - 1) * 8 * MIB + 5))
    (root / "small.bin").write_bytes(noise.randbytes(1000))
    command = [sys.executable, "-c", KILLED, str(root), f"{space}/m"]
    done = subprocess.run(command, env=served.env(tmp_path), capture_output=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == -9, done.stderr
    assert list(client.versions.list(f"{space}/m")) == [], "nothing is visible of what was not sealed"
    sent = recorded(client)
    version = client.push(root, f"{space}/m")
    parts = [line for line in sent if "/parts/" in line]
    assert 1 <= len(parts) <= PARTS - 4, sent
    assert not [line for line in sent if line.endswith("/blobs")], "small files were sent before"
    assert client.pull(version, to=tmp_path / "out").fetched == 2
    assert (tmp_path / "out" / "big.bin").read_bytes() == (root / "big.bin").read_bytes()


def test_a_poisoned_upload_is_not_resumed(client: Client, space: str, tmp_path: Path) -> None:
    """Parts of other bytes under the same digest: the server refuses the whole, the client drops the upload."""
    path = tmp_path / "big.bin"
    path.write_bytes(random.Random(4).randbytes(9 * MIB))  # noqa: S311 - test data
    real = hash_file("big.bin", path, Silent())
    asset = client.assets.create(f"{space}/m")
    draft = client.api.call("draft.create", Version, uid=asset.uid)
    folder = Folder("draft", draft.uid)
    other = tmp_path / "other.bin"
    other.write_bytes(os.urandom(9 * MIB))
    lie = LocalFile("big.bin", other, real.size, real.sha256, other.stat().st_mtime_ns)
    with pytest.raises(errors.FileChanged) as caught:
        send_files(client.api, folder, [lie], [], Silent())
    assert caught.value.details["path"] == "big.bin"
    sent = recorded(client)
    send_files(client.api, folder, [real], [], Silent())
    assert len([line for line in sent if "/parts/" in line]) == 2

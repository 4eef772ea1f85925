"""docs/storage-format.md, by hand: its commands are run as they stand there."""

import re
import subprocess
from pathlib import Path

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.adapters.blobs.names import parse_packed
from strongroom.application.artifacts.blobstore import nothing_known
from tests.adapters.blobs.homes import MIB, LocalHome, put, random_bytes, sha256

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).resolve().parents[3] / "docs" / "storage-format.md"
BYTES = PAGE.read_text().partition("\n## Metadata\n")[0]  # what follows has its own tests, in tests/docs
CHECK, COPY, ONE, ALL = re.findall(r"```sh\n(.*?)```", BYTES, re.DOTALL)


def shell(script: str, home: LocalHome, folder: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    command = "".join(f"{name}={value}\n" for name, value in variables.items()) + script.replace("ROOT", str(home.root))
    return subprocess.run(  # noqa: S603 - the commands of our own page
        ["/bin/bash", "-c", command], cwd=folder, check=False, capture_output=True, text=True
    )


async def test_whole_blobs_are_checked_and_copied(home: LocalHome, store: LocalBlobStore, tmp_path: Path) -> None:
    """Check all of them, and name each that is damaged; find a file by its digest."""
    blobs = [await put(store, random_bytes(size)) for size in (0, 100, 2 * MIB)]
    assert shell(CHECK, home, tmp_path).returncode == 0
    shell(COPY, home, tmp_path, sha256=blobs[2].sha256)
    assert sha256((tmp_path / "model.safetensors").read_bytes()) == blobs[2].sha256
    home.flip(blobs[1], 3)
    assert f"{blobs[1].sha256}: FAILED" in shell(CHECK, home, tmp_path).stdout


async def test_one_blob_out_of_a_pack(home: LocalHome, store: LocalBlobStore, tmp_path: Path) -> None:
    """One blob out of a pack, by its place and size."""
    blob = (await store.put_small([random_bytes(size) for size in (10, 3000, 20)], nothing_known))[1]
    pack, offset = parse_packed(blob.place) or ("", 0)
    shown = shell(ONE, home, tmp_path, pack=pack, offset=offset, size=blob.size)
    assert shown.stdout.split()[0] == blob.sha256


async def test_all_blobs_out_of_all_packs(home: LocalHome, store: LocalBlobStore, tmp_path: Path) -> None:
    """All blobs out of all packs, damaged and deleted ones left out."""
    blobs = await store.put_small([random_bytes(size) for size in (0, 1, 3000, 4000, 65536, 7)], nothing_known)
    await store.delete(blobs[2])
    home.flip(blobs[3], 100)
    done = shell(ALL, home, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no sound record" in done.stdout
    recovered = {path.name: sha256(path.read_bytes()) for path in (tmp_path / "recovered").iterdir()}
    assert recovered == {blobs[index].sha256: blobs[index].sha256 for index in (0, 1, 4, 5)}

"""The real hf_xet client sends and fetches files; every other client reads the same bytes."""

import hashlib
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dialects.xet.client import XetClient, XetError
from tests.dialects.xet.conftest import new_asset
from tests.http.processes import ServerProcess

MIB = 1 << 20
Register = Callable[[str, dict[str, str]], dict[str, Any]]


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def noise(seed: int, size: int) -> bytes:
    """Bytes that nothing compresses, the same each time."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - data, no secret


def floats(seed: int, count: int) -> bytes:
    """Weights as a model has them; the client packs these by byte groups."""
    some = random.Random(seed)  # noqa: S311 - data, no secret
    return struct.pack(f"<{count}f", *(some.gauss(0, 0.02) for _ in range(count)))


@pytest.fixture
def mixed() -> dict[str, bytes]:
    """Files that make the client use each of its ways to pack: random bytes, words, weights, and a small one."""
    return {
        "random.bin": noise(5, 9 * MIB),
        "words.txt": b"".join(b"line %d of a log that repeats itself\n" % (n % 5000) for n in range(120_000)),
        "weights.bin": floats(3, 600_000),
        "small.json": b'{"a": 1}',
    }


def test_files_sent_by_hf_xet_are_read_byte_identical_by_every_client(
    http: httpx.Client, client: XetClient, asset: str, tmp_path: Path, mixed: dict[str, bytes], register: Register
) -> None:
    """ "A file uploaded through Xet is a blob like any other: MLflow, native and curl reads rebuild it while streaming,
    ranges included, byte-identical."""
    digests = {name: write(tmp_path / name, data) for name, data in mixed.items()}
    sent = client.upload(*(tmp_path / name for name in mixed))
    assert {name: one["sha256"] for name, one in sent.items()} == digests
    version = register(asset, digests)

    for name, data in mixed.items():
        url = f"/versions/{version['uid']}/files/{name}"
        whole = http.get(url)
        assert whole.status_code == 200
        assert whole.content == data
        assert whole.headers["etag"] == f'"{digests[name]}"'
        for start, end in ((0, 0), (1, 70_000), (len(data) // 2 - 3, len(data) - 2), (len(data) - 1, len(data) - 1)):
            part = http.get(url, headers={"Range": f"bytes={start}-{end}"})
            assert part.status_code == 206
            assert part.content == data[start : end + 1]
        to = tmp_path / "back" / name
        client.download(sent[name]["hash"], sent[name]["size"], to)
        assert to.read_bytes() == data


def test_a_range_is_fetched_without_the_rest(
    client: XetClient, asset: str, tmp_path: Path, mixed: dict[str, bytes], register: Register
) -> None:
    """ "reconstructions v1 and v2 with ranges"."""
    name = "random.bin"
    data = mixed[name]
    digest = write(tmp_path / name, data)
    sent = client.upload(tmp_path / name)[name]
    register(asset, {name: digest})
    for number, (start, end) in enumerate(((5 * MIB + 11, 5 * MIB + 400_011), (len(data) - 17, len(data)))):
        to = tmp_path / f"part{number}"
        client.stream(sent["hash"], sent["size"], start, end, to)
        assert to.read_bytes() == data[start:end]


def test_both_versions_of_the_protocol_are_spoken(
    server: ServerProcess, token: str, asset: str, tmp_path: Path, register: Register
) -> None:
    """Shards and reconstructions v1, for clients that ask for nothing newer."""
    old = {"HF_XET_CLIENT_SHARD_API_VERSION": "1", "HF_XET_CLIENT_RECONSTRUCTION_API_VERSION": "1"}
    client = XetClient(server.url, asset, token, tmp_path / "hf", HF_XET_CLIENT_LEGACY_DIRECT_XORB_UPLOAD="1", **old)
    data = noise(6, 2 * MIB)
    digest = write(tmp_path / "a.bin", data)
    sent = client.upload(tmp_path / "a.bin")["a.bin"]
    register(asset, {"a.bin": digest})
    client.download(sent["hash"], sent["size"], tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


def test_a_changed_file_costs_what_changed_also_from_a_client_that_knows_nothing(
    server: ServerProcess, token: str, client: XetClient, asset: str, tmp_path: Path, register: Register
) -> None:
    """ "1 MiB inserted in a 1 GiB file: under 2 % sent by a fresh client", here in small; global deduplication."""
    data = noise(7, 24 * MIB)
    digest = write(tmp_path / "a.bin", data)
    assert client.upload(tmp_path / "a.bin")["a.bin"]["new"] == len(data)
    register(asset, {"a.bin": digest})

    changed = data[: 6 * MIB] + noise(9, MIB // 4) + data[6 * MIB :]
    digest = write(tmp_path / "b.bin", changed)
    fresh = XetClient(server.url, asset, token, tmp_path / "fresh")
    sent = fresh.upload(tmp_path / "b.bin")["b.bin"]
    assert 0 < sent["new"] < 2 * MIB, "it was told of the chunks that are here"
    register(asset, {"b.bin": digest})
    fresh.download(sent["hash"], sent["size"], tmp_path / "back")
    assert hashlib.sha256((tmp_path / "back").read_bytes()).hexdigest() == digest


def test_a_token_of_another_repository_reconstructs_nothing(
    server: ServerProcess, http: httpx.Client, token: str, client: XetClient, asset: str, tmp_path: Path,
    register: Register,
) -> None:  # fmt: skip
    """ "A token for one repository reconstructs only that repository's files.", "tokens for another repository"."""
    digest = write(tmp_path / "a.bin", noise(8, MIB))
    sent = client.upload(tmp_path / "a.bin")["a.bin"]
    register(asset, {"a.bin": digest})
    other = XetClient(server.url, new_asset(http), token, tmp_path / "other")
    with pytest.raises(XetError):
        other.download(sent["hash"], sent["size"], tmp_path / "back")
    assert not (tmp_path / "back").exists() or (tmp_path / "back").stat().st_size == 0

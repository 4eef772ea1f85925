"""Folders go to versions and back, byte for byte, and no byte goes twice."""

import hashlib
import os
import random
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from tests.sdk.server import Served, flip, recorded

MIB = 1024 * 1024


def tree(root: Path) -> dict[str, str]:
    """Paths and digests of all files below a folder."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def model(space: str, tmp_path: Path) -> Path:
    """Files of every size class: empty, small, medium, several parts; nested, oddly named; others in every test."""
    noise = random.Random(space)  # noqa: S311 - test data
    root = tmp_path / "model"
    for path, size in {
        "empty": 0,
        "small.txt": 100,
        "sub/a b%20ü#?.json": 64 * 1024,
        "sub/deep/medium.bin": 64 * 1024 + 1,
        "sub/whole.bin": 8 * MIB,
        "large.bin": 17 * MIB + 3,
    }.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(noise.randbytes(size))
    return root


def test_a_folder_comes_back_byte_for_byte(client: Client, space: str, model: Path, tmp_path: Path) -> None:
    version = client.push(
        model, f"{space}/churn", aliases=["champion"], description="first", tags={"a": "b"}, properties={"acc": 0.5}
    )
    assert (version.number, version.files, version.reference) == (1, 6, f"{space}/churn:1")
    assert version.properties == {"acc": 0.5}
    local = client.pull(f"{space}/churn@champion", to=tmp_path / "out")
    assert (local.files, local.fetched) == (6, 6)
    assert tree(local.path) == tree(model)
    assert (local / "small.txt").stat().st_size == 100
    assert sorted(path.name for path in local.path.iterdir()) == ["empty", "large.bin", "small.txt", "sub"]


def test_what_is_there_is_not_fetched_again(client: Client, space: str, model: Path, tmp_path: Path) -> None:
    client.push(model, f"{space}/m")
    to = tmp_path / "out"
    client.pull(f"{space}/m", to=to)
    (to / "small.txt").write_bytes(b"x" * 100)  # the right size and other bytes
    (to / "empty").unlink()
    sent = recorded(client)
    local = client.pull(f"{space}/m", to=to)
    assert local.fetched == 2
    assert len([line for line in sent if "/files/" in line]) == 1, "an empty file needs no request"
    assert tree(to) == tree(model)


def test_bytes_that_the_server_has_are_not_sent_again(client: Client, space: str, model: Path) -> None:
    client.push(model, f"{space}/m")
    (model / "small.txt").write_bytes(b"new")
    sent = recorded(client)
    version = client.push(model, f"{space}/m")
    assert version.number == 2
    assert [line.partition(" ")[0] for line in sent if "/parts/" in line or "/files/" in line] == []
    assert len([line for line in sent if line.endswith("/blobs")]) == 1


def test_a_thousand_small_files_need_at_most_20_requests(client: Client, space: str, tmp_path: Path) -> None:
    noise = random.Random(1)  # noqa: S311 - test data
    root = tmp_path / "many"
    root.mkdir()
    for number in range(1000):
        (root / f"{number}.bin").write_bytes(noise.randbytes(64 * 1024 if number % 2 else 500))
    sent = recorded(client)
    assert client.push(root, f"{space}/many").files == 1000
    assert len(sent) <= 20, sent


def test_one_file_is_a_version_too(client: Client, space: str, tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(b"pickle")
    version = client.push(file, f"{space}/one")
    assert client.read_bytes(version, "model.pkl") == b"pickle"


def test_files_open_and_seek_without_a_copy(client: Client, space: str, model: Path) -> None:
    version = client.push(model, f"{space}/m")
    wanted = (model / "large.bin").read_bytes()
    with client.open(version, "large.bin") as file:
        file.seek(-10, os.SEEK_END)
        assert file.read() == wanted[-10:]
        file.seek(9 * MIB)
        assert file.read(5) == wanted[9 * MIB : 9 * MIB + 5]
        file.seek(0)
        assert file.read() == wanted
    assert client.read_bytes(version, "empty") == b""
    assert client.read_bytes(version, "sub/a b%20ü#?.json") == (model / "sub/a b%20ü#?.json").read_bytes()
    with pytest.raises(errors.NotFound):
        client.open(version, "nothing")


def test_part_of_a_version(client: Client, space: str, model: Path, tmp_path: Path) -> None:
    client.push(model, f"{space}/m")
    local = client.pull(f"{space}/m", to=tmp_path / "out", path="sub/deep")
    assert list(tree(local.path)) == ["sub/deep/medium.bin"]


def test_an_interrupted_fetch_goes_on_where_it_was(
    client: Client, space: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = client.push(model, f"{space}/m")
    to, data = tmp_path / "out", (model / "large.bin").read_bytes()
    partial = to / ".strongroom-partial" / hashlib.sha256(data).hexdigest()
    partial.parent.mkdir(parents=True)
    partial.write_bytes(data[: 10 * MIB])
    ranges: list[str] = []
    stream = client.transport.stream

    def noted(path: str, *, headers: dict[str, str] | None = None) -> object:
        ranges.append(f"{path.rpartition('/')[2]} {(headers or {}).get('Range')}")
        return stream(path, headers=headers)

    monkeypatch.setattr(client.transport, "stream", noted)
    client.pull(version, to=to)
    assert f"large.bin bytes={10 * MIB}-" in ranges
    assert tree(to) == tree(model)


def test_a_partial_file_of_other_bytes_is_found_out(client: Client, space: str, model: Path, tmp_path: Path) -> None:
    client.push(model, f"{space}/m")
    digest = hashlib.sha256((model / "large.bin").read_bytes()).hexdigest()
    partial = tmp_path / "out" / ".strongroom-partial" / digest
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"garbage")
    with pytest.raises(errors.Corrupted, match=r"large\.bin"):
        client.pull(f"{space}/m", to=tmp_path / "out")
    assert not (tmp_path / "out" / "large.bin").exists()
    client.pull(f"{space}/m", to=tmp_path / "out")
    assert tree(tmp_path / "out") == tree(model)


def test_a_flipped_bit_ends_the_read_and_names_blob_and_path(
    served: Served, client: Client, space: str, model: Path, tmp_path: Path
) -> None:
    version = client.push(model, f"{space}/m")
    size = 17 * MIB + 3
    data = (model / "large.bin").read_bytes()
    stored = [
        path
        for path in served.data.rglob("*")
        if path.is_file() and path.stat().st_size == size and path.read_bytes() == data
    ]
    assert len(stored) == 1
    flip(stored[0], 5 * MIB + 7)
    try:
        with pytest.raises(errors.Corrupted) as caught:
            client.pull(version, to=tmp_path / "out")
        assert caught.value.details["blob"] == hashlib.sha256(data).hexdigest()
        assert caught.value.details["path"] == "large.bin"
        assert caught.value.details["blob"] in str(caught.value)
        assert not (tmp_path / "out" / "large.bin").exists()
        with pytest.raises(errors.Corrupted):
            client.read_bytes(version, "large.bin")
    finally:
        flip(stored[0], 5 * MIB + 7)
    client.pull(version, to=tmp_path / "out")
    assert tree(tmp_path / "out") == tree(model)


def test_pulling_without_a_folder_uses_the_cache(
    client: Client, space: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    version = client.push(model, f"{space}/m")
    assert client.pull(version).path == tmp_path / "cache" / "strongroom" / "versions" / version.uid


def test_nothing_is_published_of_a_file_that_changes(
    client: Client, space: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = client.api.call

    def call(operation: str, *rest: object, **more: object) -> object:
        if operation == "blob.missing":  # after hashing, before sending
            (model / "large.bin").write_bytes(b"y" * (17 * MIB + 3))
        return begin(operation, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(client.api, "call", call)
    with pytest.raises(errors.FileChanged, match=r"large\.bin"):
        client.push(model, f"{space}/m")
    monkeypatch.undo()
    with pytest.raises(errors.NotFound):
        client.resolve(f"{space}/m")
    assert client.push(model, f"{space}/m").number == 1


@pytest.mark.parametrize("path", ["small.txt", "sub/whole.bin"])
def test_small_and_medium_files_that_change_are_noticed_too(
    client: Client, space: str, model: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    begin = client.api.call

    def call(operation: str, *rest: object, **more: object) -> object:
        if operation == "blob.missing":
            data = bytearray((model / path).read_bytes())
            data[5] ^= 1
            (model / path).write_bytes(data)
        return begin(operation, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(client.api, "call", call)
    with pytest.raises(errors.FileChanged) as caught:
        client.push(model, f"{space}/m")
    assert caught.value.details["path"] == path


def test_a_base_spares_sending(client: Client, space: str, model: Path) -> None:
    base = client.push(model, f"{space}/base")
    sent = recorded(client)
    version = client.push(model, f"{space}/derived", base=base)
    assert not [line for line in sent if "/blobs" in line or "/parts" in line]
    assert [edge.type for edge in client.lineage(version, direction="up").edges] == ["base"]


def test_a_name_that_selects_a_version_is_no_asset(client: Client, model: Path) -> None:
    with pytest.raises(errors.BadName):
        client.push(model, "churn@champion")


def test_an_asset_is_not_made_unasked(client: Client, space: str, model: Path) -> None:
    with pytest.raises(errors.NotFound):
        client.push(model, f"{space}/m", create=False)

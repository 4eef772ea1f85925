"""The log's keys on disk: private, durable, one to a generation, and every generation verifiable for ever."""

import json
import os
import threading
from pathlib import Path

import pytest

from strongroom.adapters.identity.ed25519 import Signer
from strongroom.adapters.identity.keys import LogKeys
from strongroom.cli.ed25519 import verify
from strongroom.domain.audit.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.errors import Conflict, Corrupted, Invalid

ORIGIN = "registry.example.com/audit"


def test_the_first_opening_makes_a_private_key_and_the_next_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "keys"
    made, found = LogKeys.open(folder, ORIGIN), LogKeys.open(folder, ORIGIN)
    assert made.header == found.header
    assert [one.valid_from for one in made.header] == [0]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["log-key-0001.json"]
    assert (folder / "log-key-0001.json").stat().st_mode & 0o777 == 0o600


def test_a_new_key_is_on_disk_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    folder = tmp_path / "keys"
    LogKeys.open(folder, ORIGIN)
    assert synced[0] == str(tmp_path)
    assert Path(synced[1]).parent == folder
    assert synced[2] == str(folder)


def test_a_signature_verifies_and_an_edited_message_does_not(tmp_path: Path) -> None:
    signer = LogKeys.open(tmp_path, ORIGIN).current
    signature = signer.sign(b"message")
    assert verify(signer.key.public, signature, b"message")
    assert not verify(signer.key.public, signature, b"massage")
    assert not verify(signer.key.public, b"short", b"message")
    assert not verify(b"short", signature, b"message")
    assert VerifierKey.parse(str(signer.key)) == signer.key


def test_the_signature_is_that_of_rfc_8032() -> None:
    """Test 2 of RFC 8032, section 7.1."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    signer = Signer(ORIGIN, seed)
    assert signer.key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signer.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540")


def test_rotation_hands_over_at_one_size_that_both_sign(tmp_path: Path) -> None:
    first = LogKeys.open(tmp_path, ORIGIN)
    second = first.rotate(100)
    assert [one.valid_from for one in second.header] == [0, 100]
    assert LogKeys.open(tmp_path, ORIGIN).header == second.header
    old, new = second.verifiers
    assert [[one.key for one in second.signers(size)] for size in (0, 99, 100, 101)] == [
        [old],
        [old],
        [old, new],
        [new],
    ]
    assert second.current.key == new != first.current.key
    text = sign_checkpoint(Checkpoint(ORIGIN, 100, bytes(32)), second.signers(100))
    assert SignedCheckpoint.parse(text).signed_by([old, new], verify) == (old, new)
    assert open_checkpoint(text, [old], verify).size == 100
    third = second.rotate(250)
    assert [one.key for one in third.signers(250)] == [new, third.current.key]


def test_rotation_goes_forward_and_only_once(tmp_path: Path) -> None:
    first = LogKeys.open(tmp_path, ORIGIN)
    second = first.rotate(100)
    with pytest.raises(Invalid):
        second.rotate(99)
    with pytest.raises(Conflict):
        second.rotate(100)
    with pytest.raises(Conflict):
        first.rotate(120)
    assert len(LogKeys.open(tmp_path, ORIGIN).header) == 2


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    opened: list[LogKeys] = []
    threads = [threading.Thread(target=lambda: opened.append(LogKeys.open(tmp_path, ORIGIN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert len({one.header for one in opened}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log-key-0001.json"]


def test_keys_that_others_may_read_or_of_another_log_are_refused(tmp_path: Path) -> None:
    LogKeys.open(tmp_path, ORIGIN)
    with pytest.raises(Invalid, match="of the log"):
        LogKeys.open(tmp_path, "elsewhere.example")
    (tmp_path / "log-key-0001.json").chmod(0o640)
    with pytest.raises(Invalid, match="chmod 600"):
        LogKeys.open(tmp_path, ORIGIN)
    with pytest.raises(Invalid):
        LogKeys.open(tmp_path / "other", "an origin with spaces")


@pytest.mark.parametrize("damage", ["", "{}", "[]", "null", "\xff"])
def test_damaged_files_are_named(tmp_path: Path, damage: str) -> None:
    LogKeys.open(tmp_path, ORIGIN)
    (tmp_path / "log-key-0001.json").write_text(damage, encoding="latin-1")
    with pytest.raises(Corrupted, match="log-key-0001"):
        LogKeys.open(tmp_path, ORIGIN)


def test_an_edited_field_or_a_missing_generation_is_found(tmp_path: Path) -> None:
    LogKeys.open(tmp_path, ORIGIN).rotate(5)
    path = tmp_path / "log-key-0001.json"
    good = json.loads(path.read_text())
    for edit in ({"seed": "A" * 43 + "="}, {"generation": 3}, {"origin": "x"}, {"strongroom_log_key": 2}, {"seed": 7}):
        path.write_text(json.dumps(good | edit))
        with pytest.raises(Corrupted):
            LogKeys.open(tmp_path, ORIGIN)
    path.unlink()
    with pytest.raises(Corrupted, match="missing"):
        LogKeys.open(tmp_path, ORIGIN)

"""``strongroom fsck`` as an operator runs it: what it says, by which code it ends."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from strongroom.cli.__main__ import main
from tests.faults.test_backup import filled

__all__ = ["filled"]


def test_fsck_says_what_is_wrong_and_ends_by_its_code(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "typed findings, JSON lines and a human table, documented exit codes"."""
    data = ["--data", str(filled)]
    assert main(["fsck", *data, "--deep"]) == 0
    assert "0 found" in capsys.readouterr().out
    large = max(
        (path for path in (filled / "blobs" / "blobs").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    os.truncate(large, 5)
    half = filled / "blobs" / "tmp" / "0123"
    half.write_bytes(b"half")
    os.utime(half, (0, 0))
    assert main(["fsck", *data]) == 1
    said = capsys.readouterr().out
    assert f"truncated       {large.name}" in said
    assert "big.bin" in said
    assert "tmp/0123" in said
    assert main(["fsck", *data, "--deep", "--json"]) == 1
    shown = capsys.readouterr()
    *found, done = [json.loads(line) for line in shown.out.splitlines()]
    (cut,) = (one for one in found if one["kind"] == "truncated")
    assert cut["where"] == f"blobs/{large.name[:2]}/{large.name}"
    assert cut["details"] == {"found_size": 5}
    assert {one["path"] for one in cut["hurts"]} == {"big.bin"}
    assert done["done"]["found"] == len(found)
    cursors = [json.loads(line)["cursor"] for line in shown.err.splitlines()]
    assert main(["fsck", *data, "--resume", cursors[0]]) == 1
    assert "truncated" not in capsys.readouterr().out


def test_an_operator_mends_from_a_backup_and_adopts_a_store(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, kept = ["--data", str(filled)], tmp_path / "kept"
    assert main(["backup", *data, "--to", str(kept)]) == 0
    files = [path for path in (filled / "blobs" / "blobs").rglob("*") if path.is_file()]
    large = max(files, key=lambda path: path.stat().st_size)
    (pack,) = (filled / "blobs" / "packs").iterdir()
    whole, packed = large.read_bytes(), pack.read_bytes()
    large.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    pack.write_bytes(packed[:60] + bytes([packed[60] ^ 1]) + packed[61:])
    repair = ["fsck", *data, "--deep", "--repair"]
    assert main(repair) == 1, "nothing here is a second copy"
    assert main([*repair, "--from", str(tmp_path / "nowhere")]) == 2
    capsys.readouterr()
    assert main([*repair, "--from", str(kept)]) == 0
    assert "2 repaired" in capsys.readouterr().out
    assert main(["fsck", *data, "--deep"]) == 0
    assert large.read_bytes() == whole
    assert len(list((filled / "blobs" / "quarantine").iterdir())) == 2

    mark = filled / "blobs" / "store.json"
    mark.write_text(mark.read_text().replace('"owner": "', '"owner": "another'))
    for command in (["fsck", *data], ["gc", *data]):
        with suppress(SystemExit):
            assert main(command) == 2
        assert "strongroom admin store adopt" in capsys.readouterr().err
    assert main(["admin", "store", "adopt", *data]) == 0
    assert main(["fsck", *data]) == 0


def test_what_cannot_be_checked_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = ["fsck", "--data", str(tmp_path / "data")]
    for more in (["--resume", "nowhere"], ["--rate", "0"], ["--grace", "-2"], []):
        assert main([*nowhere, *more]) == 2
        assert capsys.readouterr().err.startswith("strongroom: ")
    assert not (tmp_path / "data").exists(), "a check makes nothing"

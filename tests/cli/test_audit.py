"""`audit verify`: offline, without the server's packages, naming the first wrong record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from tests.sdk.server import Served

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'sqlalchemy', 'starlette', 'granian', 'obstore', 'blake3', 'argon2', 'structlog'}:
            raise ModuleNotFoundError(name + ' is not installed here')
        if name.startswith(tuple('strongroom.' + it for it in ('adapters', 'application', 'bootstrap', 'http'))):
            raise ModuleNotFoundError(name + ' is part of the server')
sys.meta_path.insert(0, Blocked())
import socket
socket.socket.connect = lambda *_: (_ for _ in ()).throw(AssertionError('the network was used'))
from strongroom.cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def export(client: Client, space: str, tmp_path: Path) -> Path:
    asset = client.assets.create(f"{space}/m")
    for number in range(5):
        client.assets.update(asset, description=str(number))
    return client.audit.export(tmp_path / "log.jsonl")


def edited(export: Path, number: int, old: str, new: str) -> None:
    lines = export.read_text().splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.startswith(f'{{"leaf":{number},')]
    assert old in lines[places[0]]
    lines[places[0]] = lines[places[0]].replace(old, new, 1)
    export.write_text("".join(lines))


def test_a_sound_log_is_confirmed(export: Path, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", str(export)]) == exits.OK
    said = capsys.readouterr()
    assert "records" in said.out
    assert "--key" in said.err, "the export's own keys prove less"
    [key] = client.audit.checkpoint().keys
    assert main(["audit", "verify", str(export), "--key", key]) == exits.OK
    assert "a key that you trust" in capsys.readouterr().out


def test_the_first_wrong_record_is_named(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = json.loads(export.read_text().splitlines()[0])["size"]
    wrong = size - 3
    edited(export, wrong, "asset.update", "asset.create")
    assert main(["audit", "verify", str(export)]) == exits.CORRUPTED
    assert str(wrong) in capsys.readouterr().out.splitlines()[0]
    assert main(["audit", "verify", str(export), "--json"]) == exits.CORRUPTED
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["findings"][0]["place"], report["findings"][0]["code"]) == (
        False,
        wrong,
        "record_edited",
    )


def test_it_needs_neither_server_nor_its_packages(export: Path) -> None:
    command = [sys.executable, "-c", BLOCKED, "audit", "verify", str(export)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr


def test_a_server_command_without_the_server_says_what_to_install() -> None:
    command = [sys.executable, "-c", BLOCKED, "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stdout) == (exits.FAILURE, "")
    assert "pip install 'strongroom[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_kept_checkpoint_shows_that_the_log_was_cut(
    served: Served,
    client: Client,
    export: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)
    client.assets.create("cut/later", "dataset")
    note = tmp_path / "checkpoint"
    assert main(["audit", "checkpoint", "--to", str(note)]) == exits.OK
    assert main(["audit", "verify", str(export), "--checkpoint", str(note)]) == exits.CORRUPTED
    assert main(["audit", "export", str(tmp_path / "new.jsonl")]) == exits.OK
    capsys.readouterr()
    assert main(["audit", "verify", str(tmp_path / "new.jsonl"), "--checkpoint", str(note)]) == exits.OK


def test_a_key_that_is_none_is_told(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", str(export), "--key", "a+b"]) == exits.FAILURE
    assert main(["audit", "verify", str(export) + ".gone"]) == exits.FAILURE
    assert capsys.readouterr().out == ""


def test_a_record_is_proved(
    served: Served, client: Client, space: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)
    client.assets.create(f"{space}/m")
    record = next(client.audit.list())
    assert main(["audit", "proof", record.uid]) == exits.OK
    assert record.uid in capsys.readouterr().out
    other = "other+7d94dbc4+AbR5kUeCQxZDzzQ3nmVWyBG2mWwLGM0Kd0iAzy7SXQjp"
    assert main(["audit", "proof", record.uid, "--key", other]) != exits.OK

"""`audit replay` against a running server, and with files alone."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from tests.cli.test_audit import BLOCKED
from tests.sdk.server import Served


@pytest.fixture(autouse=True)
def logged_in(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)


@contextmanager
def edited(served: Served, change: str, back: str) -> Iterator[None]:
    """What somebody does who may write the database; undone afterwards, since the server is everybody's."""
    for statement in (change, back):
        with closing(sqlite3.connect(served.data / "strongroom.db", timeout=15)) as database, database:
            assert database.execute(statement).rowcount == 1
        if statement is change:
            yield


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_an_edited_table_is_found_and_the_log_says_what_was_so(
    served: Served, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 6: "`strongroom audit replay` rebuilds ... and compares it with the live tables"; with all that the other
    tests did to this server."""
    assert main(["audit", "replay"]) == exits.OK
    assert capsys.readouterr().out.startswith("Nothing differs")
    [key] = client.audit.checkpoint().keys
    prod = "UPDATE environment SET restricted = {} WHERE name = 'prod' AND restricted = {}"
    with edited(served, prod.format(0, 1), prod.format(1, 0)):
        assert main(["audit", "replay", "--key", key]) == exits.CORRUPTED
        assert "environment" in (lines := capsys.readouterr().out.splitlines())[1]
        assert "restricted=True by record" in lines[1]
        assert main(["audit", "replay", "--json"]) == exits.CORRUPTED
        report = said(capsys)
        assert (report["ok"], report["left_out"]) == (False, 0)
        state = tmp_path / "state"
        assert main(["audit", "state", str(state)]) == exits.OK
    log = client.audit.export(tmp_path / "log")
    capsys.readouterr()
    files = ["audit", "replay", str(log), "--state", str(state)]
    done = subprocess.run([sys.executable, "-c", BLOCKED, *files], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, "restricted" in done.stdout) == (exits.CORRUPTED, True), done.stderr
    assert (
        main(["audit", "replay", str(log), "--to", str(tmp_path / "then"), "--at", "2001-01-01T00:00:00Z"]) == exits.OK
    )
    assert capsys.readouterr().out.endswith(": 0 facts\n")
    assert main(["audit", "replay", "--at", "2001-01-01T00:00:00Z"]) == exits.OK


def test_a_log_that_was_edited_is_told_as_such(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = client.audit.state(tmp_path / "state")
    log = client.audit.export(tmp_path / "log")
    text = log.read_text()
    assert "workspace.create" in text
    log.write_text(text.replace("workspace.create", "workspace.update", 1))
    assert main(["audit", "replay", str(log), "--state", str(state)]) == exits.CORRUPTED
    assert "Record 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--state", "gone", "--at", "2001-01-01T00:00:00Z"],
        ["gone"],
        ["gone", "--state", "gone"],
        ["gone", "--to", "{}", "--at", "yesterday"],
        ["--at", "yesterday"],
    ],
)
def test_what_makes_no_sense_is_said(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "replay", *(one.format(tmp_path / "to") for one in arguments)]) == exits.FAILURE
    assert capsys.readouterr().out == ""

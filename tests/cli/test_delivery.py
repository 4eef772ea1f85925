"""Delivery from a terminal: made, promoted, shown, followed by an agent, rolled back."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.cli.agent import Folder
from strongroom.sdk import Client
from tests.sdk.server import Served

LINE = "scoring"
Say = Callable[..., str]


@pytest.fixture
def say(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """The command line in this process; what it prints."""
    for name, value in served.env(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        capfd.readouterr()
        assert main(words) == code, (words, capfd.readouterr())
        shown = capfd.readouterr()
        return shown.out + shown.err

    return run


def test_a_release_is_made_promoted_followed_and_rolled_back(say: Say, client: Client, tmp_path: Path) -> None:
    """ "puts the last good one back in one more": and an agent follows, with checked files."""
    place = "lab-cli"
    client.call("environment.create", name=place)
    for number in (1, 2):
        (tmp_path / "model.txt").write_text(f"model {number}")
        client.push(tmp_path / "model.txt", "delivered/churn")
        say("release", "make", LINE, f"model=delivered/churn:{number}")
    assert "it has not been live in staging" in say("promote", LINE, "prod", code=exits.CONFLICT)
    say("promote", f"{LINE}#1", place)
    follow = ("agent", place, LINE, "pod", "--into", str(tmp_path / "run"), "--once")
    counted = f"{sys.executable} -c \"open(r'{tmp_path}/count','a').write('x')\""
    say(*follow, "--execute", counted)
    say(*follow, "--execute", counted)
    say("promote", LINE, place, "--note", "better")
    say(*follow, "--execute", counted)
    assert (tmp_path / "count").read_text() == "xx"
    shown = say("where", "--environment", place)
    assert "#2" in shown
    assert "running" in shown
    assert "better" in shown
    say("rollback", place, LINE, "--note", "worse after all")
    assert "worse after all" in say("environment", "history", place)
    assert "command ended with 3" in say(*follow, "--execute", "exit 3", code=exits.FAILURE)
    (board,) = json.loads(say("where", "--environment", place, "--json"))["lines"]
    assert [one["status"] for one in board["targets"]] == ["moving"]
    say(*follow)
    digest = (tmp_path / "run" / "current").read_text().strip()
    assert (tmp_path / "run" / digest / "model" / "model.txt").read_text() == "model 1"
    assert say("environment", "history", place).count(LINE) == 3
    assert len(releases_in(tmp_path / "run")) == 2


def releases_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if one.is_dir()}


def test_a_folder_keeps_what_is_current_and_what_was_before(tmp_path: Path) -> None:
    folder, kept = Folder(tmp_path), tmp_path / "mine"
    kept.mkdir()
    for digit in "abca":
        folder[digit * 64].mkdir(exist_ok=True)
        folder.switch(digit * 64)
    assert releases_in(tmp_path) == {"mine", "a" * 64, "c" * 64}
    assert (folder.said("current"), folder.said("previous")) == ("a" * 64, "c" * 64)

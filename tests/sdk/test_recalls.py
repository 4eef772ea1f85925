"""Recalls through the client and the command line: said, met, listed, lifted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.cli.__main__ import main
from strongroom.sdk import Client, errors
from tests.sdk.server import Served


@pytest.fixture
def say(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """The command line in this process; what it prints."""
    for name, value in served.env(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> str:
        capfd.readouterr()
        assert main(words) == 0, (words, capfd.readouterr())
        return capfd.readouterr().out

    return run


def test_the_story_of_a_recall(client: Client, space: str, tmp_path: Path, say: Callable[..., str]) -> None:
    (tmp_path / "f").write_text(f"recalled in {space}")
    base = client.push(tmp_path / "f", f"{space}/base", progress=False, aliases=["champion"])
    assert client.read_bytes(base, "f") == f"recalled in {space}".encode()
    made = client.recalls.version(base, "trained on withdrawn data")
    with pytest.raises(errors.Recalled, match="withdrawn data") as told:
        client.read_bytes(base, "f")
    assert (told.value.status, told.value.code) == (451, "recalled")
    with pytest.raises(errors.Recalled):
        client.pull(base, tmp_path / "pulled", progress=False)
    (row,) = client.recalls.impact(made)
    assert (row.vertex.label, list(row.aliases), row.barred) == (f"{space}/base:1", ["champion"], True)
    assert f"{space}/base:1" in say("recall", "impact", made.uid)
    assert made.uid in [one.uid for one in client.recalls.list()]
    asked = client.recalls.ask(made, "to look at it", datetime.now(UTC) + timedelta(days=1))
    assert asked.state == "asked"
    with pytest.raises(errors.Conflict):
        client.recalls.give(asked)
    assert [one.uid for one in client.recalls.exemptions(made)] == [asked.uid]
    assert client.recalls.end(asked).state == "ended"
    assert client.recalls.lift(made, "false alarm").lifted_reason == "false alarm"
    assert client.read_bytes(base, "f") == f"recalled in {space}".encode()
    assert client.recalls.get(made.uid).reached == 1


def test_recalls_from_a_terminal(client: Client, space: str, tmp_path: Path, say: Callable[..., str]) -> None:
    (tmp_path / "f").write_text(f"said in {space}")
    client.push(tmp_path / "f", f"{space}/base", progress=False)
    say("recall", "say", "version", f"{space}/base:1", "--reason", "it was found to be bad")
    made = next(one for one in client.recalls.list() if one.kind == "version")
    with pytest.raises(errors.Recalled):
        client.read_bytes(f"{space}/base:1", "f")
    say("recall", "lift", made.uid, "--reason", "it was found to be good")
    assert client.read_bytes(f"{space}/base:1", "f") == f"said in {space}".encode()

"""Approval from a terminal: asked for, waited for, given, shown; and a waiver."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from tests.sdk.server import Served, make_token

Say = Callable[..., str]


@pytest.fixture
def say(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """The command line in this process, as the first word's principal; what it prints."""
    for name, value in served.env(tmp_path).items():
        monkeypatch.setenv(name, value)
    tokens = {"boss": served.token}

    def run(who: str, *words: str, code: int = 0) -> str:
        if who not in tokens:
            tokens[who] = make_token(served.data, who, "--role", "contributor")
        monkeypatch.setenv("STRONGROOM_TOKEN", tokens[who])
        capfd.readouterr()
        assert main(words) == code, (words, capfd.readouterr())
        shown = capfd.readouterr()
        return shown.out + shown.err

    return run


def test_a_version_is_asked_about_approved_and_shown(say: Say, client: Client, space: str, tmp_path: Path) -> None:
    """ "strongroom approve": the whole way, with nobody who judges what is their own."""
    (tmp_path / "model.txt").write_text("a model")
    client.push(tmp_path / "model.txt", f"{space}/churn")
    reference, way = f"{space}/churn:1", "stage:production"
    say("boss", "approval", "request", reference, "moon:production", code=exits.FAILURE)
    say("asker", "approve", reference, code=exits.NOT_FOUND)
    uid = say("asker", "approval", "request", reference, way, "--note", "for May", "--tell", "asker").strip()
    assert "for May" in say("ann", "approval", "waiting")
    assert "Nothing" in say("asker", "approval", "waiting")
    assert "made" in say("boss", "approve", reference, code=exits.DENIED)
    assert "1 approve, 0 reject" in say("ann", "approve", reference, way, "--note", "looks right")
    assert "1 approve, 1 reject" in say("bob", "approve", reference, "--reject")
    shown = say("boss", "approval", "list", reference)
    assert "looks right" in shown
    assert way in shown
    (one,) = json.loads(say("boss", "approval", "list", reference, "--json"))
    assert [(v["by_name"], v["verdict"], v["stands"]) for v in one["verdicts"]] == [
        ("bob", "reject", True), ("ann", "approve", True),
    ]  # fmt: skip
    say("bob", "approval", "take-back", uid)
    assert client.approvals.get(uid).rejections == 0
    assert client.approvals.withdraw(uid).state == "withdrawn"


def test_a_waiver_is_asked_for_and_granted(say: Say, client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("another model")
    client.push(tmp_path / "model.txt", f"{space}/churn")
    rule = {"id": "good-enough", "expression": "false", "message": "No.", "applies": {"targets": ["nowhere"]}}
    client.call("policy.apply", document={"policy": 1, "name": "waived", "rules": [rule]})
    said = ("waived", "good-enough", "--reason", "relabelled", "--days", "3", "--tell", "boss")
    uid = say("asker", "waiver", "ask", f"{space}/churn", *said).strip()
    assert "waiver:grant" in say("asker", "waiver", "grant", uid, code=exits.DENIED)
    say("boss", "waiver", "grant", uid, "--note", "once")
    assert "relabelled" in say("boss", "waiver", "list", f"{space}/churn", "--state", "granted")
    assert client.waivers.get(uid).opens
    assert client.waivers.revoke(uid, "done").state == "revoked"

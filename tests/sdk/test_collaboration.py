"""Comments, discussions, watches and the inbox through the client and the command line."""

import json

import pytest

from strongroom.cli.__main__ import main as cli
from strongroom.sdk import Client, errors
from tests.sdk.server import Served
from tests.support.process import wait_until


@pytest.fixture
def reader(served: Served, client: Client, space: str) -> Client:
    """Somebody who may read."""
    from datetime import UTC, datetime, timedelta

    name = f"r-{space}"[:60].rstrip("-")
    uid = client.principals.create(name, kind="user").uid
    client.grants.create(name, "viewer")
    issued = client.tokens.issue(principal=uid, expires_at=datetime.now(UTC) + timedelta(days=1))
    return Client(served.url, issued.token)


def test_a_comment_from_said_to_erased(client: Client, reader: Client, space: str) -> None:
    asset = client.assets.create(f"{space}/m")
    who = reader.whoami().principal
    assert who is not None
    first = client.comments.add(f"{space}/m", f"look, @{who.name}")
    assert [one.name for one in first.mentions] == [who.name]
    client.comments.add(asset, "an answer", reply_to=first)
    edited = client.comments.edit(first, "changed")
    with pytest.raises(errors.PreconditionFailed):
        client.comments.edit(first, "stale")
    assert [one.text for one in client.comments.history(edited)] == [f"look, @{who.name}", "changed"]
    assert [one.text for one in reader.comments.list(asset)] == ["changed", "an answer"]
    with pytest.raises(errors.Forbidden):
        reader.comments.add(asset, "no")
    gone = client.comments.delete(edited, "done")
    assert (gone.text, gone.reason) == (None, "done")
    assert client.comments.get(first.uid).deleted_at is not None


def test_an_inbox_fills_and_empties(client: Client, reader: Client, space: str) -> None:
    asset = client.assets.create(f"{space}/m")
    who = reader.whoami().principal
    assert who is not None
    assert reader.inbox.watch(asset, "asset.*").watching
    assert [one.path for one in reader.inbox.watches()] == [f"{space}/m"]
    client.assets.update(asset, description="new")
    client.comments.discuss(asset, "Why?", f"@{who.name}")
    wait_until(lambda: reader.inbox.unread() == 2, what="two items")
    discussion = client.comments.discussion(asset, 1)
    assert client.comments.close(discussion).status == "closed"
    newest, oldest = list(reader.inbox)
    assert (newest.reason, oldest.reason) == ("mention", "watch")
    assert oldest.event.type == "dev.strongroom.asset.update"
    assert reader.inbox.mark("read", oldest) == 1
    assert reader.inbox.mark("done", upto=newest) == 2
    assert reader.inbox.unread() == 0
    reader.inbox.unwatch(asset)
    assert list(reader.inbox.watches()) == []
    assert reader.inbox.automatic(on=False) is False


def test_comments_on_a_run_and_a_version(client: Client, space: str) -> None:
    with client.run(f"{space}/night", capture=False) as run:
        run.log_metric("loss", 1.0)
    made = client.comments.add(run.uid, "went well", kind="run")
    assert (made.kind, made.object_uid) == ("run", run.uid)
    assert [one.text for one in client.comments.list(run.uid, kind="run")] == ["went well"]


def test_the_command_line(
    served: Served,
    client: Client,
    reader: Client,
    space: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.assets.create(f"{space}/m")
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", str(reader.settings.token))
    assert cli(["watch", "set", "asset", f"{space}/m"]) == 0
    monkeypatch.setenv("STRONGROOM_TOKEN", str(client.settings.token))
    assert cli(["comment", "add", f"{space}/m", "hello\nthere"]) == 0
    assert cli(["comment", "list", f"{space}/m"]) == 0
    assert "hello" in capsys.readouterr().out
    wait_until(lambda: reader.inbox.unread() == 1, what="an item")
    monkeypatch.setenv("STRONGROOM_TOKEN", str(reader.settings.token))
    assert cli(["inbox", "list", "--done"]) == 0
    assert f"comment.create\t{space}/m" in capsys.readouterr().out
    assert cli(["inbox", "list", "--state", "done", "--json"]) == 0
    assert [one["reason"] for one in json.loads(capsys.readouterr().out)] == ["watch"]

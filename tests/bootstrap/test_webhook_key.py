""" "missing/foreign key after a restore must be said clearly at start, not at first delivery"."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.adapters.webhooks.secrets import DerivedSecrets
from strongroom.application.events import webhooks
from strongroom.application.events.webhooks import CreateWebhook
from strongroom.application.identity import setup
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap import keys, webhook_keys
from strongroom.bootstrap.installation import install
from strongroom.bootstrap.server import running
from strongroom.bootstrap.settings import Serving, Storage
from strongroom.domain.errors import Conflict

CLI = [sys.executable, "-m", "strongroom.cli"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def start(data: Path) -> None:
    """Start a server and stop it."""

    async def whole() -> None:
        async with running(Storage(data=data), Serving()):
            pass

    asyncio.run(whole())


def inside(data: Path, work: object) -> object:
    async def whole() -> object:
        installation = await install(Storage(data=data))
        try:
            return await installation.database.command(work)  # type: ignore[arg-type]
        finally:
            installation.database.close()

    return asyncio.run(whole())


def hook(data: Path) -> str:
    """A webhook; its secret."""
    secrets = DerivedSecrets(keys.webhook_key(data / "keys"))

    def make(tx: Transaction) -> str:
        call = setup.as_system(tx, setup.ensure_default_workspace(tx))
        return webhooks.create(call, secrets, CreateWebhook("https://example.com/")).webhook.uid

    return str(inside(data, make))


def test_a_server_whose_webhooks_lost_their_key_does_not_start(data: Path) -> None:
    start(data)
    hook(data)
    start(data)
    key = data / "keys" / "webhook-key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(Conflict, match=r"webhook-key.*is missing from .*backup"):
        start(data)
    assert not key.exists()
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    with pytest.raises(Conflict, match="not the one that webhooks were made with"):
        start(data)
    key.write_bytes(kept)
    start(data)


def test_where_there_are_no_webhooks_nothing_is_lost_with_the_key(data: Path) -> None:
    start(data)
    (data / "keys" / "webhook-key").unlink()
    start(data)
    assert (data / "keys" / "webhook-key").exists()


def test_an_installation_of_before_takes_the_key_that_it_has(data: Path) -> None:
    start(data)
    hook(data)
    inside(data, lambda tx: tx.settings.take(webhook_keys.SETTING))
    start(data)
    found = inside(data, lambda tx: tx.settings.get(webhook_keys.SETTING))
    key = keys.webhook_key(data / "keys")
    assert found == webhook_keys.fingerprint(key)
    assert key.hex() not in str(found)


def test_serving_says_it_and_the_operator_can_give_the_key_up(data: Path) -> None:
    start(data)
    uid = hook(data)
    key = data / "keys" / "webhook-key"
    old = key.read_bytes()
    key.unlink()
    served = subprocess.run(  # noqa: S603 - our own program
        [*CLI, "serve", "--data", data, "--port", "0"], capture_output=True, text=True, timeout=60, check=False
    )
    assert served.returncode != 0
    assert "webhook-key" in served.stderr + served.stdout
    assert "replace-webhook-key" in served.stderr + served.stdout
    replaced = subprocess.run(  # noqa: S603
        [*CLI, "admin", "key", "replace-webhook-key", "--data", data],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "1 webhook" in replaced.stdout
    assert key.read_bytes() != old
    start(data)
    state = inside(data, lambda tx: tx.webhooks.by_uid(1, uid).state.value)
    assert state == "paused"


def test_a_key_that_is_replaced_is_set_aside(data: Path) -> None:
    start(data)
    key = data / "keys" / "webhook-key"
    old = key.read_bytes()
    inside(data, lambda tx: webhook_keys.replace(tx, data / "keys"))
    aside = [path for path in key.parent.glob("webhook-key-*") if path.read_bytes() == old]
    assert len(aside) == 1
    assert aside[0].stat().st_mode & 0o077 == 0
    start(data)

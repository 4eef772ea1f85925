"""A courier over the world's database, and a receiver that it may reach."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.sql.tables import audit_pending
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.adapters.webhooks.addresses import parse_networks
from strongroom.adapters.webhooks.secrets import DerivedSecrets
from strongroom.adapters.webhooks.sender import PinnedSender
from strongroom.application.events import webhooks
from strongroom.application.events.delivery import Courier
from strongroom.application.events.views import WebhookWithSecret
from strongroom.application.events.webhooks import CreateWebhook
from strongroom.application.ports.events import Outgoing, Sender
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.views import AssetView
from strongroom.dialects.mlflow.translate.webhooks import MLFLOW, MlflowSpelling
from tests.application.conftest import World
from tests.support.receiver import Receiver

KEY = b"k" * 32


def _pending(tx: Transaction) -> bool:
    assert isinstance(tx, SqlTransaction)
    return tx.connection.execute(select(audit_pending).limit(1)).first() is not None


@dataclass
class Post:
    """What delivers in these tests."""

    world: World
    folder: Path
    secrets: DerivedSecrets = field(default_factory=lambda: DerivedSecrets(KEY))
    sender: Sender = field(default_factory=lambda: PinnedSender(parse_networks(["127.0.0.0/8"]), seconds=2))

    def hook(self, receiver: Receiver, *types: str, **place: str) -> WebhookWithSecret:
        wanted = CreateWebhook(receiver.url, types, **place)
        return self.world.command("admin", lambda call: webhooks.create(call, self.secrets, wanted))

    def number(self) -> None:
        """Give committed records their leaves, without waiting for the sequencer."""
        if isinstance(self.world.executor, PostgresExecutor):
            while self.world.read_tx(_pending):
                self.world.executor.sequence()

    def courier(self, sender: Sender | None = None) -> Courier:
        outgoing = Outgoing(self.secrets, sender or self.sender, {MLFLOW: MlflowSpelling()})
        return Courier(self.world.executor, outgoing, self.world.clock, LocalBlobStore(self.folder))

    def deliver(self) -> None:
        self.number()
        asyncio.run(self.courier().run())


@pytest.fixture
def post(world: World, tmp_path: Path) -> Post:
    return Post(world, tmp_path / "blobs")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def make(world: World, name: str, visibility: str = "workspace") -> AssetView:
    wanted = CreateAsset("model", name, "risk", visibility=visibility)
    return world.command("admin", lambda call: assets.create(call, wanted))


def change(world: World, asset: AssetView, text: str) -> None:
    world.command("admin", lambda call: assets.update(call, asset.uid, UpdateAsset(description=text), None))

"""The store of chunks over a real database and a real place for bytes, without HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from strongroom.adapters.xet.codec import Codec
from strongroom.application.edge import RequestEdge
from strongroom.application.registry.views import AssetView
from strongroom.application.xet import shards, xorbs
from strongroom.application.xet.shards import Progress
from strongroom.application.xet.store import RebuildingStore
from strongroom.application.xet.tokens import Session, grant, opened
from tests.promises.conftest import home, model, site
from tests.promises.support import Site, run
from tests.support.xet import MadeShard, MadeXorb

__all__ = ["home", "model", "site"]

ORIGIN = "https://models.example"


class Chunks:
    """What one person does with chunks for one asset."""

    def __init__(self, site: Site, asset: str, who: str = "contributor") -> None:
        self.site, self.asset, self.who = site, asset, who
        self.codec = Codec()
        self.store = RebuildingStore(site.store, self.codec, site.world.executor)

    @property
    def edge(self) -> RequestEdge:
        gateway = replace(self.site.gateway, store=self.store, codec=self.codec)
        return RequestEdge(gateway, self.site.world.tokens[self.who], None)

    def session(self, *, write: bool = True, version: str | None = None) -> Session:
        made = self.site.world.command(
            self.who, lambda call: grant(call, self.asset, write=write, origin=ORIGIN, source=version)
        )
        assert made.url.startswith(f"{ORIGIN}/cas/")
        return opened(self.site.world.sealer, made.token)

    def send(self, xorb: MadeXorb, session: Session | None = None) -> None:
        async def body() -> AsyncIterator[bytes]:
            for at in range(0, len(xorb.body), 70_000):
                yield xorb.body[at : at + 70_000]

        run(xorbs.put(self.edge, session or self.session(), xorb.name, body(), len(xorb.body)))

    def register(self, shard: MadeShard, session: Session | None = None) -> None:
        run(shards.register(self.edge, session or self.session(), shard.data, Progress()))


@pytest.fixture
def chunks(site: Site, model: AssetView) -> Chunks:
    return Chunks(site, model.uid)

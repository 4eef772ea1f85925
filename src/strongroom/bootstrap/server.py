"""One server process: everything wired together, the background work, and the application that answers requests."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from strongroom import __version__
from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.adapters.evaluations.rows import ChildRows
from strongroom.adapters.jobs.background import Background, Job
from strongroom.adapters.jobs.housekeeping import TokenUses, jobs
from strongroom.adapters.outside.looking import Looker, open_buckets
from strongroom.adapters.statistics.reader import ChildReader
from strongroom.adapters.telemetry import logs
from strongroom.adapters.telemetry.scrubbing import scrubbed
from strongroom.adapters.telemetry.tracing import App, traced
from strongroom.adapters.webhooks.addresses import parse_networks
from strongroom.adapters.webhooks.secrets import DerivedSecrets
from strongroom.adapters.webhooks.sender import PinnedSender
from strongroom.adapters.xet.codec import Codec
from strongroom.application.artifacts.blobstore import BlobStore, DirectUploads
from strongroom.application.audit import witnessing
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.edge import Gateway
from strongroom.application.events.delivery import Courier
from strongroom.application.identity import setup
from strongroom.application.integrity import ownership
from strongroom.application.integrity.checking import Place
from strongroom.application.integrity.scrubbing import PERIOD_S as SCRUB_S
from strongroom.application.integrity.scrubbing import Scrubber
from strongroom.application.manifests.statistics import Examiner
from strongroom.application.paging import PageSealer
from strongroom.application.ports.events import Outgoing
from strongroom.application.ports.outside import Outside
from strongroom.application.tracking import standing
from strongroom.application.xet.store import RebuildingStore
from strongroom.bootstrap import buffers, webhook_keys
from strongroom.bootstrap.clock import MachineClock
from strongroom.bootstrap.installation import Installation, install, open_store, open_upkeep
from strongroom.bootstrap.keys import server_key, webhook_key
from strongroom.bootstrap.passwords import LazyPasswords
from strongroom.bootstrap.settings import Serving, Storage
from strongroom.dialects.mlflow.translate.webhooks import MLFLOW, MlflowSpelling
from strongroom.http.app import Application, create_app
from strongroom.http.services import Services
from strongroom.web.routes import pages

#: Seconds between looks at the feed for webhooks.
DELIVER_S: Final = 0.5
#: Seconds between looks for data sets whose statistics are to be made.
EXAMINE_S: Final = 1.0
#: Seconds between looks whether a checkpoint is to be published.
WITNESS_S: Final = 60.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    """A process that can serve: its application, and what there is to tell the operator.

    :param entry: what the network is given: the application, below tracing where that is switched on.
    """

    app: Application
    entry: App
    services: Services
    fresh: bool


class Readiness:
    """Whether requests can be answered: the database talks and the store takes bytes."""

    def __init__(self, installation: Installation, store: BlobStore) -> None:
        self._installation, self._store = installation, store

    async def check(self) -> None:
        """:raises Unavailable: something does not answer. :raises StorageFull: there is no room."""
        await self._installation.database.read(lambda tx: tx.audit.size())
        await self._store.check()


def outgoing_of(storage: Storage, serving: Serving) -> Outgoing:
    """Who signs and sends webhooks. :raises Invalid: a network that is allowed is none."""
    allowed = parse_networks(serving.webhook_network)
    secrets = DerivedSecrets(webhook_key(storage.keys_folder))
    return Outgoing(secrets, PinnedSender(allowed), {MLFLOW: MlflowSpelling()})


def outside_of(serving: Serving) -> Outside:
    """Who looks at references. :raises Invalid: a network or bucket that is allowed is none."""
    return Looker(PinnedSender(parse_networks(serving.reference_network)), open_buckets(serving.reference_bucket))


@asynccontextmanager
async def running(storage: Storage, serving: Serving) -> AsyncIterator[Server]:
    """A server from its opening to its orderly end: background work has run a last time, everything is closed."""
    installation = await install(storage)
    codec = Codec()
    opened, upkeep = open_store(storage), open_upkeep(storage.blobs)
    store = RebuildingStore(opened, codec, installation.database)
    uses, keyring = TokenUses(), installation.keyring
    try:
        await ownership.settle(installation.database, upkeep)
        await installation.database.command(lambda tx: webhook_keys.agree(tx, storage.keys_folder))
        while await installation.database.command(standing.make_missing):
            pass
    except BaseException:
        await upkeep.aclose()
        await store.aclose()
        installation.database.close()
        raise
    outgoing, expressions = outgoing_of(storage, serving), CelExpressions()
    gateway = Gateway(
        executor=installation.database,
        store=store,
        sealer=PageSealer(server_key(storage.keys_folder)),
        reads=ReadCounters(),
        keys=keyring,
        hasher=LazyPasswords(),
        public_reads=serving.public_reads,
        outgoing=outgoing,
        outside=outside_of(serving),
        yaml=PlainYaml(),
        codec=codec,
        rows=ChildRows(store),
        expressions=expressions,
        direct=opened if isinstance(opened, DirectUploads) and not serving.proxy_uploads else None,
    )
    services = Services(
        gateway=gateway,
        ready=Readiness(installation, store).check,
        used=uses.note,
        log=logs.request,
        pages=pages(gateway, __version__),
        hosts=serving.hosts,
    )
    courier = Courier(installation.database, outgoing, MachineClock(), store)
    deliver = Job("deliver-events", DELIVER_S, courier.run)
    examiner = Examiner(installation.database, ChildReader(store))
    examine = Job("examine-datasets", EXAMINE_S, examiner.run)
    own = [deliver, examine]
    if serving.scrub_days:
        place = Place(installation.database, store, upkeep, codec)
        scrubber = Scrubber(place, days=serving.scrub_days, rate=serving.scrub_rate * MIB, told=scrubbed)
        own.append(Job("scrub", SCRUB_S, scrubber.run))
    if serving.witness_hours:
        period = int(serving.witness_hours * 3600 * 1_000_000)
        publish = partial(witnessing.publish, installation.database, upkeep, keyring, keyring.agree, period)
        own.append(Job("publish-checkpoint", WITNESS_S, publish))
    background = Background([*jobs(gateway, uses, keyring.agree), *own])
    background.start()
    try:
        app = create_app(services)
        yield Server(app, traced(app, __version__), services, installation.fresh)
    finally:
        await background.stop()
        await expressions.aclose()
        await upkeep.aclose()
        await store.aclose()
        installation.database.close()


def settle() -> None:
    """Start-up is over: what it made stays to the end, and the garbage collector looks at it no more.

    Answers of many objects are a quarter faster: each look at the whole heap would cost as much as they do.
    """
    gc.collect()
    gc.freeze()
    buffers.keep()


async def setup_code(server: Server) -> str | None:
    """A new single-use code for making the first admin; None once there is a user."""
    return await server.services.gateway.executor.command(setup.prepare)

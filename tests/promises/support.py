"""A registry without its HTTP layer: the real edge over a real database and a real blob store."""

import asyncio
import hashlib
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, Table, event, func, select, text

from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.tables import metadata
from strongroom.application.artifacts import folders, uploads
from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.edge import Gateway, RequestEdge
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.audit.export import LogKey
from tests.application.conftest import World
from tests.domain.audit.support import OLD, ORIGIN, KeySigner

T = TypeVar("T")

BOTH_STORES = pytest.mark.parametrize("home", ["local", pytest.param("bucket", marks=pytest.mark.s3)], indirect=True)
AT_ONCE = 5_000


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass(frozen=True)
class TestKeys:
    """A keyring of one key; see LogKeyring."""

    __test__ = False
    origin: str = ORIGIN
    current: KeySigner = OLD
    header: tuple[LogKey, ...] = (LogKey(OLD.key, 0),)

    def signers(self, size: int) -> tuple[KeySigner, ...]:
        assert size >= 0
        return (self.current,)


class NoPasswords:
    """Nobody logs in with a password here."""

    def hash(self, password: str) -> str:
        raise NotImplementedError

    def verify(self, password: str, encoded: str) -> bool:
        raise NotImplementedError


@dataclass
class Site:
    """The world with a place for bytes, as the HTTP layer sees it."""

    world: World
    store: BlobStore
    database: str
    reads: ReadCounters = field(default_factory=ReadCounters)

    @property
    def gateway(self) -> Gateway:
        world = self.world
        return Gateway(
            world.executor,
            self.store,
            world.sealer,
            self.reads,
            TestKeys(),
            NoPasswords(),  # type: ignore[arg-type]  # never asked
            PlainYaml(),
            world.public_reads,
        )

    def edge(self, who: str) -> RequestEdge:
        """The edge of a request."""
        return RequestEdge(self.gateway, self.world.tokens[who], None)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection of somebody who has the database's password."""
        engine = open_engine(self.database)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def counts(self, *names: str) -> dict[str, int]:
        """Rows of these tables; of all when none is named, where a record that waits for its leaf counts as one."""
        with self.connect() as connection:
            if not is_sqlite(self.database):  # one snapshot for all: the sequencer works meanwhile
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            found = rows_of(connection, [metadata.tables[name] for name in names] or metadata.sorted_tables)
        if not names:
            found["audit_leaf"] += found.pop("audit_pending")
        return found


def rows_of(connection: Connection, tables: Iterable[Table]) -> dict[str, int]:
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def open_engine(database: str) -> Engine:
    return sqlite_engine(database, write=True) if is_sqlite(database) else postgres_engine(database, pool_size=1)


def added(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Which tables grew or shrank, and by how many rows."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


@contextmanager
def statements(site: Site) -> Iterator[list[str]]:
    """Every SQL statement that the site's executor sends meanwhile, but for those of the sequencer's thread."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if threading.current_thread().name != "sequencer":
            said.append(statement)

    executor = site.world.executor
    names = ("_writer", "_reader", "_engine")
    engines = [getattr(executor, name) for name in names if hasattr(executor, name)]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def reference(path: str, content: str = "x") -> PutEntry:
    """A file elsewhere: a tree of these needs no bytes here."""
    return PutEntry(path, uri=f"s3://bucket/{content}", pin=f"etag:{content}")


def make_asset(site: Site, name: str = "churn", who: str = "contributor", **more: Any) -> AssetView:
    return site.world.command(who, lambda call: assets.create(call, CreateAsset("model", name, **more)))


def make_draft(site: Site, asset_uid: str, who: str = "contributor", label: str | None = None) -> str:
    return site.world.command(who, lambda call: publishing.create_draft(call, asset_uid, label, None)).uid


def fill(site: Site, uid: str, entries: Iterable[PutEntry], who: str = "contributor", kind: str = "draft") -> None:
    """Write entries, a few thousand at a time."""
    waiting = list(entries)
    for start in range(0, len(waiting), AT_ONCE):
        some = waiting[start : start + AT_ONCE]
        site.world.command(who, lambda call: folders.put(call, kind, uid, some))  # noqa: B023 - run at once


async def send(site: Site, uid: str, files: Mapping[str, bytes], who: str = "contributor", kind: str = "draft") -> None:
    """Send small files and enter them."""
    await uploads.put_small(site.edge(who), kind, uid, [(sha256(data), data) for data in files.values()])
    entries = [PutEntry(path, sha256(data), len(data)) for path, data in files.items()]
    await site.edge(who).command(lambda call: folders.put(call, kind, uid, entries))


def seal(site: Site, uid: str, details: PublishDetails | None = None, who: str = "contributor") -> VersionView:
    return run(publishing.seal(site.edge(who), uid, details or PublishDetails()))


def publish(
    site: Site,
    asset_uid: str,
    entries: Iterable[PutEntry] | None = None,
    details: PublishDetails | None = None,
    who: str = "contributor",
) -> VersionView:
    """A draft, filled and sealed."""
    uid = make_draft(site, asset_uid, who)
    fill(site, uid, entries or [reference("weights")], who)
    return seal(site, uid, details, who)


async def publish_bytes(
    site: Site,
    asset_uid: str,
    files: Mapping[str, bytes],
    details: PublishDetails | None = None,
    who: str = "contributor",
) -> VersionView:
    """The same with bytes."""
    draft = await site.edge(who).command(lambda call: publishing.create_draft(call, asset_uid, None, None))
    await send(site, draft.uid, files, who)
    return await publishing.seal(site.edge(who), draft.uid, details or PublishDetails())

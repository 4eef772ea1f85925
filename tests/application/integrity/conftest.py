"""A store with something of everything in it, and the checks of it, on real databases, folders and buckets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.backup_source import BackupSource
from strongroom.adapters.sql.tables import blob
from strongroom.adapters.xet.codec import Codec
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.integrity.affected import with_hurt
from strongroom.application.integrity.checking import Options, Place, check
from strongroom.application.integrity.findings import Finding
from strongroom.application.integrity.repairing import Repairer
from strongroom.application.registry.views import AssetView
from tests.adapters.blobs.homes import Home
from tests.application.xet.conftest import Chunks, chunks
from tests.application.xet.test_collection import published, sent
from tests.application.xet.test_store import made, read
from tests.promises.conftest import home, model, site
from tests.promises.support import Site, publish_bytes, run
from tests.support.xet import MadeFile, MadeTerm, MadeXorb

__all__ = ["chunks", "home", "model", "site"]

LARGE = 1_200_000
"""Bytes of a file that has a place of its own, and two blocks."""
SMALL = 3_000


@dataclass
class Full:
    """A version with a large file, three small ones and two in chunks of one xorb; and what looks at all of it."""

    chunks: Chunks
    home: Home
    files: dict[str, bytes]
    xorb: MadeXorb
    version: str
    chunked: str

    @property
    def site(self) -> Site:
        return self.chunks.site

    @property
    def place(self) -> Place:
        return Place(self.site.world.executor, self.chunks.store, self.home.upkeep(), Codec())

    def stored(self, path: str) -> StoredBlob:
        """A file as the metadata has it; `body` is the xorb's."""
        data = self.xorb.body if path == "body" else self.files[path]
        with self.site.connect() as connection:
            row = connection.execute(select(blob).where(blob.c.sha256 == hashlib.sha256(data).hexdigest())).one()
        return StoredBlob(row.sha256, row.size, row.place, row.blocks, None)

    def check(self, *, deep: bool = True, grace: float = 24, start: str = "") -> list[Finding]:
        """All that a check finds."""

        async def look() -> list[Finding]:
            place = self.place
            found: list[Finding] = []
            try:
                async for step in check(place, Options(deep, timedelta(hours=grace), None, start)):
                    found += [await place.executor.read(lambda tx, f=f: with_hurt(tx, f)) for f in step.findings]  # type: ignore[misc]
            finally:
                await place.upkeep.aclose()
            return found

        return run(look())

    def repair(self, *backups: BackupSource, deep: bool = True) -> list[Finding]:
        """What a check finds, and what is done about it."""

        async def mend() -> list[Finding]:
            place = self.place
            repairer = Repairer(place, backups)
            try:
                steps = [step async for step in check(place, Options(deep))]
                return [await repairer.repair(one) for step in steps for one in step.findings]
            finally:
                await place.upkeep.aclose()

        return run(mend())

    def read(self, path: str) -> bytes:
        """A file as any reader gets it."""
        return run(read(self.chunks, self.stored(path)))

    def change(self, statement: object) -> None:
        """Change rows behind the server's back."""
        with self.site.connect() as connection:
            connection.execute(statement)  # type: ignore[call-overload]


def pattern(seed: int, size: int) -> bytes:
    return hashlib.shake_128(b"%d" % seed).digest(size)


@pytest.fixture
def full(chunks: Chunks, home: Home, model: AssetView) -> Full:
    files = {"large.bin": pattern(1, LARGE), **{f"small-{n}": pattern(10 + n, SMALL + n) for n in range(3)}}
    version = run(publish_bytes(chunks.site, model.uid, files))
    xorb = made(50)
    first, second = MadeFile([MadeTerm(xorb, 0, 5)]), MadeFile([MadeTerm(xorb, 1, 3)])
    sent(chunks, first, xorb)
    sent(chunks, second)
    chunked = published(chunks, first, second)
    return Full(chunks, home, {**files, "0": first.data, "1": second.data}, xorb, version.uid, chunked)


def kinds(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """What was found of what."""
    return sorted((one.kind.value, one.digest) for one in found)

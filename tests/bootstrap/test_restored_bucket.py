"""Backup and restore where the bytes are in a bucket: copied with any tool, and claimed before anybody is served."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.edge import RequestEdge
from strongroom.application.identity import setup
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.xet import shards, xorbs
from strongroom.application.xet.shards import Progress
from strongroom.application.xet.tokens import Session, grant, opened
from strongroom.bootstrap.integrity import CLEAN, Wanted, adopted, checked
from strongroom.bootstrap.server import Server, running
from strongroom.bootstrap.settings import Serving, Storage
from strongroom.domain.errors import Conflict
from strongroom.domain.identity.tokens import Token
from tests.adapters.blobs.homes import BucketHome
from tests.http.conftest import connect
from tests.support.seaweed import S3
from tests.support.xet import MadeFile, MadeShard, MadeTerm, MadeXorb

pytestmark = [pytest.mark.s3, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def session(edge: RequestEdge, asset: str) -> Session:
    made = await edge.command(lambda call: grant(call, asset, write=True, origin="https://models.example"))
    return opened(edge.gateway.sealer, made.token)


async def upload(server: Server, token: Token, asset: str, xorb: MadeXorb) -> tuple[str, MadeFile]:
    """A version with one file in chunks; its uid."""
    edge = RequestEdge(server.services.gateway, token, None)
    file, at = MadeFile([MadeTerm(xorb, 0, len(xorb.chunks))]), await session(edge, asset)

    async def body() -> AsyncIterator[bytes]:
        yield xorb.body

    await xorbs.put(edge, at, xorb.name, body(), len(xorb.body))
    await shards.register(edge, at, MadeShard([file], [xorb]).data, Progress())
    draft = await edge.command(lambda call: publishing.create_draft(call, asset, None, None))
    entry = PutEntry("model.bin", file.digest, len(file.data))
    await edge.command(lambda call: folders.put(call, "draft", draft.uid, [entry]))
    return (await publishing.seal(edge, draft.uid, PublishDetails())).uid, file


def copied(data: Path, to: Path) -> None:
    """What tools do that know nothing of us: the database of one moment, and the keys."""
    to.mkdir()
    with (
        closing(sqlite3.connect(data / "strongroom.db")) as now,
        closing(sqlite3.connect(to / "strongroom.db")) as copy,
    ):
        now.backup(copy)
    shutil.copytree(data / "keys", to / "keys")


async def test_a_bucket_restored_beside_an_older_database_is_claimed_and_read(s3_server: S3, tmp_path: Path) -> None:
    """ "backs up a server with Xet uploads, restores into an empty place on bucket, reads byte-identical through the
    native API; after a restore of an older state the store id in the CAS address must change"."""
    here, there = (BucketHome(s3_server, s3_server.new_prefix()) for _ in range(2))
    storage, quiet = Storage(data=tmp_path / "data", artifacts=here.url), Serving(scrub_days=0)
    async with running(storage, quiet) as server:
        executor = server.services.gateway.executor
        token = await executor.command(lambda tx: setup.ensure_principal_with_token(tx, "ann", "maintainer", "default"))
        edge = RequestEdge(server.services.gateway, token, None)
        asset = (await edge.command(lambda call: assets.create(call, CreateAsset("model", "m")))).uid
        version, file = await upload(server, token, asset, MadeXorb([bytes([n]) * 50_000 for n in range(5)]))
        copied(tmp_path / "data", tmp_path / "restored")
        await upload(server, token, asset, MadeXorb([b"later" * 9_000]))
        before = (await session(edge, asset)).store
    for name in here.everything():
        there.strew(name, here.content(name) or b"")
    restored = Storage(data=tmp_path / "restored", artifacts=there.url)
    with pytest.raises(Conflict, match="strongroom admin store adopt"):
        async with running(restored, quiet):
            raise AssertionError("it must not start")
    await adopted(restored)
    async with running(restored, quiet) as server:
        edge = RequestEdge(server.services.gateway, token, None)
        assert (await session(edge, asset)).store != before, "clients forget what they sent after the backup"
        async with connect(server, token.text) as client:
            answer = await client.get(f"/api/v1/versions/{version}/files/model.bin")
            assert (answer.status_code, answer.content) == (200, file.data)
            part = await client.get(
                f"/api/v1/versions/{version}/files/model.bin", headers={"Range": "bytes=70000-70009"}
            )
            assert part.content == file.data[70_000:70_010]
    said: list[str] = []
    assert await checked(restored, Wanted(deep=True), said.append) == CLEAN, said

"""Xorbs and files in chunks on both databases and both kinds of store: kept, read, timed out, damaged."""

import hashlib
from contextlib import aclosing

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import blob, blob_digest
from strongroom.application.artifacts import folders
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.xet import figures, reconstructing
from strongroom.application.xet.reconstructing import body_of, must_be_within, plan
from strongroom.application.xet.tokens import STORE_SETTING
from strongroom.domain.errors import Corrupted, DomainError, Forbidden, NotFound, NotPossessed, Unauthenticated
from tests.adapters.blobs.homes import Home
from tests.application.conftest import DAY, SECOND
from tests.application.xet.conftest import Chunks
from tests.promises.support import BOTH_STORES, run
from tests.support.xet import MadeFile, MadeShard, MadeTerm, MadeXorb


def made(seed: int, count: int = 5, size: int = 60_000) -> MadeXorb:
    return MadeXorb([hashlib.shake_128(b"%d/%d" % (seed, n)).digest(size + n) for n in range(count)])


def whole(xorb: MadeXorb) -> MadeFile:
    return MadeFile([MadeTerm(xorb, 0, len(xorb.chunks))])


def stored(chunks: Chunks, sha256: str) -> StoredBlob:
    with chunks.site.connect() as connection:
        row = connection.execute(select(blob).where(blob.c.sha256 == sha256)).one()
    return StoredBlob(row.sha256, row.size, row.place, row.blocks, None)


async def read(chunks: Chunks, one: StoredBlob, start: int = 0, end: int | None = None) -> bytes:
    async with aclosing(chunks.store.read(one, start, end)) as pieces:
        return b"".join([piece async for piece in pieces])


@BOTH_STORES
def test_a_file_in_chunks_is_a_blob_with_all_its_digests(chunks: Chunks) -> None:
    """ "a file uploaded through Xet becomes a blob (sha256 address, place = chunks)", "git-sha1 digest for files up to
    10 MiB as N11; the xet digest in the digest table"."""
    xorb, other = made(1, 30), made(2)
    file = MadeFile([MadeTerm(xorb, 3, 30), MadeTerm(other, 0, 5), MadeTerm(xorb, 0, 4)])
    for one in (xorb, other):
        chunks.send(one)
    chunks.register(MadeShard([file], [xorb, other]))
    found = stored(chunks, file.digest)
    assert found.place == f"x:{file.name}"
    assert run(read(chunks, found)) == file.data
    for start, end in ((0, 1), (59_999, 60_001), (1_500_000, 1_700_001), (len(file.data) - 1, len(file.data)), (7, 7)):
        assert run(read(chunks, found, start, end)) == file.data[start:end]
    assert run(chunks.store.exists(found))
    with chunks.site.connect() as connection:
        query = select(blob_digest.c.algo, blob_digest.c.value).join(blob, blob.c.id == blob_digest.c.blob_id)
        digests = {row.algo: row.value for row in connection.execute(query.where(blob.c.sha256 == file.digest))}
    git = hashlib.sha1(b"blob %d\0" % len(file.data) + file.data, usedforsecurity=False).hexdigest()
    assert digests == {"git-sha1": git, "xet": file.name}
    assert chunks.site.counts("xorb", "xet_file", "xet_file_xorb") == {"xorb": 2, "xet_file": 1, "xet_file_xorb": 2}


@BOTH_STORES
def test_sending_again_changes_nothing_and_repairs(chunks: Chunks, home: Home) -> None:
    xorb = made(3)
    file = whole(xorb)
    chunks.send(xorb)
    chunks.register(MadeShard([file], [xorb]))
    body = stored(chunks, hashlib.sha256(xorb.body).hexdigest())
    home.flip(body, 100_000)
    found = stored(chunks, file.digest)
    with pytest.raises(Corrupted) as error:
        run(read(chunks, found))
    assert error.value.details["blob"] == file.digest
    assert error.value.details["missing"] is False
    chunks.send(xorb)
    chunks.register(MadeShard([file], [xorb]))
    assert run(read(chunks, found)) == file.data
    home.lose(body)
    assert not run(chunks.store.exists(found))
    with pytest.raises(Corrupted) as error:
        run(read(chunks, found))
    assert error.value.details["missing"] is True
    assert chunks.site.counts("xorb", "xet_file") == {"xorb": 1, "xet_file": 1}


def refused(work: object, kind: type[DomainError]) -> None:
    with pytest.raises(kind):
        work()  # type: ignore[operator]


def test_tokens_addresses_and_ledgers_end(chunks: Chunks) -> None:
    """A CAS token lives 15 minutes, an address an hour, the right to name what one sent 22 days."""
    world, xorb = chunks.site.world, made(4)
    session = chunks.session()
    chunks.send(xorb, session)
    file = whole(xorb)
    chunks.register(MadeShard([file], [xorb]), session)
    asset = world.read("contributor", lambda call: call.tx.assets.by_uid(call.workspace.id, chunks.asset))
    assert asset is not None
    published(chunks, file)
    reading = chunks.session(write=False)
    planned, _ = world.read("contributor", lambda call: plan(call, reading, file.name))
    fetch = reconstructing.opened(world.sealer, planned.parts[xorb.name][0].seal)
    assert world.read("contributor", lambda call: body_of(call, fetch, session.store, xorb.name)).size == len(xorb.body)
    must_be_within(fetch, 0, len(xorb.body))
    refused(lambda: must_be_within(fetch, 0, len(xorb.body) + 1), Forbidden)

    world.clock.advance(901 * SECOND)
    refused(lambda: chunks.send(xorb, session), Unauthenticated)
    refused(lambda: world.read("contributor", lambda call: plan(call, reading, file.name)), Unauthenticated)
    world.clock.advance(3_600 * SECOND)
    refused(lambda: world.read("contributor", lambda call: body_of(call, fetch, session.store, xorb.name)), Forbidden)
    elsewhere = Chunks(chunks.site, chunks.asset)
    world.command_tx(lambda tx: tx.blobs.release(asset.id, [file.digest]))
    world.clock.advance(20 * DAY)
    elsewhere.register(MadeShard([whole(xorb)]))
    world.clock.advance(2 * DAY)
    refused(lambda: elsewhere.register(MadeShard([whole(xorb)])), NotPossessed)
    assert world.command_tx(lambda tx: tx.xet.forget_noted(tx.now())) == 1


def published(chunks: Chunks, *files: MadeFile) -> str:
    """The uid of a new version with these files."""
    world = chunks.site.world
    draft = world.command(chunks.who, lambda call: publishing.create_draft(call, chunks.asset, None, None))
    entries = [PutEntry(f"{number}.bin", file.digest) for number, file in enumerate(files)]
    world.command(chunks.who, lambda call: folders.put(call, "draft", draft.uid, entries))
    return run(publishing.seal(chunks.edge, draft.uid, PublishDetails())).uid


def test_a_store_with_another_name_takes_no_old_token(chunks: Chunks) -> None:
    """ "store id (in the CAS address; purge for erasure will change it later)"."""
    session = chunks.session()
    chunks.site.world.command_tx(lambda tx: tx.settings.put(STORE_SETTING, "another"))
    refused(lambda: chunks.send(made(5), session), NotFound)
    assert chunks.session().store == "another"


def test_figures_are_the_same_on_both_databases(chunks: Chunks) -> None:
    world, xorb = chunks.site.world, made(6, 4)
    chunks.send(xorb)
    file = MadeFile([MadeTerm(xorb, 1, 3)])
    chunks.register(MadeShard([file], [xorb]))
    blob_id = world.read_tx(lambda tx: tx.blobs.by_sha256([file.digest])[file.digest].id)
    asset = world.read("contributor", lambda call: call.tx.assets.by_uid(call.workspace.id, chunks.asset))
    assert asset is not None
    world.command_tx(lambda tx: tx.blobs.hold(asset.id, [blob_id]))
    packed = len(xorb.chunks[1]) + len(xorb.chunks[2]) + 16
    found = world.read("contributor", lambda call: figures.of_asset(call, chunks.asset))
    assert (found.unique, found.stored, found.shared, found.twice) == (len(file.data), packed, 0, 0)
    here = world.read("admin", figures.of_workspace)
    assert (here.stored, here.unique) == (packed, len(file.data))
    total = world.read("root", figures.of_store)
    assert (total.total, total.held) == (len(xorb.body), packed)


def test_what_is_read_of_a_version_is_counted_as_its_reads(chunks: Chunks) -> None:
    """N15: "Reads kept for audit are counted in windows per (principal, version)", whatever way the bytes take."""
    world, xorb = chunks.site.world, made(7)
    file = whole(xorb)
    chunks.send(xorb)
    chunks.register(MadeShard([file], [xorb]))
    version = published(chunks, file)
    edge = chunks.edge
    run(reconstructing.planned(edge, chunks.session(write=False, version=version), file.name, 0, 70_000))
    counted = edge.reads.take()
    assert [(reads, size) for reads, size in counted.values()] == [(1, 120_001)], "whole chunks are sent"
    other = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "other", "risk")))
    refused(lambda: Chunks(chunks.site, other.uid).session(write=False, version=version), NotFound)

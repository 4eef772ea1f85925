"""Promise 3: "Bytes read equal bytes written, or an error. Never silent corruption: digests are checked on the way in
and on the way out." The whole way from upload to read, on a folder and on a real bucket.
"""

import os
from collections.abc import AsyncIterator

import pytest

from strongroom.application.artifacts import folders, uploads
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.artifacts.reading import open_version_file
from strongroom.application.registry import locate, publishing
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import Conflict, Corrupted, DigestMismatch, Invalid, NotFound
from tests.adapters.blobs.homes import Home, read, stream
from tests.promises.support import BOTH_STORES, Site, make_draft, publish_bytes, run, seal, send, sha256

pytestmark = BOTH_STORES
PART = uploads.PART_SIZE


async def pull(site: Site, reference: str, path: str, start: int = 0, end: int | None = None) -> bytes:
    """What a second process does: resolve, open, read."""
    located = await site.edge("viewer").read(lambda call: locate.resolve(call, reference, "model", None))
    assert located.version is not None
    opened = await open_version_file(site.edge("viewer"), located.version.uid, path)
    return await read(site.store, opened.blob, start, end)


def test_a_version_comes_back_byte_for_byte(site: Site, model: AssetView) -> None:
    """Promise 3: "Bytes read equal bytes written"; small files, an empty one, a large one, and a range of it."""
    big = os.urandom(3 * 1024 * 1024 + 17)

    async def cycle() -> None:
        draft = await site.edge("contributor").command(
            lambda call: publishing.create_draft(call, model.uid, None, None)
        )
        files = {f"small/{n}": bytes([n]) * n for n in range(40)}
        await send(site, draft.uid, files)
        stored = await uploads.put_file(
            site.edge("contributor"),
            "draft",
            draft.uid,
            "big.bin",
            stream(big),
            expect_sha256=sha256(big),
            expect_size=len(big),
            media_type=None,
        )
        assert stored.sha256 == sha256(big)
        version = await publishing.seal(site.edge("contributor"), draft.uid, PublishDetails())
        assert (version.files, version.bytes) == (41, len(big) + sum(range(40)))
        for path, data in files.items():
            assert await pull(site, "churn:1", path) == data
        assert await pull(site, "churn", "big.bin") == big
        assert await pull(site, "churn", "big.bin", 1_048_570, 2_097_160) == big[1_048_570:2_097_160]
        with pytest.raises(NotFound):
            await pull(site, "churn", "small")

    run(cycle())


def test_an_upload_in_parts_is_resumed_where_it_stopped(site: Site, model: AssetView) -> None:
    """Issue 2: "resumable after the client is killed (only missing parts are sent again)"."""
    data = os.urandom(2 * PART + 1_000)
    pieces = [data[:PART], data[PART : 2 * PART], data[2 * PART :]]
    draft = make_draft(site, model.uid)

    async def put(uid: str, number: int, piece: bytes) -> None:
        await uploads.put_part(site.edge("contributor"), uid, number, sha256(piece), stream(piece))

    async def first_client() -> str:
        begun = await uploads.begin(site.edge("contributor"), "draft", draft, sha256(data), len(data))
        assert (begun.parts, list(begun.received)) == (3, [])
        await put(begun.uid, 3, pieces[2])
        await put(begun.uid, 1, pieces[0])
        with pytest.raises(Conflict) as caught:
            await uploads.complete(site.edge("contributor"), begun.uid)
        assert caught.value.details["missing"] == [2]
        with pytest.raises(DigestMismatch):
            await uploads.put_part(site.edge("contributor"), begun.uid, 2, sha256(b"other"), stream(pieces[1]))
        with pytest.raises(Invalid):
            await put(begun.uid, 4, b"x")
        return begun.uid

    async def second_client(uid: str) -> None:
        resumed = await uploads.begin(site.edge("contributor"), "draft", draft, sha256(data), len(data))
        assert (resumed.uid, sorted(resumed.received)) == (uid, [1, 3])
        with pytest.raises(NotFound):  # nobody else's business
            await site.edge("maintainer").read(lambda call: uploads.get(call, uid))
        await put(uid, 2, pieces[1])
        stored = await uploads.complete(site.edge("contributor"), uid)
        assert (stored.sha256, stored.size) == (sha256(data), len(data))
        entry = PutEntry("big", sha256(data), len(data))
        await site.edge("contributor").command(lambda call: folders.put(call, "draft", draft, [entry]))
        await publishing.seal(site.edge("contributor"), draft, PublishDetails())
        assert await pull(site, "churn:1", "big") == data

    run(second_client(run(first_client())))


def test_a_flipped_bit_ends_the_read_names_the_blob_and_is_on_record(site: Site, model: AssetView, home: Home) -> None:
    """Issue 2: "digests checked on write and on read (a flipped bit ends the read and names the blob)"."""
    data = os.urandom(200_000)
    version = run(publish_bytes(site, model.uid, {"small": b"fine"}))
    draft = make_draft(site, model.uid)

    async def damage() -> None:
        stored = await uploads.put_file(
            site.edge("contributor"),
            "draft",
            draft,
            "w",
            stream(data),
            expect_sha256=None,
            expect_size=None,
            media_type=None,
        )
        await publishing.seal(site.edge("contributor"), draft, PublishDetails())
        home.flip(stored, 150_000)
        opened = await open_version_file(site.edge("viewer"), draft, "w")
        with pytest.raises(Corrupted) as caught:
            await read(site.store, opened.blob)
        assert caught.value.details["blob"] == stored.sha256
        for _ in range(2):  # a client that tries again is told again, the log is not
            await opened.damaged(caught.value)
        home.lose(stored)
        with pytest.raises(Corrupted) as caught:
            await read(site.store, opened.blob)
        assert caught.value.details["missing"] is True

    run(damage())
    records = site.world.read_tx(
        lambda tx: tx.audit.list(
            None, actor=None, action="blob.corrupted", subject_uid=draft, since=None, until=None, after=None, limit=10
        )
    )
    assert len(records) == 1
    assert run(pull(site, "churn:1", "small")) == b"fine"
    assert version.number == 1


def test_a_lie_about_a_digest_keeps_nothing(site: Site, model: AssetView) -> None:
    """Promise 3: "digests are checked on the way in"."""
    draft = make_draft(site, model.uid)
    before = site.counts()

    async def lie() -> None:
        with pytest.raises(DigestMismatch):
            await uploads.put_small(site.edge("contributor"), "draft", draft, [(sha256(b"a"), b"b")])
        with pytest.raises(DigestMismatch):
            await uploads.put_file(
                site.edge("contributor"),
                "draft",
                draft,
                "w",
                stream(b"truth" * 10_000),
                expect_sha256=sha256(b"lie"),
                expect_size=None,
                media_type=None,
            )

    run(lie())
    assert site.counts() == before


def test_a_broken_connection_keeps_nothing(site: Site, model: AssetView) -> None:
    """Issue 2: "truncated bodies": an upload that ends early leaves no entry and no blob."""
    draft = make_draft(site, model.uid)
    before = site.counts()

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionResetError

    async def upload() -> None:
        with pytest.raises(ConnectionResetError):
            await uploads.put_file(
                site.edge("contributor"),
                "draft",
                draft,
                "w",
                broken(),
                expect_sha256=None,
                expect_size=None,
                media_type=None,
            )

    run(upload())
    assert site.counts() == before
    run(send(site, draft, {"w": b"whole"}))
    assert seal(site, draft).bytes == 5

"""The bucket store's own promises: large blobs without a copy by the bucket, its URL, a bucket that is not there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import obstore
import pytest

from strongroom.adapters.blobs.bucket import BucketBlobStore
from strongroom.adapters.blobs.bucket_upload import MAX_PARTS, PART, part_size
from strongroom.adapters.blobs.bucket_url import open_bucket
from strongroom.application.artifacts.blobstore import StoredBlob, nothing_known
from strongroom.domain.errors import DomainError, Invalid, TooLarge, Unavailable
from tests.adapters.blobs.homes import ANY_SIZE, MIB, BucketHome, put, random_bytes, read, sha256, stream
from tests.support.seaweed import S3

pytestmark = [pytest.mark.anyio, pytest.mark.s3]


@pytest.fixture
def bucket(s3_server: S3) -> BucketHome:
    """A prefix of one's own."""
    return BucketHome(s3_server, s3_server.new_prefix())


@pytest.fixture
async def opened(bucket: BucketHome) -> AsyncIterator[BucketBlobStore]:
    """A store that never lets the bucket copy."""
    store = BucketBlobStore(open_bucket(bucket.url), copy_limit=0)
    yield store
    await store.aclose()


async def test_beyond_the_copy_limit_bytes_are_written_again(bucket: BucketHome, opened: BucketBlobStore) -> None:
    """Above `COPY_LIMIT`: read and written once more, compared block by block; nothing else is left."""
    data = random_bytes(21 * MIB + 3)
    blob = await put(opened, data)
    assert await read(opened, blob) == data
    assert bucket.everything() == {f"blobs/{blob.sha256[:2]}/{blob.sha256}": len(data)}


async def test_a_claimed_digest_needs_no_second_writing(bucket: BucketHome, opened: BucketBlobStore) -> None:
    """Digest claimed: streamed to the final key, completed only when the digest is the claimed one."""
    data = random_bytes(21 * MIB)
    await opened.put(stream(data), expect_sha256=sha256(data), expect_size=None, max_size=ANY_SIZE)
    assert list(bucket.everything().values()) == [len(data)]
    before = bucket.everything()
    lie = random_bytes(21 * MIB)
    with pytest.raises(DomainError):
        await opened.put(stream(lie), expect_sha256=sha256(data), expect_size=None, max_size=ANY_SIZE)
    assert bucket.everything() == before
    assert await read(opened, await put(opened, data)) == data


async def test_sweep_takes_what_was_incoming(bucket: BucketHome, opened: BucketBlobStore) -> None:
    """Remove what killed processes left half done."""
    blob = await put(opened, b"stays")
    obstore.put(open_bucket(bucket.url), "incoming/0123", bytes(1000))
    assert await opened.sweep(older_than=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await opened.sweep(older_than=datetime.now(UTC) + timedelta(hours=1)) == 1000
    assert await read(opened, blob) == b"stays"


def test_parts_grow_with_the_announced_size() -> None:
    """S3 takes 10,000 parts of at most 5 GiB, and objects of at most 5 TiB."""
    assert part_size(0) == PART
    for size in (PART * MAX_PARTS + 1, 5 * 1024**4):
        assert -(-size // part_size(size)) <= 10_000
    assert part_size(5 * 1024**4) < 5 * 1024**3


async def test_an_announced_size_may_pass_what_is_taken_blindly(opened: BucketBlobStore) -> None:
    """Above 74 GiB the size must be announced; TooLarge is said before a byte is read when it is above the limit."""
    with pytest.raises(TooLarge):
        await opened.put(stream(b""), expect_sha256=None, expect_size=100 * 1024**3, max_size=99 * 1024**3)


@pytest.mark.parametrize(
    "url", ["", "s3://", "file:///tmp", "http://x/y", "s3://b/p?secret_access_key=hush&colour=red"]
)
async def test_urls_that_are_not_understood(url: str) -> None:
    """Invalid; the message does not repeat the URL: it may hold keys."""
    with pytest.raises(Invalid) as caught:
        open_bucket(url)
    assert "hush" not in f"{caught.value.message}{caught.value.details}{caught.value.__cause__}"


async def test_keys_may_come_from_the_environment(
    bucket: BucketHome, s3_server: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the query leaves out is read from the provider's own environment variables."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    store = BucketBlobStore(open_bucket(bucket.url.partition("?")[0]))
    await store.check()
    await store.aclose()


@pytest.mark.timeout(60)
async def test_a_bucket_that_does_not_answer_is_unavailable() -> None:
    """Unavailable, for small and large, and no key in the message."""
    url = "s3://bucket/p?endpoint=http://127.0.0.1:9&access_key_id=key&secret_access_key=hush&region=us-east-1"
    store = BucketBlobStore(open_bucket(url, retries=0))
    blob = StoredBlob(sha256(b"x"), 1, "f", b"0" * 32, None)
    for attempt in (
        store.check(),
        put(store, b"small"),
        put(store, random_bytes(12 * MIB)),
        store.put_small([b"a", b"b"], nothing_known),
        read(store, blob),
        store.begin_upload("u-1"),
        store.delete(blob),
    ):
        with pytest.raises(Unavailable) as caught:
            await attempt
        assert "hush" not in str(caught.value)
    await store.aclose()

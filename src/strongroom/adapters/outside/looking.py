"""Looks at references: https:// through the pinned sender, buckets only below addresses that the operator named."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from strongroom.adapters.blobs.bucket_url import open_bucket
from strongroom.adapters.webhooks.sender import PinnedSender
from strongroom.application.ports.outside import Look
from strongroom.domain.artifacts.pins import Observed, clean_etag, observed
from strongroom.domain.events.model import Outcome

SECONDS: Final = 10.0
_SUCCESS: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket or a part of one that references may be looked up in. `prefix` ends in a slash."""

    prefix: str
    store: ObjectStore


def open_buckets(urls: Iterable[str]) -> tuple[Bucket, ...]:
    """Buckets as the operator names them, each with its credentials in the query or the environment.

    :raises Invalid: one is no bucket's address.
    """
    return tuple(
        Bucket(urlsplit(url)._replace(query="", fragment="").geturl().rstrip("/") + "/", open_bucket(url, retries=1))
        for url in urls
    )


class Looker:
    """See :class:`strongroom.application.ports.outside.Outside`."""

    def __init__(self, sender: PinnedSender, buckets: Sequence[Bucket] = ()) -> None:
        self._sender = sender
        self._buckets = buckets

    async def look(self, uri: str) -> Look:
        if uri.startswith("https://"):
            return await self._head(uri)
        for bucket in self._buckets:
            if uri.startswith(bucket.prefix):
                return await _look_in(bucket, uri.removeprefix(bucket.prefix))
        return Look(None, "not_configured")

    async def _head(self, uri: str) -> Look:
        sent, headers = await self._sender.head(uri)
        if sent.status is None:
            return Look(None, sent.outcome.value)
        if sent.status in _REDIRECTS:
            return Look(None, "redirected")
        if sent.status not in _SUCCESS:
            return Look(None, f"{Outcome.REFUSED.value}_{sent.status}")
        return Look(observed(headers))


async def _look_in(bucket: Bucket, path: str) -> Look:
    if not path or any(part in {"", ".", ".."} for part in path.split("/")):
        return Look(None, Outcome.ADDRESS.value)
    try:
        async with asyncio.timeout(SECONDS):
            meta = await obstore.head_async(bucket.store, path)
    except TimeoutError:
        return Look(None, Outcome.TIMEOUT.value)
    except (FileNotFoundError, PermissionError, OSError, BaseError):
        return Look(None, Outcome.REFUSED.value)
    etag = meta.get("e_tag")
    return Look(Observed(meta["size"], {"etag": clean_etag(etag)} if etag else {}))

"""Artifacts in a bucket (``s3://``, ``gs://``, ``az://``) that the user named, read with the user's own credentials.

Those come from the provider's environment variables or profiles, as its own tools read them (AWS_ACCESS_KEY_ID,
AWS_ENDPOINT_URL, ...). Plain http is used when, and only when, the endpoint says so.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.sdk.imports.model import Wrong
from strongroom.sdk.imports.places import KIND, Found
from strongroom.sdk.imports.source import SourceError

BLOCK = 8 * 1024 * 1024
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """What lies in a bucket below a prefix."""

    store: Any
    prefix: str = ""

    def files(self) -> Iterator[Found | Wrong]:
        """See :class:`strongroom.sdk.imports.places.Place`."""
        from obstore.exceptions import BaseError

        begin = f"{self.prefix}/" if self.prefix else ""
        try:
            for some in self.store.list(prefix=self.prefix or None):
                for one in some:
                    if str(one["path"]).startswith(begin):
                        yield Found(str(one["path"]).removeprefix(begin), int(one["size"]))
        except (BaseError, OSError) as error:
            yield Wrong(KIND, self.prefix or ".", f"the bucket cannot be listed: {error}")

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`strongroom.sdk.imports.places.Place`."""
        from obstore.exceptions import BaseError

        target, length = folder / "fetched", 0
        try:
            with target.open("wb") as out:
                for block in self.store.get(f"{self.prefix}/{path}" if self.prefix else path).stream(BLOCK):
                    length += len(block)
                    out.write(block)
        except BaseError as error:
            raise OSError(f"the bucket does not give it: {type(error).__name__}") from error
        if size is not None and length != size:
            raise OSError(f"the bucket said {size} bytes and gave {length}")
        return target

    def below(self, path: str) -> "BucketPlace":
        """See :class:`strongroom.sdk.imports.places.Place`."""
        return BucketPlace(self.store, f"{self.prefix}/{path}" if self.prefix else path)


def open_bucket(url: str) -> BucketPlace:
    """What lies at an address. :raises SourceError: obstore is not installed, or does not understand the address."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise SourceError("Reading a bucket needs obstore: pip install 'strongroom[import]'.") from None
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    try:
        return BucketPlace(from_url(url, client_options={"allow_http": endpoint.startswith("http://")}))
    except (BaseError, ValueError) as error:
        raise SourceError(f"{url!r} is no address of a bucket: {type(error).__name__}") from None

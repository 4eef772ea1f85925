"""What the errors of a bucket mean to the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obstore.exceptions import BaseError

from strongroom.domain.errors import StorageFull, Unavailable

# How S3-like servers say that they are full: HTTP 507, and these codes (MinIO, Ceph, SeaweedFS, Wasabi).
_FULL: Final = (
    "507 ",
    "QuotaExceeded",
    "XMinioStorageFull",
    "InsufficientStorage",
    "no free volumes",
    "No writable volumes",
)


@contextmanager
def bucket_errors() -> Iterator[None]:
    """Turn obstore's errors into StorageFull or Unavailable; keys and addresses stay out of the message.

    FileNotFoundError passes through: whether an object may be missing is for the caller to say.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        reason = type(error).__name__
        if any(sign in str(error) for sign in _FULL):
            raise StorageFull("The bucket takes no more bytes; nothing of this request was kept.") from error
        raise Unavailable(f"The bucket does not do what it is asked ({reason}).", reason=reason) from error

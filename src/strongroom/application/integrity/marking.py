"""What is found to be damaged is marked, so that whoever sends it again is not told that it is here, and heals it."""

from collections.abc import Sequence

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.ports.transaction import Transaction
from strongroom.application.xet.tokens import STORE_SETTING
from strongroom.domain.errors import Corrupted


def mark(tx: Transaction, digests: Sequence[str]) -> int:
    """Mark blobs as damaged, and with a body of a xorb the files that are made of it; how many were not yet.

    Clients of the Xet protocol remember which chunks they have sent, and would not send them again: where chunks are
    damaged the store gets another name, under which they have sent none.
    """
    marked, chunks = tx.integrity.mark(list(dict.fromkeys(digests)))
    if chunks:
        tx.settings.take(STORE_SETTING)
    return marked


def mark_read(tx: Transaction, blob: StoredBlob, error: Corrupted) -> None:
    """The same of a blob that somebody read, unless it has another place by now; in chunks, of the damaged body too."""
    known = tx.blobs.by_sha256([blob.sha256]).get(blob.sha256)
    body = error.details.get("body")
    if known is not None and known.place == blob.place:
        mark(tx, [blob.sha256, body] if isinstance(body, str) else [blob.sha256])

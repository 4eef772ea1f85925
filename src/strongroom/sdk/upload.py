"""Sending files into the folder of a draft, run or logged model: only what must be sent.

Small files go many at a time, big ones in parts that outlive the client's death.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Conflict, DigestMismatch
from strongroom.sdk.localfiles import LocalFile, changed, read_part, read_whole
from strongroom.sdk.models import Stored, UploadStatus
from strongroom.sdk.parallel import in_parallel
from strongroom.sdk.progress import Progress

SMALL = 64 * 1024
"""Largest file, in bytes, that is sent together with others."""
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of small files in one request; the server takes up to 32 MiB."""
BATCH_FILES = 1_000
WHOLE = 8 * 1024 * 1024
"""Largest file, in bytes, that is sent in one request."""
SENDERS = 4
DIGESTS = 10_000
ENTRIES = 5_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where files go: kind is draft, run or logged_model; or asset, which takes bytes for a commit but no paths."""

    kind: str
    uid: str


def send_files(api: Api, folder: Folder, files: Sequence[LocalFile], bases: Sequence[str], progress: Progress) -> int:
    """Send what the server lacks, then write all paths; returns how many bytes went over the wire.

    :param bases: uids of versions that the caller may read; files that are in them are not sent.
    :raises FileChanged: a file is not what it was when it was hashed.
    """
    sent = send_bytes(api, folder, files, bases, progress)
    for some in _slices(files, ENTRIES):
        entries = [{"path": file.path, "sha256": file.sha256, "size": file.size} for file in some]
        api.send("folder.put", kind=folder.kind, uid=folder.uid, entries=entries, bases=list(bases))
    return sent


def send_bytes(api: Api, folder: Folder, files: Sequence[LocalFile], bases: Sequence[str], progress: Progress) -> int:
    """Send what the server lacks, and write no path."""
    largest = 0 if folder.kind == "asset" else WHOLE
    absent = _missing(api, folder, files, bases)
    progress.start("sending", sum(file.size for file in absent))
    try:
        small = [file for file in absent if file.size <= SMALL]
        in_parallel(lambda batch: _send_batch(api, folder, batch, progress), batches(small), SENDERS)
        whole = [file for file in absent if SMALL < file.size <= largest]
        in_parallel(lambda file: _send_whole(api, folder, file, progress), whole, SENDERS)
        for file in absent:
            if file.size > max(SMALL, largest):
                _send_parts(api, folder, file, progress)
    finally:
        progress.finish()
    return sum(file.size for file in absent)


def _missing(api: Api, folder: Folder, files: Sequence[LocalFile], bases: Sequence[str]) -> list[LocalFile]:
    by_digest = {file.sha256: file for file in files}
    missing: list[str] = []
    for digests in _slices(list(by_digest), DIGESTS):
        answer: dict[str, Any] = api.call(
            "blob.missing", dict, kind=folder.kind, uid=folder.uid, digests=list(digests), bases=list(bases)
        )
        missing += answer["missing"]
    return [by_digest[digest] for digest in missing]


def batches(files: Sequence[LocalFile]) -> Iterator[list[LocalFile]]:
    """Small files, as many together as one request takes."""
    batch: list[LocalFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == BATCH_FILES or size + file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _send_batch(api: Api, folder: Folder, batch: Sequence[LocalFile], progress: Progress) -> None:
    frames = bytearray()
    for file in batch:
        data = read_whole(file)
        frames += bytes.fromhex(file.sha256) + len(data).to_bytes(4, "big") + data
    api.send("blob.send", data=bytes(frames), kind=folder.kind, uid=folder.uid)
    progress.advance(sum(file.size for file in batch))


def _send_whole(api: Api, folder: Folder, file: LocalFile, progress: Progress) -> None:
    data = read_whole(file)
    api.send("folder.upload", data=data, kind=folder.kind, uid=folder.uid, path=file.path, sha256=file.sha256)
    progress.advance(file.size)


def _send_parts(api: Api, folder: Folder, file: LocalFile, progress: Progress) -> None:
    """The parts that the server does not have yet, of this upload or of one that an earlier process began."""
    begun = api.call("upload.begin", UploadStatus, kind=folder.kind, uid=folder.uid, sha256=file.sha256, size=file.size)
    received = set(begun.received)
    absent = [number for number in range(1, begun.parts + 1) if number not in received]

    def send(number: int) -> None:
        start = (number - 1) * begun.part_size
        data = read_part(file, start, min(begun.part_size, file.size - start))
        digest = hashlib.sha256(data).hexdigest()
        api.send("upload.part", data=data, uid=begun.uid, number=number, sha256=digest)
        progress.advance(len(data))

    progress.advance(file.size - sum(_length(begun, number) for number in absent))
    in_parallel(send, absent, SENDERS)
    try:
        api.call("upload.complete", Stored, uid=begun.uid)
    except DigestMismatch as error:
        api.send("upload.abort", uid=begun.uid)  # its parts are no parts of this file: nobody may resume it
        raise changed(file.path, error) from error
    except Conflict as error:
        if error.details.get("state") != "complete":  # completed already, but the answer was lost
            raise


def _length(upload: UploadStatus, number: int) -> int:
    return min(upload.part_size, upload.size - (number - 1) * upload.part_size)


def _slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]

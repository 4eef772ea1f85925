"""Fetching files: to a temporary file, continued by Range, checked by SHA-256, then renamed into place."""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from strongroom.sdk.destination import local_path
from strongroom.sdk.errors import Corrupted, EndedEarly, StrongroomError, Unreachable
from strongroom.sdk.progress import Progress
from strongroom.sdk.transport import Transport, pause

BLOCK = 1024 * 1024
PARTIAL = ".strongroom-partial"
STALLS = 5
"""How often in a row a read may end early without a single further byte."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch: `address` is the operation's path below the API, `path` where it goes in the folder."""

    address: str
    path: str
    sha256: str
    size: int


def stream(transport: Transport, wanted: Wanted, start: int = 0) -> Generator[bytes, None, None]:
    """The bytes from `start` on; a read that ends early is continued where it ended.

    :raises Corrupted: the server found that its bytes are not what was written; blob and path are named.
    :raises Unreachable: it ended early too often without getting on.
    """
    at, stalls = start, 0
    while at < wanted.size:
        before = at
        try:
            for block in _blocks(transport, wanted, at):
                at += len(block)
                yield block
        except EndedEarly as error:
            failure: EndedEarly | None = error
        else:
            failure = None
        stalls = 0 if at > before else stalls + 1
        if at < wanted.size and stalls > STALLS:
            raise Unreachable(f"{wanted.path!r} could not be read to its end: {failure or at}", details=_about(wanted))
        if at < wanted.size and stalls:
            time.sleep(pause(stalls))


def _blocks(transport: Transport, wanted: Wanted, start: int) -> Iterator[bytes]:
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        response = transport.stream(wanted.address, headers=headers)
    except Corrupted as error:
        raise Corrupted(
            f"The stored bytes of {wanted.path!r} (blob {wanted.sha256}) are damaged: {error.detail}",
            status=error.status,
            request_id=error.request_id,
            details={**error.details, **_about(wanted)},
        ) from error
    try:
        if start and response.status != 206:  # noqa: PLR2004 - a server or proxy that knows no ranges
            raise StrongroomError("The server ignored the range that was asked for.", code="bad_answer")
        yield from response.blocks(BLOCK)
    finally:
        response.close()


def _about(wanted: Wanted) -> dict[str, object]:
    return {"blob": wanted.sha256, "path": wanted.path}


def is_there(root: Path, wanted: Wanted) -> bool:
    """Whether the right bytes lie at the path already."""
    target = root / wanted.path
    if target.is_symlink() or not target.is_file() or target.stat().st_size != wanted.size:
        return False
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == wanted.sha256


def fetch(transport: Transport, root: Path, wanted: Wanted, progress: Progress) -> Path:
    """Put a file into the folder `root` (resolved); what an earlier process fetched of it is not fetched again.

    :raises BadPath: the path may not be written. :raises Corrupted: the bytes are not those that were asked for.
    """
    target = local_path(root, wanted.path)
    with _partial(root, wanted) as partial:
        digest = hashlib.sha256()
        with partial.open("r+b") as file:
            while block := file.read(BLOCK):
                digest.update(block)
            start = file.tell()
            if start > wanted.size:
                start, digest = 0, hashlib.sha256()
                file.seek(0)
                file.truncate()
            progress.advance(start)
            for block in stream(transport, wanted, start):
                digest.update(block)
                file.write(block)
                progress.advance(len(block))
        if digest.hexdigest() != wanted.sha256:
            partial.unlink(missing_ok=True)
            raise Corrupted(f"The bytes received for {wanted.path!r} are not those it has.", details=_about(wanted))
        partial.replace(target)
    return target


@contextlib.contextmanager
def _partial(root: Path, wanted: Wanted) -> Iterator[Path]:
    """A temporary file for these bytes that no other process writes to at the same time."""
    folder = root / PARTIAL
    folder.mkdir(exist_ok=True)
    path = folder / wanted.sha256
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _lock(file) or not path.exists() or path.stat().st_ino != os.fstat(file).st_ino:
            path = folder / f"{wanted.sha256}.{secrets.token_hex(4)}"
            path.touch()
        yield path
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True

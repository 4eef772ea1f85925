"""Fetching what a version refers to elsewhere: https:// only, without the token, checked against its pin."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from strongroom import __version__
from strongroom.sdk.destination import local_path
from strongroom.sdk.errors import Drifted, Unpinned, Unreachable
from strongroom.sdk.models import Entry
from strongroom.sdk.progress import Progress

BLOCK: Final = 1024 * 1024
REDIRECTS: Final = 5
PARTIAL: Final = ".strongroom-reference"
_PIN: Final = re.compile(r"(sha256|md5|crc32c|etag):(.+)")
_OK: Final = 200
_MOVED: Final = frozenset({301, 302, 303, 307, 308})


def is_fetchable(entry: Entry) -> bool:
    """Whether this client can fetch the entry itself."""
    return entry.kind == "reference" and (entry.uri or "").startswith("https://")


def check_pinned(entries: list[Entry]) -> None:
    """:raises Unpinned: nothing fixes the content of one of these."""
    loose = [entry.path for entry in entries if entry.kind in {"reference", "mount"} and entry.pin is None]
    if loose:
        raise Unpinned(
            "Nothing says what these references must be; allow it (--allow-unpinned) to take what is there.",
            details={"paths": loose[:20], "count": len(loose)},
        )


def fetch_reference(root: Path, entry: Entry, progress: Progress, *, allow_unpinned: bool) -> Path:
    """Bring one reference to its path in the folder `root` (resolved); nothing is left when it is not what it was.

    :raises Drifted: its size, digest or ETag is not that of the pin.
    :raises Unpinned: the pin is of a kind that cannot be compared here, and that is not allowed.
    :raises Unreachable: its server does not answer with it.
    """
    target = local_path(root, entry.path)
    partial = target.with_name(f"{PARTIAL}.{os.getpid()}.{target.name}"[:250])
    algorithm, wanted = _pin(entry)
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in ("sha256", "md5") if name == algorithm}
    size = 0
    try:
        with partial.open("wb") as file:
            headers, blocks = _open(entry)
            for block in blocks:
                size += len(block)
                for digest in digests.values():
                    digest.update(block)
                file.write(block)
                progress.advance(len(block))
        found = digests[algorithm].hexdigest() if algorithm in digests else headers.get(algorithm)
        _compare(entry, size, algorithm, wanted, found, allow_unpinned=allow_unpinned)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _pin(entry: Entry) -> tuple[str, str]:
    """Algorithm and value of a pin; what names no algorithm is an ETag; empty without a pin."""
    if entry.pin is None:
        return "", ""
    found = _PIN.fullmatch(entry.pin)
    algorithm, value = (found[1], found[2]) if found else ("etag", entry.pin)
    return algorithm, value.strip().removeprefix("W/").strip('"') if algorithm == "etag" else value.lower()


def _compare(entry: Entry, size: int, algorithm: str, wanted: str, found: str | None, *, allow_unpinned: bool) -> None:
    about = {"path": entry.path, "uri": entry.uri, "pin": entry.pin}
    if entry.size is not None and size != entry.size:
        raise Drifted(f"{entry.path!r} has {size} bytes elsewhere, not {entry.size}.", details=about)
    if not algorithm or (found is None and allow_unpinned):
        return
    if found is None:
        raise Unpinned(f"The pin of {entry.path!r} cannot be compared with what its server says.", details=about)
    if found != wanted:
        raise Drifted(f"{entry.path!r} is not what it was when it was pinned.", details={**about, "found": found})


def _open(entry: Entry) -> tuple[Mapping[str, str], Iterator[bytes]]:
    """What is at the address: its ETag as ``etag``, and its bytes."""
    from urllib3 import PoolManager, Retry, Timeout
    from urllib3.exceptions import HTTPError

    pool = PoolManager(timeout=Timeout(connect=10.0, read=120.0), retries=Retry(3, redirect=False))
    address = entry.uri or ""
    headers = {"User-Agent": f"strongroom/{__version__}", "Accept-Encoding": "identity"}
    for _ in range(REDIRECTS + 1):
        if not address.startswith("https://"):
            raise Unreachable(f"{entry.path!r} leads to an address that is not https.", details={"uri": address})
        try:
            answer = pool.request("GET", address, headers=headers, redirect=False, preload_content=False)
        except HTTPError as error:
            raise Unreachable(f"{entry.path!r} cannot be reached: {error}", details={"uri": entry.uri}) from error
        if answer.status == _OK:
            etag = answer.headers.get("ETag")
            found = {"etag": etag.strip().removeprefix("W/").strip('"')} if etag else {}
            return found, _blocks(entry, answer.stream(BLOCK))
        answer.close()
        if answer.status not in _MOVED:
            raise Unreachable(f"{entry.path!r} is not there: status {answer.status}.", details={"uri": entry.uri})
        address = urljoin(address, answer.headers.get("Location", ""))
    raise Unreachable(f"{entry.path!r} leads from place to place.", details={"uri": entry.uri})


def _blocks(entry: Entry, stream: Iterator[bytes]) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    try:
        yield from stream
    except HTTPError as error:
        raise Unreachable(f"{entry.path!r} broke off: {error}", details={"uri": entry.uri}) from error

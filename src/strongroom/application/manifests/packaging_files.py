"""The files that say how a model is packaged, read before the seal.

A file that cannot be read never keeps a version from being made: that it is unreadable, and why, is what is kept.
"""

import asyncio
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call
from strongroom.application.edge import ByteReader
from strongroom.application.manifests.cache import Cache
from strongroom.application.manifests.packaging import Packaged, of_body
from strongroom.application.ports.documents import LARGEST, LoadYaml, UnreadableDocumentError
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.tree import Entry, FileEntry
from strongroom.domain.errors import BadManifest, Corrupted
from strongroom.domain.manifests import document
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.packaging import (
    FILES,
    PATH,
    REQUIREMENTS,
    REQUIREMENTS_MOST,
    UnreadablePackagingError,
    requirement_lines,
)

REQUIREMENTS_LARGEST: Final = 256 * 1024
"""Bytes of a requirements.txt that is read."""
LOOKED_AT: Final = tuple(sorted((PATH, *FILES)))
"""Paths of a tree that say how its model is packaged, in their order."""
REASON_LONGEST: Final = 500

_read: Cache[Packaged] = Cache()


async def read(edge: ByteReader, entries: Sequence[Entry]) -> Packaged | None:
    """What the entries of a tree, or those of `LOOKED_AT` among them, say; None where there is no MLmodel file.

    :param entries: in the order of their paths.
    """
    found = dict(_looked_at(entries))
    said = found.get(PATH)
    if said is None:
        return None
    if not isinstance(said, FileEntry):
        return Packaged(None, "it lies elsewhere, and is not fetched.")
    if said.size > LARGEST:
        return Packaged(None, f"it has more than {LARGEST} bytes.")
    listed = found.get(REQUIREMENTS)
    lines = listed if isinstance(listed, FileEntry) and listed.size <= REQUIREMENTS_LARGEST else None
    files = tuple(name for name in FILES if name in found)
    key = (said.sha256, lines and lines.sha256, files)
    known = _read.get(key)
    if known is not None:
        return known
    bodies = await _bytes(edge, [said, lines] if lines else [said])
    made = await asyncio.to_thread(_parsed, edge.yaml, bodies, files)
    return _read.put(key, made, len(made.body))


def _looked_at(entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    for path in LOOKED_AT:
        place = bisect_left(entries, path, key=lambda entry: entry.path)
        if place < len(entries) and entries[place].path == path:
            yield path, entries[place]


async def _bytes(edge: ByteReader, files: Sequence[FileEntry]) -> list[bytes]:
    def find(call: Call) -> Mapping[str, Blob]:
        return call.tx.blobs.by_sha256([file.sha256 for file in files])

    blobs = await edge.read(find)
    bodies = []
    for file in files:
        blob = blobs.get(file.sha256)
        if blob is None:
            raise Corrupted("The bytes of this file are missing.", blob=file.sha256)
        bodies.append(b"".join([chunk async for chunk in edge.store.read(stored(blob))]))
    return bodies


def _parsed(yaml: LoadYaml, bodies: Sequence[bytes], files: Sequence[str]) -> Packaged:
    lines = requirement_lines(bodies[1].decode(errors="replace").replace("\0", "")) if bodies[1:] else []
    try:
        value = document.checked(yaml.load(bodies[0]))
        said: Plain = {"mlmodel": value, "requirements": lines[:REQUIREMENTS_MOST], "files": list(files)}
        return of_body(json.dumps(said, ensure_ascii=False, separators=(",", ":")))
    except (UnreadableDocumentError, UnreadablePackagingError) as error:
        return Packaged(None, str(error)[:REASON_LONGEST])
    except BadManifest as error:
        return Packaged(None, error.message[:REASON_LONGEST])

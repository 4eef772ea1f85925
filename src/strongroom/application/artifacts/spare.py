"""A blob that was sent whole and lies in the store as chunks already: its whole form is dropped, after the answer.

Sending it costs the same time as sending what is new, and the answer is the same (N16); so the dropping waits for
nobody, and nobody waits for it. What a crash leaves behind is a blob that nothing names, for the collector.
"""

import asyncio
from contextlib import suppress
from typing import Final

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.edge import Edge
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import DomainError

PLACE: Final = "x:"
"""How the place of a blob begins that is stored as chunks; the hash of its reconstruction follows."""

_RUNNING: Final = set[asyncio.Task[None]]()


def in_chunks(place: str) -> bool:
    """Whether a blob of this place is stored as chunks."""
    return place.startswith(PLACE)


def drop_spare(edge: Edge, sent: StoredBlob, known: Blob) -> None:
    """Drop what was just written of a blob that is on record in chunks."""
    if not in_chunks(known.place) or in_chunks(sent.place):
        return

    async def drop() -> None:
        with suppress(DomainError):
            await edge.store.delete(sent)

    task = asyncio.get_running_loop().create_task(drop())
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)

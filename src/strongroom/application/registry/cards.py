"""The card that a tree holds as a file, read once for all that asks for it.

Its words are known to full text search once a version is of that tree; for its fields see `card_facts`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call
from strongroom.application.edge import ByteReader
from strongroom.domain.artifacts.lookup import find
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import PageSource, TreeRoot
from strongroom.domain.artifacts.tree import Entry, FileEntry
from strongroom.domain.errors import Corrupted
from strongroom.domain.search.words import words

PATHS: Final = ("README.md", "readme.md", "MODEL_CARD.md", "card.md")
"""Where a card may lie, at the top of a tree: the first one that is there."""
LARGEST: Final = 1024 * 1024
"""Bytes; the words of a larger file are not looked for."""


def among(entries: Iterable[Entry]) -> FileEntry | None:
    """The card among the entries of a tree."""
    there = {entry.path: entry for entry in entries if entry.path in PATHS}
    return _first([there.get(path) for path in PATHS])


def within(root: TreeRoot, source: PageSource) -> FileEntry | None:
    """The card of a tree whose pages are at hand."""
    return _first([find(root, source, path) for path in PATHS])


def _first(found: Sequence[Entry | None]) -> FileEntry | None:
    return next((entry for entry in found if isinstance(entry, FileEntry) and entry.size <= LARGEST), None)


@dataclass(frozen=True, slots=True)
class CardText:
    """What stands in a card. :param text: None of what is no UTF-8."""

    sha256: str
    text: str | None


async def read(edge: ByteReader, card: FileEntry | None) -> CardText | None:
    """The card's text. :raises Corrupted: its bytes are missing, or other than they were."""
    if card is None:
        return None
    entry = card

    def look(call: Call) -> Blob | None:
        return call.tx.blobs.by_sha256([entry.sha256]).get(entry.sha256)

    blob = await edge.read(look)
    if blob is None:
        raise Corrupted("The bytes of this file are missing.", blob=entry.sha256)
    data = b"".join([chunk async for chunk in edge.store.read(stored(blob))])
    try:
        return CardText(entry.sha256, data.decode())
    except UnicodeDecodeError:
        return CardText(entry.sha256, None)


async def words_of(card: CardText | None) -> str:
    """The distinct words of a card, with spaces between."""
    text = card.text if card else None
    return " ".join(await asyncio.to_thread(words, [text])) if text else ""


def keep(call: Call, tree: str, card: str) -> None:
    """Keep the words of a tree's card; before the version of that tree appears, which then has them."""
    if card:
        call.tx.manifests.put_card(tree, card)

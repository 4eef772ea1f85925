"""What publishing must know of a tree before its transaction: its manifest, read and checked, or why it is wrong."""

from dataclasses import dataclass, replace

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import ByteReader
from strongroom.application.manifests import sealing as manifests
from strongroom.application.manifests.packaging_files import LOOKED_AT
from strongroom.application.registry import cards
from strongroom.application.registry.cards import CardText
from strongroom.domain.artifacts.lookup import find, iterate
from strongroom.domain.artifacts.pages import PageSource, TreeRoot
from strongroom.domain.artifacts.tree import Entry, FileEntry
from strongroom.domain.errors import Corrupted, DomainError, StorageFull, Unavailable
from strongroom.domain.manifests import packaging
from strongroom.domain.manifests.manifest import FORMS, PATH

#: No verdict on the tree: whatever asked fails, and may be tried again.
FAILURES = (Corrupted, StorageFull, Unavailable)


@dataclass(frozen=True, slots=True)
class Ready:
    """A tree that was looked at: what its manifest says, or the refusal that publishing it would end in.

    :param card: its card as it was read on the way, None where there is none or it was not reached.
    """

    tree: str
    said: manifests.Said | DomainError
    card: CardText | None = None


async def of_pages(edge: ByteReader, kind: str, tree: str, root: TreeRoot, source: PageSource) -> Ready:
    """Look at a tree whose pages are at hand."""
    return await _ready(edge, kind, tree, _entries(kind, root, source), cards.within(root, source))


async def of_tree(edge: ByteReader, kind: str, tree: str) -> Ready:
    """Look at a stored tree."""

    def look(call: Call) -> tuple[list[Entry], FileEntry | None]:
        root, pages = load_root(call, tree), StoredPages(call.tx.trees)
        return _entries(kind, root, pages), cards.within(root, pages)

    return await _ready(edge, kind, tree, *await edge.read(look))


def _entries(kind: str, root: TreeRoot, source: PageSource) -> list[Entry]:
    """All entries where there is a manifest to compare with them; else those that say how a model is packaged."""
    if kind in FORMS and find(root, source, PATH) is not None:
        return list(iterate(root, source))
    if find(root, source, packaging.PATH) is None:
        return []
    return [entry for path in LOOKED_AT if (entry := find(root, source, path)) is not None]


async def _ready(edge: ByteReader, kind: str, tree: str, entries: list[Entry], card: FileEntry | None) -> Ready:
    try:
        said = await manifests.read(edge, kind, entries)
        text = await cards.read(edge, card)
        return Ready(tree, replace(said, card=await cards.words_of(text)), text)
    except FAILURES:
        raise
    except DomainError as refused:
        return Ready(tree, refused)

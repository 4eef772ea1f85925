"""Trees that versions, branches and pins need: their roots and pages, and whether the files in them are on record."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final

from strongroom.application.integrity.findings import Finding, Hurt, Kind
from strongroom.application.ports.integrity import TreeUse
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.page import Page
from strongroom.domain.artifacts.pages import TreeRoot, decode_root
from strongroom.domain.artifacts.tree import Entry, FileEntry, tree_digest
from strongroom.domain.errors import DomainError

_AT_ONCE: Final = 16
_SEEN: Final = 100_000


class TreeCheck:
    """Walks trees; a page that several of an asset share is looked into once."""

    def __init__(self, *, deep: bool) -> None:
        self._deep = deep
        self._seen: OrderedDict[tuple[int, str], None] = OrderedDict()

    def check(self, tx: Transaction, use: TreeUse) -> list[Finding]:
        """What is wrong with one tree, on one snapshot."""
        body = tx.trees.root(use.tree)
        if body is None:
            return [_tree(use, "missing")]
        root = readable_root(body)
        if root is None:
            return [_tree(use, "unreadable")]
        found: list[Finding] = []
        for start in range(0, len(root.pages), _AT_ONCE):
            names = [page.id for page in root.pages[start : start + _AT_ONCE]]
            unseen = [name for name in names if (use.asset_id, name) not in self._seen]
            found += self._pages(tx, use, unseen, tx.trees.pages(unseen))
        if self._deep and not found and not makes(tx, root, use.tree):
            found.append(_tree(use, "another digest"))
        return found

    def _pages(self, tx: Transaction, use: TreeUse, names: list[str], bodies: Mapping[str, bytes]) -> Iterator[Finding]:
        for name in names:
            body = bodies.get(name)
            if body is None or not is_page(body, name):
                yield _page(use, name, "missing" if body is None else "other bytes")
                continue
            wrong = list(_files(tx, use, Page(body)))
            yield from wrong
            if not wrong:
                self._note(use.asset_id, name)

    def _note(self, asset_id: int, page: str) -> None:
        self._seen[asset_id, page] = None
        if len(self._seen) > _SEEN:
            self._seen.popitem(last=False)


def _files(tx: Transaction, use: TreeUse, page: Page) -> Iterator[Finding]:
    """Files of a page that are not on record, or that the collector does not know to be needed."""
    entries = {entry.sha256: entry for entry in page.entries() if isinstance(entry, FileEntry)}
    known = tx.blobs.by_sha256(list(entries))
    unheld = set(tx.integrity.unheld(use.asset_id, list(entries)))
    for digest, entry in entries.items():
        hurts = [_user(use, entry.path)]
        if digest not in known:
            yield Finding(Kind.UNRECORDED, digest, use.name, entry.size, {"path": entry.path}, hurts=hurts)
        elif digest in unheld:
            details: dict[str, str | int] = {"path": entry.path, "asset": use.asset_id}
            yield Finding(Kind.UNHELD, digest, use.name, entry.size, details, known[digest], hurts)


def makes(tx: Transaction, root: TreeRoot, digest: str) -> bool:
    """Whether the pages that a root names are a tree of that digest."""

    def entries() -> Iterator[Entry]:
        for start in range(0, len(root.pages), _AT_ONCE):
            names = [page.id for page in root.pages[start : start + _AT_ONCE]]
            bodies = tx.trees.pages(names)
            for name in names:
                yield from Page(bodies[name]).entries()

    try:
        return tree_digest(entries()) == digest
    except (DomainError, KeyError):
        return False


def is_page(body: bytes, digest: str) -> bool:
    """Whether this is the page of that name."""
    return hashlib.sha256(body).hexdigest() == digest


def readable_root(body: bytes | None) -> TreeRoot | None:
    """A root, where this is one."""
    try:
        return decode_root(body) if body is not None else None
    except DomainError:
        return None


def _tree(use: TreeUse, why: str) -> Finding:
    return Finding(Kind.TREE, use.tree, use.name, 0, {"why": why}, hurts=[_user(use)])


def _page(use: TreeUse, page: str, why: str) -> Finding:
    return Finding(Kind.PAGE, page, use.name, 0, {"why": why, "tree": use.tree}, hurts=[_user(use)])


def _user(use: TreeUse, path: str | None = None) -> Hurt:
    return Hurt("asset", use.asset, use.number, path)

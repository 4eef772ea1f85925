"""Whom a finding hurts: which files of which versions, runs and drafts are not readable as they were."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from strongroom.application.integrity.findings import Finding, Hurt, Kind
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.page import Page
from strongroom.domain.artifacts.pages import decode_root
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.errors import DomainError

NAMED: Final = 20
LOOKED_AT: Final = 100
PAGES_MOST: Final = 2_000


def with_hurt(tx: Transaction, finding: Finding) -> Finding:
    """The same finding, with whom it hurts. At most `NAMED` are named; looking ends after `PAGES_MOST` pages."""
    blob_id = blob_of(tx, finding)
    if blob_id is None:
        return finding
    digests, assets, others = tx.integrity.hurt_by(blob_id, LOOKED_AT)
    looking = _Looking(tx, frozenset(digests))
    found = [*others]
    for asset_id in assets:
        name = tx.integrity.name_of(asset_id)
        files = list(looking.files(asset_id, name))
        found += files or [Hurt("asset", name)]
    return replace(finding, hurts=found[:NAMED], more=max(0, len(found) - NAMED))


def blob_of(tx: Transaction, finding: Finding) -> int | None:
    """Id of the blob that a finding is about."""
    if finding.blob is not None and finding.kind is not Kind.UNHELD:
        return finding.blob.id
    if finding.kind is Kind.CHUNKS:
        found = tx.integrity.xorb_called(finding.digest)
        return found.blob_id if found else None
    if finding.kind is Kind.RECONSTRUCTION:
        blob = tx.blobs.by_sha256([str(finding.details["sha256"])])
        return next((one.id for one in blob.values()), None)
    return None


class _Looking:
    """Looks for digests in the trees of versions."""

    def __init__(self, tx: Transaction, digests: frozenset[str]) -> None:
        self._tx, self._digests, self._pages = tx, digests, 0

    def files(self, asset_id: int, name: str) -> Iterator[Hurt]:
        seen: dict[str, Sequence[str]] = {}
        for number, tree in self._tx.integrity.trees_of(asset_id, LOOKED_AT):
            for page in self._names(tree):
                if page not in seen:
                    if self._pages >= PAGES_MOST:
                        return
                    self._pages += 1
                    seen[page] = self._paths(page)
                yield from (Hurt("asset", name, number, path) for path in seen[page])

    def _names(self, tree: str) -> Sequence[str]:
        try:
            root = self._tx.trees.root(tree)
            return [page.id for page in decode_root(root).pages] if root else []
        except DomainError:
            return []

    def _paths(self, page: str) -> Sequence[str]:
        body = self._tx.trees.pages([page]).get(page)
        try:
            entries = Page(body).entries() if body else []
        except DomainError:
            return []
        return [one.path for one in entries if isinstance(one, FileEntry) and one.sha256 in self._digests]

"""Trees and their pages in SQL: rows by digest, never a row a file."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from strongroom.adapters.sql.repositories.base import Repository, batches, load
from strongroom.adapters.sql.tables import tree, tree_page
from strongroom.domain.artifacts.model import TreeTotals


class SqlTrees(Repository):
    """See :class:`strongroom.application.ports.artifacts.Trees`."""

    def root(self, digest: str) -> bytes | None:
        found: bytes | None = self._connection.execute(
            select(tree.c.root).where(tree.c.digest == digest)
        ).scalar_one_or_none()
        return found

    def pages(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for batch in batches(dict.fromkeys(digests)):
            query = select(tree_page.c.digest, tree_page.c.body).where(tree_page.c.digest.in_(batch))
            found.update((digest, body) for digest, body in self._connection.execute(query))
        return found

    def add_pages(self, pages: Mapping[str, bytes]) -> None:
        self._insert_ignore(tree_page, [{"digest": digest, "body": body} for digest, body in pages.items()])

    def totals(self, digest: str) -> TreeTotals | None:
        query = select(tree.c.files, tree.c.bytes, tree.c.unpinned).where(tree.c.digest == digest)
        row = self._connection.execute(query).one_or_none()
        return load(TreeTotals, row) if row else None

    def add(self, digest: str, root: bytes, files: int, size: int, *, unpinned: bool) -> None:
        row = {"digest": digest, "root": root, "files": files, "bytes": size, "unpinned": unpinned}
        self._insert_ignore(tree, [row])

"""Manifests, statistics of data sets and packagings of models in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, exists, or_, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches, load
from strongroom.adapters.sql.tables import card_words, manifest, packaging, statistics, version
from strongroom.application.ports.manifests import StatisticsState, StoredManifest, StoredPackaging, StoredStatistics

_SHOWN = [statistics.c[name] for name in ("tree", "state", "splits", "tries", "body", "recorded_at")]
_PACKAGED = ("tree", "flavor", "flavor_version", "python_version", "has_signature", "reason", "body")
_HAS_CONTENT = ("live", "trashed")


def _load(row: AnyRow) -> StoredStatistics:
    return load(StoredStatistics, row, state=StatisticsState(row.state))


def _due(now: int) -> Select[Any]:
    pending = statistics.c.state == StatisticsState.PENDING.value
    return select(*_SHOWN).where(pending, statistics.c.next_at <= now).order_by(statistics.c.next_at).limit(1)


class SqlManifests(Repository):
    """See :class:`strongroom.application.ports.manifests.Manifests`."""

    def of_tree(self, tree: str) -> StoredManifest | None:
        columns = (manifest.c.tree, manifest.c.kind, manifest.c.digest, manifest.c.body)
        row = self._connection.execute(select(*columns).where(manifest.c.tree == tree)).one_or_none()
        return load(StoredManifest, row) if row else None

    def put(self, manifest_: StoredManifest, at: int) -> None:
        row = {name: getattr(manifest_, name) for name in ("tree", "kind", "digest", "body")}
        self._upsert(manifest, [{**row, "recorded_at": at}], ["tree"])

    def packaging(self, tree: str) -> StoredPackaging | None:
        query = select(*(packaging.c[name] for name in _PACKAGED)).where(packaging.c.tree == tree)
        row = self._connection.execute(query).one_or_none()
        return load(StoredPackaging, row) if row else None

    def put_packaging(self, packaging_: StoredPackaging, at: int) -> None:
        row = {name: getattr(packaging_, name) for name in _PACKAGED}
        self._upsert(packaging, [{**row, "recorded_at": at}], ["tree"])

    def unpackaged(self, after: str, limit: int, only: str | None = None) -> Sequence[str]:
        mine = [version.c.tree > after, version.c.state.in_(_HAS_CONTENT)]
        mine += [] if only is None else [version.c.tree == only]
        kept = exists().where(packaging.c.tree == version.c.tree)
        query = select(version.c.tree).distinct().where(*mine, ~kept).order_by(version.c.tree).limit(limit)
        return self._connection.execute(query).scalars().all()

    def put_card(self, tree: str, words: str) -> None:
        self._insert_ignore(card_words, [{"tree": tree, "words": words}])

    def statistics(self, tree: str) -> StoredStatistics | None:
        row = self._connection.execute(select(*_SHOWN).where(statistics.c.tree == tree)).one_or_none()
        return _load(row) if row else None

    def request(self, tree: str, splits: str, at: int, *, again: bool) -> None:
        row = {
            "tree": tree,
            "state": StatisticsState.PENDING.value,
            "splits": splits,
            "tries": 0,
            "next_at": at,
            "body": "{}",
            "recorded_at": at,
        }
        if again:
            self._upsert(statistics, [row], ["tree"])
        else:
            self._insert_ignore(statistics, [row])

    def is_due(self, now: int) -> bool:
        return self._connection.execute(_due(now)).first() is not None

    def claim(self, now: int, until: int) -> StoredStatistics | None:
        row = self._connection.execute(_due(now).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        taken = {"next_at": until, "tries": statistics.c.tries + 1}
        self._connection.execute(update(statistics).where(statistics.c.tree == row.tree).values(taken))
        return _load(row)

    def finish(self, tree: str, state: StatisticsState, body: str, at: int) -> None:
        values = {"state": state.value, "body": body, "recorded_at": at}
        self._connection.execute(update(statistics).where(statistics.c.tree == tree).values(values))

    def forget(self, trees: Sequence[str]) -> None:
        for table in (manifest, packaging, statistics, card_words):
            for batch in batches(trees):
                used = exists().where(
                    version.c.tree == table.c.tree, or_(*(version.c.state == state for state in _HAS_CONTENT))
                )
                self._connection.execute(delete(table).where(table.c.tree.in_(batch), ~used))

    def digests_of(self, trees: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for batch in batches(dict.fromkeys(trees)):
            query = select(manifest.c.tree, manifest.c.digest).where(manifest.c.tree.in_(batch))
            found.update((tree, digest) for tree, digest in self._connection.execute(query))
        return found

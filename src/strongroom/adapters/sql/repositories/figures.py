"""Sums over what is held, in SQL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.tables import (
    asset,
    asset_blob,
    blob,
    folder,
    folder_entry,
    version,
    xet_file,
    xet_file_xorb,
    xorb,
)
from strongroom.application.ports.xet import Held, Whole
from strongroom.domain.registry.model import VersionState

#: Of `xorb.chunks`, see `domain.xet.xorb`.
_HEAD, _ROW = 8, 41
_KEPT = (VersionState.LIVE.value, VersionState.TRASHED.value)
_NONE = [-1]


class SqlFigures(Repository):
    """See :class:`strongroom.application.ports.xet.Figures`."""

    def logical(self, *, asset_id: int | None = None, workspace_id: int | None = None) -> int:
        query = select(func.coalesce(func.sum(version.c.bytes), 0)).where(version.c.state.in_(_KEPT))
        if asset_id is not None:
            query = query.where(version.c.asset_id == asset_id)
        if workspace_id is not None:
            query = query.where(version.c.workspace_id == workspace_id)
        return int(self._connection.execute(query).scalar_one())

    def unique(self, asset_ids: Sequence[int]) -> Mapping[int, int]:
        query = select(asset_blob.c.asset_id, func.sum(blob.c.size)).join(blob, blob.c.id == asset_blob.c.blob_id)
        query = query.where(asset_blob.c.asset_id.in_(list(asset_ids) or _NONE)).group_by(asset_blob.c.asset_id)
        return {row[0]: int(row[1]) for row in self._connection.execute(query)}

    def whole(
        self, *, asset_id: int | None = None, workspace_id: int | None = None, others: Sequence[int] = ()
    ) -> Whole:
        held = _holding(asset_id, workspace_id).subquery()
        ids = select(held.c.blob_id).distinct().subquery()
        if asset_id is not None:
            many = select(asset_blob.c.blob_id).where(asset_blob.c.asset_id.in_(list(others) or _NONE))
        else:
            real = select(held.c.blob_id).where(held.c.holder != 0).group_by(held.c.blob_id)
            many = real.having(func.count(held.c.holder.distinct()) > 1)
        apart = ~blob.c.place.like("x:%")
        both = blob.c.id.in_(select(xet_file.c.blob_id))
        sums = (
            func.sum(blob.c.size),
            func.sum(case((apart, blob.c.size), else_=0)),
            func.sum(case((apart & blob.c.id.in_(many), blob.c.size), else_=0)),
            func.sum(case((apart & both, blob.c.size), else_=0)),
        )
        row = self._connection.execute(select(*sums).join(ids, ids.c.blob_id == blob.c.id)).one()
        return Whole(*(int(found or 0) for found in row))

    def chunked(
        self,
        *,
        asset_id: int | None = None,
        workspace_id: int | None = None,
        assets: Sequence[int] | None = None,
        xorbs: Sequence[int] | None = None,
    ) -> Iterator[Held]:
        held = _holding(asset_id, workspace_id, assets).subquery()
        query = select(held.c.holder, xet_file.c.terms).join(xet_file, xet_file.c.blob_id == held.c.blob_id)
        if xorbs is not None:
            users = select(xet_file_xorb.c.file_id).where(xet_file_xorb.c.xorb_id.in_(list(xorbs) or _NONE))
            query = query.where(xet_file.c.id.in_(users))
        for row in self._connection.execute(query):
            yield Held(row.holder, row.terms)

    def sharing(self, asset_id: int, xorbs: Sequence[int], limit: int) -> Sequence[int]:
        same = select(asset_blob.c.blob_id).where(asset_blob.c.asset_id == asset_id)
        used = select(xet_file.c.blob_id).join(xet_file_xorb, xet_file_xorb.c.file_id == xet_file.c.id)
        found: set[int] = set()
        ways = [same, *(used.where(xet_file_xorb.c.xorb_id.in_(batch)) for batch in batches(xorbs))]
        for blobs in ways:
            query = (
                select(asset_blob.c.asset_id)
                .distinct()
                .where(asset_blob.c.blob_id.in_(blobs), asset_blob.c.asset_id != asset_id)
            )
            found.update(self._connection.execute(query.limit(limit)).scalars())
        return sorted(found)[:limit]

    def sizes(self, xorbs: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for batch in batches(xorbs):
            query = select(xorb.c.id, func.length(xorb.c.chunks).label("length"), xorb.c.body_bytes).where(
                xorb.c.id.in_(batch)
            )
            for row in self._connection.execute(query):
                found[row.id] = ((row.length - _HEAD) // _ROW, row.body_bytes)
        return found

    def total(self) -> int:
        query = select(func.coalesce(func.sum(blob.c.size), 0)).where(~blob.c.place.like("x:%"))
        return int(self._connection.execute(query).scalar_one())


def _holding(asset_id: int | None, workspace_id: int | None, assets: Sequence[int] | None = None) -> Select[Any] | Any:  # noqa: ANN401 - SQLAlchemy's union is another type
    """Who holds which blobs: assets, and as holder 0 the folders."""
    by_assets = select(asset_blob.c.asset_id.label("holder"), asset_blob.c.blob_id)
    if assets is not None:
        return by_assets.where(asset_blob.c.asset_id.in_(list(assets) or _NONE))
    if asset_id is not None:
        return by_assets.where(asset_blob.c.asset_id == asset_id)
    by_folders = select(literal(0).label("holder"), folder_entry.c.blob_id).where(folder_entry.c.blob_id.is_not(None))
    if workspace_id is not None:
        by_assets = by_assets.join(asset, asset.c.id == asset_blob.c.asset_id).where(
            asset.c.workspace_id == workspace_id
        )
        by_folders = by_folders.join(folder, folder.c.id == folder_entry.c.folder_id).where(
            folder.c.workspace_id == workspace_id
        )
    return union_all(by_assets, by_folders)

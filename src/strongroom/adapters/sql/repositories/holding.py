"""Who holds bytes, in SQL: by indexes on the blob, some thousand blobs at a time."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.tables import (
    asset_blob,
    blob,
    blob_ledger,
    draft,
    folder,
    folder_entry,
    logged_model,
    run,
    trace,
    version,
    xet_file,
    xet_file_xorb,
    xorb,
)
from strongroom.application.ports.collection import Sum
from strongroom.application.ports.holding import Beside, BlobHeld

_OWNERS: Final[dict[str, Table]] = {"run": run, "draft": version, "logged_model": logged_model, "trace": trace}
_ASSETS_MOST: Final = 1_000


def _lying(*columns: ColumnElement[Any]) -> Select[Any]:
    """Distinct facts of entries in folders; those of drafts that are sealed or ended hold nothing any more."""
    of_draft = and_(folder.c.owner_kind == "draft", draft.c.version_id == folder.c.owner_id)
    source = folder_entry.join(folder, folder.c.id == folder_entry.c.folder_id).outerjoin(draft, of_draft)
    return select(*columns).distinct().select_from(source).where(or_(draft.c.state.is_(None), draft.c.state == "open"))


class SqlHolding(Repository):
    """See :class:`strongroom.application.ports.holding.Holding`."""

    def beside(self, asset_id: int, blob_ids: Sequence[int]) -> Beside:
        held: set[int] = set()
        assets: dict[int, Sum] = {}
        folders = 0
        for batch in batches(blob_ids):
            query = (
                select(asset_blob.c.asset_id, asset_blob.c.blob_id, blob.c.size)
                .join(blob, blob.c.id == asset_blob.c.blob_id)
                .where(asset_blob.c.blob_id.in_(batch), asset_blob.c.asset_id != asset_id)
            )
            for row in self._connection.execute(query):
                held.add(row.blob_id)
                assets[row.asset_id] = assets.get(row.asset_id, Sum()) + Sum(1, row.size)
            lying = _lying(folder_entry.c.blob_id).where(folder_entry.c.blob_id.in_(batch))
            found = set(self._connection.execute(lying).scalars())
            folders += len(found)
            bodies = select(xorb.c.blob_id).where(xorb.c.blob_id.in_(batch))
            held |= found | set(self._connection.execute(bodies).scalars())
        return Beside(held, assets, folders)

    def chunks_alone(self, blob_ids: Sequence[int]) -> int:
        going, total = set(blob_ids), 0
        touched: set[int] = set()
        for batch in batches(blob_ids):
            mine = select(xet_file.c.id).where(xet_file.c.blob_id.in_(batch))
            used = select(xet_file_xorb.c.xorb_id).distinct().where(xet_file_xorb.c.file_id.in_(mine))
            touched |= set(self._connection.execute(used).scalars())
        for batch in batches(sorted(touched)):
            users = (
                select(xet_file_xorb.c.xorb_id, xet_file.c.blob_id)
                .join(xet_file, xet_file.c.id == xet_file_xorb.c.file_id)
                .where(xet_file_xorb.c.xorb_id.in_(batch))
            )
            kept = {row.xorb_id for row in self._connection.execute(users) if row.blob_id not in going}
            lying = exists().where(folder_entry.c.blob_id == blob.c.id)
            other = or_(exists().where(asset_blob.c.blob_id == blob.c.id), lying)
            for some in batches(sorted(set(batch) - kept)):
                body = select(func.coalesce(func.sum(blob.c.size), 0)).select_from(
                    xorb.join(blob, blob.c.id == xorb.c.blob_id)
                )
                total += int(self._connection.execute(body.where(xorb.c.id.in_(some), ~other)).scalar_one())
        return total

    def of_blob(self, blob_id: int, workspace_id: int, limit: int) -> BlobHeld:
        run_ = self._connection.execute
        assets = select(asset_blob.c.asset_id).where(asset_blob.c.blob_id == blob_id)
        lying = _lying(folder.c.owner_kind, folder.c.owner_id, folder.c.workspace_id)
        lying = lying.where(folder_entry.c.blob_id == blob_id).limit(_ASSETS_MOST)
        owners = run_(lying.order_by(folder.c.owner_kind, folder.c.owner_id)).all()
        mine = [one for one in owners if one.workspace_id == workspace_id][:limit]
        named = [(one.owner_kind, self._uid(one.owner_kind, one.owner_id)) for one in mine]
        sent = exists().where(blob_ledger.c.blob_id == blob_id, blob_ledger.c.until > self._context.now())
        body = exists().where(xorb.c.blob_id == blob_id)
        facts = select(sent.label("sent"), body.label("body"), blob.c.condemned_at).where(blob.c.id == blob_id)
        row = run_(facts).one()
        return BlobHeld(
            list(run_(assets.order_by(asset_blob.c.asset_id).limit(_ASSETS_MOST)).scalars()),
            named,
            len(owners) - len(named),
            bool(row.sent),
            bool(row.body),
            row.condemned_at,
        )

    def _uid(self, kind: str, owner_id: int) -> str:
        table = _OWNERS.get(kind)
        if table is None:
            return ""
        found = self._connection.execute(select(table.c.uid).where(table.c.id == owner_id)).scalar_one_or_none()
        return str(found or "")

"""What checks and repairs ask, in SQL: rows by keys, each statement by an index (decision 29)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Select, Table, func, select, tuple_

from strongroom.adapters.sql.repositories.base import batches
from strongroom.adapters.sql.repositories.damage import named_places
from strongroom.adapters.sql.repositories.upkeep import SqlUpkeep
from strongroom.adapters.sql.tables import (
    asset,
    asset_blob,
    asset_ref,
    blob,
    blob_leaving,
    draft,
    evaluation,
    file_upload,
    folder,
    folder_entry,
    logged_model,
    namespace,
    revision,
    run,
    upload,
    version,
    workspace,
    xet_file,
    xet_file_xorb,
    xorb,
)
from strongroom.application.artifacts.blobstore import ListedBlob
from strongroom.application.integrity.findings import Hurt
from strongroom.application.ports.integrity import FileRow, TreeUse, XorbRow
from strongroom.domain.artifacts.model import Blob

_BLOB = (blob.c.id, blob.c.sha256, blob.c.size, blob.c.place, blob.c.blocks)
_XORB = (xorb.c.id, xorb.c.hash, xorb.c.blob_id, xorb.c.chunks, xorb.c.body_bytes, xorb.c.raw_bytes)
_FILES: Select[Any] = select(
    xet_file.c.id, xet_file.c.hash, xet_file.c.blob_id, xet_file.c.terms, blob.c.size, blob.c.sha256
).join(blob, blob.c.id == xet_file.c.blob_id, isouter=True)
#: Whose folders there are.
_OWNERS: Mapping[str, Table] = {"draft": version, "run": run, "logged_model": logged_model}


class SqlIntegrity(SqlUpkeep):
    """See :class:`strongroom.application.ports.integrity.Integrity`."""

    # -- blobs ---------------------------------------------------------------------------------------------------

    def blobs(self, after: int, limit: int) -> Sequence[Blob]:
        query = select(*_BLOB).where(blob.c.id > after, blob.c.condemned_at.is_(None)).order_by(blob.c.id).limit(limit)
        return [Blob(*row) for row in self._connection.execute(query)]

    def blob(self, blob_id: int) -> Blob | None:
        query = select(*_BLOB).where(blob.c.id == blob_id, blob.c.condemned_at.is_(None))
        row = self._connection.execute(query).one_or_none()
        return Blob(*row) if row else None

    def highest(self) -> int:
        return int(self._connection.execute(select(func.max(blob.c.id))).scalar_one() or 0)

    # -- chunks --------------------------------------------------------------------------------------------------

    def xorbs(self, after: int, limit: int) -> Sequence[XorbRow]:
        query = select(*_XORB).where(xorb.c.id > after, xorb.c.condemned_at.is_(None)).order_by(xorb.c.id).limit(limit)
        return [XorbRow(*row) for row in self._connection.execute(query)]

    def xorbs_of(self, blob_ids: Sequence[int]) -> Mapping[int, Sequence[XorbRow]]:
        found: dict[int, list[XorbRow]] = {}
        for batch in batches(blob_ids):
            for row in self._connection.execute(select(*_XORB).where(xorb.c.blob_id.in_(batch))):
                found.setdefault(row.blob_id, []).append(XorbRow(*row))
        return found

    def xorb_called(self, hashed: str) -> XorbRow | None:
        row = self._connection.execute(select(*_XORB).where(xorb.c.hash == hashed)).one_or_none()
        return XorbRow(*row) if row else None

    def chunks_of(self, xorb_ids: Sequence[int]) -> Mapping[int, bytes]:
        rows = self._connection.execute(select(xorb.c.id, xorb.c.chunks).where(xorb.c.id.in_(xorb_ids)))
        return {row.id: row.chunks for row in rows}

    def files(self, after: int, limit: int) -> Sequence[FileRow]:
        query = _FILES.where(xet_file.c.id > after).order_by(xet_file.c.id).limit(limit)
        return [FileRow(*row) for row in self._connection.execute(query)]

    def file_called(self, hashed: str) -> FileRow | None:
        row = self._connection.execute(_FILES.where(xet_file.c.hash == hashed)).one_or_none()
        return FileRow(*row) if row else None

    def file(self, file_id: int) -> FileRow | None:
        row = self._connection.execute(_FILES.where(xet_file.c.id == file_id)).one_or_none()
        return FileRow(*row) if row else None

    def needed(self, file_ids: Sequence[int]) -> Mapping[int, AbstractSet[int]]:
        found: dict[int, set[int]] = {}
        query = select(xet_file_xorb.c.file_id, xet_file_xorb.c.xorb_id).where(xet_file_xorb.c.file_id.in_(file_ids))
        for row in self._connection.execute(query):
            found.setdefault(row.file_id, set()).add(row.xorb_id)
        return found

    # -- trees ---------------------------------------------------------------------------------------------------

    def versions(self, after: int, limit: int) -> Sequence[TreeUse]:
        query = (
            select(version.c.id, version.c.asset_id, version.c.tree, version.c.number)
            .where(version.c.id > after, version.c.tree.is_not(None), version.c.state.not_in(("draft", "purged")))
            .order_by(version.c.id)
            .limit(limit)
        )
        return [
            TreeUse(row.id, row.asset_id, self.name_of(row.asset_id), row.tree, row.number)
            for row in self._connection.execute(query)
        ]

    def trees_of(self, asset_id: int, limit: int) -> Sequence[tuple[int, str]]:
        query = select(version.c.number, version.c.tree).where(
            version.c.asset_id == asset_id, version.c.tree.is_not(None), version.c.state.not_in(("draft", "purged"))
        )
        newest = query.order_by(version.c.number.desc()).limit(limit)
        return [(row.number, row.tree) for row in self._connection.execute(newest)]

    def refs(self, after: int, limit: int) -> Sequence[TreeUse]:
        some = select(asset_ref.c.asset_id).where(asset_ref.c.asset_id > after).distinct()
        ids = list(self._connection.execute(some.order_by(asset_ref.c.asset_id).limit(limit)).scalars())
        query = (
            select(asset_ref.c.asset_id, asset_ref.c.kind, asset_ref.c.name, revision.c.tree)
            .join(revision, revision.c.id == asset_ref.c.revision_id)
            .where(asset_ref.c.asset_id.in_(ids))
            .order_by(asset_ref.c.asset_id, asset_ref.c.name)
        )
        names = {one: self.name_of(one) for one in ids}
        return [
            TreeUse(row.asset_id, row.asset_id, names[row.asset_id], row.tree, None, f"{row.kind} {row.name}")
            for row in self._connection.execute(query)
        ]

    def unheld(self, asset_id: int, digests: Sequence[str]) -> Sequence[str]:
        held = (
            select(asset_blob.c.blob_id)
            .where(asset_blob.c.asset_id == asset_id, asset_blob.c.blob_id == blob.c.id)
            .exists()
        )
        found: list[str] = []
        for batch in batches(digests):
            found += self._connection.execute(select(blob.c.sha256).where(blob.c.sha256.in_(batch), ~held)).scalars()
        return found

    # -- the store -----------------------------------------------------------------------------------------------

    def unknown(self, listed: Sequence[ListedBlob]) -> Sequence[ListedBlob]:
        known: set[tuple[str, str]] = set()
        for batch in batches([(one.sha256, one.place) for one in listed]):
            for table in (blob, blob_leaving):
                pair = tuple_(table.c.sha256, table.c.place)
                query = select(table.c.sha256, table.c.place).where(pair.in_(batch))
                known |= {(row.sha256, row.place) for row in self._connection.execute(query)}
        found = [one for one in listed if (one.sha256, one.place) not in known]
        mislabelled = named_places(self._connection, [one.place for one in found])
        return [one for one in found if one.place not in mislabelled]

    def abandoned(self, upload_ids: Sequence[str]) -> Sequence[str]:
        begun: set[str] = set()
        for table in (upload, file_upload):
            query = select(table.c.uid).where(table.c.uid.in_(upload_ids), table.c.state == "open")
            begun |= set(self._connection.execute(query).scalars())
        return [one for one in upload_ids if one not in begun]

    # -- who is hurt ---------------------------------------------------------------------------------------------

    def hurt_by(self, blob_id: int, limit: int) -> tuple[Sequence[str], Sequence[int], Sequence[Hurt]]:
        bodies = select(xorb.c.id).where(xorb.c.blob_id == blob_id)
        files = (
            select(xet_file.c.blob_id)
            .join(xet_file_xorb, xet_file_xorb.c.file_id == xet_file.c.id)
            .where(xet_file_xorb.c.xorb_id.in_(bodies))
            .distinct()
            .limit(limit)
        )
        ids = [blob_id, *self._connection.execute(files).scalars()]
        digests = self._connection.execute(select(blob.c.sha256).where(blob.c.id.in_(ids))).scalars().all()
        held = select(asset_blob.c.asset_id).where(asset_blob.c.blob_id.in_(ids)).distinct()
        assets = self._connection.execute(held.order_by(asset_blob.c.asset_id).limit(limit)).scalars().all()
        ended = select(draft.c.folder_id).where(draft.c.folder_id == folder.c.id, draft.c.state != "open").exists()
        entries = (
            select(folder.c.owner_kind, folder.c.owner_id, folder_entry.c.path)
            .join(folder, folder.c.id == folder_entry.c.folder_id)
            .where(folder_entry.c.blob_id.in_(ids), ~ended)
            .limit(limit)
        )
        others = [
            Hurt(kind, self._owner(kind, id_), None, path) for kind, id_, path in self._connection.execute(entries)
        ]
        rows = select(evaluation.c.uid).where(evaluation.c.rows_blob_id.in_(ids)).order_by(evaluation.c.id).limit(limit)
        others += [Hurt("evaluation", uid, None, "rows") for uid in self._connection.execute(rows).scalars()]
        return list(digests), list(assets), others

    def _owner(self, kind: str, owner_id: int) -> str:
        """How the owner of a folder is called outside."""
        table = _OWNERS.get(kind)
        query = select(table.c.uid).where(table.c.id == owner_id) if table is not None else None
        return str(self._connection.execute(query).scalar_one_or_none() or "") if query is not None else ""

    def name_of(self, asset_id: int) -> str:
        query = (
            select(workspace.c.slug, namespace.c.slug_path, asset.c.kind, asset.c.slug)
            .join(namespace, namespace.c.id == asset.c.namespace_id)
            .join(workspace, workspace.c.id == asset.c.workspace_id)
            .where(asset.c.id == asset_id)
        )
        row = self._connection.execute(query).one_or_none()
        return "/".join(part for part in row if part) if row else f"asset {asset_id}"

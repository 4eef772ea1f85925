"""What a recall names, found in SQL: versions of a tree or with a file, folders, nodes, licences."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import (
    asset_blob,
    blob,
    folder,
    folder_entry,
    name_dict,
    node,
    object_property,
    tag,
    version,
)
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.recalls.licences import KEYS

_OWNERS = ("run", "logged_model")


class SqlRecallSubjects(Repository):
    """A part of :class:`strongroom.application.ports.recalls.Recalls`."""

    def of_tree(self, workspace_id: int, tree: str, limit: int) -> Sequence[int]:
        query = select(version.c.id).where(version.c.tree == tree, version.c.workspace_id == workspace_id)
        return self._connection.execute(query.order_by(version.c.id).limit(limit)).scalars().all()

    def holding(self, workspace_id: int, digest: str, after: int, limit: int) -> Sequence[tuple[int, str]]:
        assets = select(asset_blob.c.asset_id).join(blob, blob.c.id == asset_blob.c.blob_id)
        query = select(version.c.id, version.c.tree).where(
            version.c.asset_id.in_(assets.where(blob.c.sha256 == digest)),
            version.c.workspace_id == workspace_id,
            version.c.tree.is_not(None),
            version.c.id > after,
        )
        return [(id_, tree) for id_, tree in self._connection.execute(query.order_by(version.c.id).limit(limit))]

    def folders_with(self, workspace_id: int, digest: str, limit: int) -> Sequence[Vertex]:
        query = (
            select(folder.c.owner_kind, folder.c.owner_id)
            .join(folder_entry, folder_entry.c.folder_id == folder.c.id)
            .join(blob, blob.c.id == folder_entry.c.blob_id)
            .where(blob.c.sha256 == digest, folder.c.workspace_id == workspace_id, folder.c.owner_kind.in_(_OWNERS))
            .distinct()
            .limit(limit)
        )
        return [Vertex(*row) for row in self._connection.execute(query)]

    def nodes_with(self, workspace_id: int, digest: str, kinds: Sequence[str] | None, limit: int) -> Sequence[int]:
        spelled = (digest, f"sha256:{digest}")
        query = select(node.c.id).where(node.c.workspace_id == workspace_id, node.c.digest.in_(spelled))
        query = query if kinds is None else query.where(node.c.kind.in_(kinds))
        return self._connection.execute(query.order_by(node.c.id).limit(limit)).scalars().all()

    def licensed(self, workspace_id: int, after: int, limit: int) -> Sequence[int]:
        word = func.lower(name_dict.c.text)
        keys = select(name_dict.c.id).where(
            name_dict.c.workspace_id == workspace_id,
            or_(word.in_(KEYS), *(func.substr(word, 1, len(key) + 1) == f"{key}:" for key in KEYS)),
        )
        tags = select(tag.c.owner_id).where(tag.c.key_id.in_(keys), tag.c.valid_to.is_(None))
        properties = select(object_property.c.owner_id).where(object_property.c.key_id.in_(keys))

        def stated(kind: str, owner: object) -> object:
            named = tags.where(tag.c.owner_kind == kind), properties.where(object_property.c.owner_kind == kind)
            return or_(*(owner.in_(one) for one in named))  # type: ignore[attr-defined]

        of = or_(stated("version", version.c.id), stated("asset", version.c.asset_id))  # type: ignore[arg-type]
        query = select(version.c.id).where(version.c.workspace_id == workspace_id, version.c.id > after, of)
        return self._connection.execute(query.order_by(version.c.id).limit(limit)).scalars().all()

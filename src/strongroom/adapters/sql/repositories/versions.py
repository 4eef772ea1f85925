"""Versions, revisions and drafts in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories import documents
from strongroom.adapters.sql.repositories.assets import tagged
from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json, load, load_json
from strongroom.adapters.sql.tables import (
    asset,
    asset_blob,
    draft,
    object_property,
    principal,
    revision,
    run,
    tag,
    version,
)
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.registry.model import Asset, Draft, Version, VersionState

_ELSEWHERE = {"id", "revision", "run_uid", "created_by"}
_OWN = [field.name for field in fields(Version) if field.name not in _ELSEWHERE]


@cache
def _select(*, brief: bool = False) -> Select[Any]:
    """What a `Version` is made of; a brief one has no signature, which may be 256 KiB."""
    return (
        select(
            version.c.id,
            *(literal("{}").label(name) if brief and name == "signature" else version.c[name] for name in _OWN),
            revision.c.digest.label("revision"),
            run.c.uid.label("run_uid"),
            principal.c.uid.label("created_by"),
        )
        .join(principal, principal.c.id == version.c.created_by)
        .outerjoin(revision, revision.c.id == version.c.revision_id)
        .outerjoin(run, run.c.id == version.c.run_id)
    )


def _load(row: Row[Any]) -> Version:
    return load(Version, row, signature=load_json(row.signature), state=VersionState(row.state))


_LIVE = version.c.state == "live"
_STATES: dict[str, list[ColumnElement[bool]]] = {
    "active": [_LIVE, version.c.archived_at.is_(None)],
    "archived": [_LIVE, version.c.archived_at.is_not(None)],
    "trashed": [version.c.state == "trashed"],
    "purged": [version.c.state == "purged"],
    "draft": [
        version.c.state == "draft",
        exists().where(draft.c.version_id == version.c.id, draft.c.state == "open"),
    ],
    "all": [version.c.state != "draft"],
}


def _prepared(*conditions: ColumnElement[bool]) -> Prepared:
    return Prepared(_select().where(*conditions), Version, signature=load_json, state=VersionState)


_OF_ASSET = version.c.asset_id == bindparam("asset")
_BY_UID = _prepared(version.c.uid == bindparam("uid"), version.c.workspace_id == bindparam("workspace"))
_BY_ID = _prepared(version.c.id == bindparam("id"))
_BY_UIDS = _prepared(among(version.c.uid, "uids"), version.c.workspace_id == bindparam("workspace"))
_BY_IDS = _prepared(among(version.c.id, "ids"))
_BY_NUMBER = _prepared(_OF_ASSET, version.c.number == bindparam("number"))
_PURGED: ColumnElement[str] = literal_column("'purged'")
"""As the index says it, or SQLite would not know it again."""
_LINKS = Prepared(
    _select().where(version.c.source_id == bindparam("source"), version.c.state != _PURGED).order_by(version.c.id),
    Version,
    signature=load_json,
    state=VersionState,
)
LISTED_LINKS = 100
_BY_LABEL = _prepared(_OF_ASSET, version.c.label == bindparam("label"))


_REVISION_ID = select(revision.c.id).where(revision.c.digest == bindparam("new_revision")).scalar_subquery()
_CREATOR_ID = select(principal.c.id).where(principal.c.uid == bindparam("new_created_by")).scalar_subquery()
_ADD = Prepared(
    insert(version)
    .values(
        {name: bindparam(f"new_{name}", type_=version.c[name].type) for name in (*_OWN, "namespace_id", "workspace_id")}
        | {"created_by": _CREATOR_ID, "revision_id": _REVISION_ID}
    )
    .returning(version.c.id)
)
_DRAFT = Prepared(select(draft).where(draft.c.version_id == bindparam("version")), Draft)
_REVISION = Prepared(select(revision.c.id).where(revision.c.digest == bindparam("digest")))
_LOCK = Prepared(
    _select().where(version.c.id == bindparam("id")).with_for_update(of=version),
    Version,
    signature=load_json,
    state=VersionState,
)


@cache
def _update(changed: tuple[str, ...]) -> Prepared:
    """An update of these columns; which ones there are depends on a handful of use cases."""
    values: dict[str, Any] = {
        name: bindparam(f"new_{name}", type_=version.c[name].type) for name in changed if name != "revision"
    }
    if "revision" in changed:
        values["revision_id"] = _REVISION_ID
    return Prepared(
        update(version).where(version.c.id == bindparam("version")).values(etag=version.c.etag + 1, **values)
    )


class SqlVersions(Repository):
    """See :class:`strongroom.application.ports.registry.Versions`."""

    def by_uid(self, workspace_id: int, uid: str) -> Version | None:
        found: Version | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def by_uids(self, workspace_id: int, uids: Sequence[str]) -> Mapping[str, Version]:
        found = _BY_UIDS.rows(self._connection, uids=uids, workspace=workspace_id) if uids else []
        return {one.uid: one for one in found}

    def by_id(self, version_id: int) -> Version:
        found: Version = _BY_ID.exactly_one(self._connection, id=version_id)
        return found

    def by_ids(self, version_ids: Sequence[int]) -> Mapping[int, Version]:
        found = _BY_IDS.rows(self._connection, ids=version_ids) if version_ids else []
        return {one.id: one for one in found}

    def by_number(self, asset_id: int, number: int) -> Version | None:
        found: Version | None = _BY_NUMBER.one(self._connection, asset=asset_id, number=number)
        return found

    def by_label(self, asset_id: int, label: str) -> Version | None:
        found: Version | None = _BY_LABEL.one(self._connection, asset=asset_id, label=label)
        return found

    def by_revision(self, asset_id: int, digest: str) -> Version | None:
        query = _select().where(version.c.asset_id == asset_id, revision.c.digest == digest, _LIVE)
        row = self._connection.execute(query.order_by(version.c.number.desc()).limit(1)).one_or_none()
        return _load(row) if row else None

    def numbers_of(self, asset_id: int, digests: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for batch in batches(dict.fromkeys(digests)):
            query = (
                select(revision.c.digest, version.c.number)
                .join(revision, revision.c.id == version.c.revision_id)
                .where(version.c.asset_id == asset_id, _LIVE, revision.c.digest.in_(batch))
            )
            found.update((row.digest, row.number) for row in self._connection.execute(query.order_by(version.c.number)))
        return found

    def by_tree_prefix(self, asset_id: int, prefix: str) -> Sequence[Version]:
        query = (
            _select()
            .where(version.c.asset_id == asset_id, _LIVE, version.c.tree >= prefix, version.c.tree < prefix + "g")
            .order_by(version.c.tree, version.c.number.desc())
        )
        found: dict[str | None, Version] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.tree, _load(row))
            if len(found) > 1:
                break
        return list(found.values())

    def lock(self, version_id: int) -> Version:
        found: Version = _LOCK.exactly_one(self._connection, id=version_id)
        return found

    def add(self, new: Version, asset: Asset) -> Version:
        new = replace(new, updated_at=new.recorded_at)
        values = {f"new_{name}": getattr(new, name) for name in (*_OWN, "created_by", "revision")}
        values |= {"new_namespace_id": asset.namespace_id, "new_workspace_id": asset.workspace_id}
        values["new_signature"] = dump_json(new.signature)
        try:
            version_id: int = _ADD.exactly_one(self._connection, **values).id
        except IntegrityError as error:
            raise AlreadyExists("That number or label was issued before; neither is ever issued again.") from error
        documents.note_new(self._connection, "version", asset.workspace_id, version_id, new)
        return replace(new, id=version_id)

    def update(self, old: Version, /, **changes: object) -> Version:
        changes = {**changes, "updated_at": self._context.now()}
        values = {f"new_{name}": value for name, value in changes.items()}
        if "signature" in changes:
            values["new_signature"] = dump_json(changes["signature"])
        try:
            _update(tuple(sorted(changes))).run(self._connection, version=old.id, **values)
        except IntegrityError as error:
            raise AlreadyExists("That number or label was issued before; neither is ever issued again.") from error
        documents.note(self._connection, "version", old.id, changes)
        known: dict[str, Any] = {**changes, "etag": old.etag + 1}
        if "state" in changes:
            known["state"] = VersionState(str(changes["state"]))
        return replace(old, **known)

    def links(self, version_id: int) -> Sequence[Version]:
        return list(_LINKS.rows(self._connection, source=version_id))

    def links_elsewhere(self, asset_id: int) -> Sequence[Version]:
        source = version.alias("source")
        shown = select(source.c.id).where(source.c.asset_id == asset_id, source.c.state == "live")
        links = version.c.source_id.in_(shown), version.c.state != _PURGED  # for the index of links
        query = _select().where(*links, _LIVE, version.c.asset_id != asset_id)
        return [_load(row) for row in self._connection.execute(query.order_by(version.c.id).limit(LISTED_LINKS))]

    def latest_live(self, asset_id: int) -> Version | None:
        query = _select().where(version.c.asset_id == asset_id, _LIVE).order_by(version.c.number.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def newest_at_stages(self, workspace_id: int, asset_uids: Sequence[str]) -> Sequence[Version]:
        found: list[Version] = []
        for uids in batches(asset_uids):
            wanted = select(asset.c.id).where(asset.c.uid.in_(uids), asset.c.workspace_id == workspace_id)
            newest = (
                select(version.c.asset_id, func.max(version.c.number).label("number"))
                .where(version.c.asset_id.in_(wanted), _LIVE)
                .group_by(version.c.asset_id, version.c.stage)
                .subquery()
            )
            here = (newest.c.asset_id == version.c.asset_id) & (newest.c.number == version.c.number)
            query = _select(brief=True).join(newest, here).order_by(version.c.number.desc())
            found += [_load(row) for row in self._connection.execute(query)]
        return found

    def list(
        self,
        asset_id: int,
        *,
        state: str,
        stage: str | None,
        tag: tuple[str, str | None] | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[Version]:
        query = _select(brief=True).where(version.c.asset_id == asset_id, *_STATES[state])
        if stage is not None:
            query = query.where(version.c.stage == stage)
        if tag is not None:
            workspace_id = select(version.c.workspace_id).where(version.c.asset_id == asset_id).limit(1)
            found = self._connection.execute(workspace_id).scalar_one_or_none()
            query = query.where(tagged("version", version.c.id, found or 0, *tag))
        if state != "draft":
            query = query.where(version.c.number.is_not(None))  # a draft that was purged with its asset never was one
        order = version.c.id if state == "draft" else version.c.number
        if after is not None:
            bound = after[1] if state == "draft" else after[0]
            query = query.where(order < bound)
        return [_load(row) for row in self._connection.execute(query.order_by(order.desc()).limit(limit))]

    def purge(self, old: Version, at: int, reason: str) -> Version:
        for table in (tag, object_property):
            self._connection.execute(delete(table).where(table.c.owner_kind == "version", table.c.owner_id == old.id))
        return self.update(
            old, state="purged", description=reason, signature={}, stage=None, deleted_at=old.deleted_at or at
        )

    def trees_beside(self, asset_id: int, version_id: int) -> Sequence[str]:
        query = (
            select(version.c.tree)
            .distinct()
            .where(
                version.c.asset_id == asset_id,
                version.c.id != version_id,
                version.c.state.in_(["live", "trashed"]),
                version.c.tree.is_not(None),
            )
        )
        return list(self._connection.execute(query).scalars())

    def purge_of(self, asset_id: int, at: int, reason: str) -> None:
        query = _select().where(version.c.asset_id == asset_id, version.c.state != "purged")
        for row in self._connection.execute(query).all():
            self.purge(_load(row), at, reason)
        self._connection.execute(delete(asset_blob).where(asset_blob.c.asset_id == asset_id))

    def of_run(self, run_id: int, limit: int) -> Sequence[Version]:
        query = _select().where(version.c.run_id == run_id, version.c.state != "draft").limit(limit)
        return [_load(row) for row in self._connection.execute(query.order_by(version.c.id))]

    def add_draft(self, new: Draft) -> None:
        self._insert(draft, {f.name: getattr(new, f.name) for f in fields(Draft)})

    def draft(self, version_id: int) -> Draft | None:
        found: Draft | None = _DRAFT.one(self._connection, version=version_id)
        return found

    def end_draft(self, version_id: int, state: str) -> None:
        self._connection.execute(update(draft).where(draft.c.version_id == version_id).values(state=state))

    def expired_drafts(self, now: int, limit: int) -> Sequence[int]:
        query = (
            select(draft.c.version_id)
            .join(version, version.c.id == draft.c.version_id)
            .join(asset, asset.c.id == version.c.asset_id)
            # what lies in the trash is not touched; what was purged is no draft any more
            .where(draft.c.state == "open", version.c.state == "draft", asset.c.deleted_at.is_(None))
            .where(draft.c.expires_at < now)
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

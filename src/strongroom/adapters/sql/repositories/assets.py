"""Assets and their names in SQL."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories import documents
from strongroom.adapters.sql.repositories.base import Repository, begins, load
from strongroom.adapters.sql.repositories.namespaces import in_subtree
from strongroom.adapters.sql.tables import asset, asset_name, name_dict, namespace, principal, tag
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.model import Asset, Namespace
from strongroom.domain.registry.names import name_key, slug_key

_ELSEWHERE = {"id", "namespace_path", "namespace_slug_path", "created_by"}
_OWN = [field.name for field in fields(Asset) if field.name not in _ELSEWHERE]


@cache
def _select(*, brief: bool = False) -> Select[Any]:
    """What an `Asset` is made of; a brief one has no card, which may be a MiB."""
    return (
        select(
            asset.c.id,
            *(literal("").label(name) if brief and name == "card" else asset.c[name] for name in _OWN),
            namespace.c.path.label("namespace_path"),
            namespace.c.slug_path.label("namespace_slug_path"),
            principal.c.uid.label("created_by"),
        )
        .join(namespace, namespace.c.id == asset.c.namespace_id)
        .join(principal, principal.c.id == asset.c.created_by)
    )


def visible_where(visible: Visible) -> ColumnElement[bool]:
    """`Visible` as a condition on `asset` joined to `namespace` (domain.md section 3, Visibility)."""
    reach: list[ColumnElement[bool]] = []
    if visible.whole_workspace or visible.namespaces:
        wide = true() if visible.whole_workspace else or_(*(in_subtree(path) for path in visible.namespaces))
        reach.append(wide if visible.sees_private else and_(wide, asset.c.visibility != "private"))
    if visible.asset_ids:
        reach.append(asset.c.id.in_(sorted(visible.asset_ids)))
    if visible.public:
        reach.append(asset.c.visibility == "public")
    return or_(*reach) if reach else false()


def tagged(owner_kind: str, owner: ColumnElement[int], workspace_id: int, key: str, value: str | None) -> Any:  # noqa: ANN401
    """A condition: the owner carries a tag, of any value when `value` is None."""
    condition = exists().where(
        tag.c.workspace_id == workspace_id,
        tag.c.owner_kind == owner_kind,
        tag.c.owner_id == owner,
        tag.c.valid_to.is_(None),
        tag.c.key_id
        == select(name_dict.c.id)
        .where(name_dict.c.workspace_id == workspace_id, name_dict.c.text == key)
        .scalar_subquery(),
    )
    return condition if value is None else condition.where(tag.c.value == value)


_STATES: dict[str, list[ColumnElement[bool]]] = {
    "active": [asset.c.deleted_at.is_(None), asset.c.archived_at.is_(None)],
    "archived": [asset.c.deleted_at.is_(None), asset.c.archived_at.is_not(None)],
    "trashed": [asset.c.deleted_at.is_not(None), asset.c.purged_at.is_(None)],
    "all": [],
}


_BY_UID = Prepared(
    _select().where(asset.c.uid == bindparam("uid"), asset.c.workspace_id == bindparam("workspace")), Asset
)
_BY_ID = Prepared(_select().where(asset.c.id == bindparam("id")), Asset)
_BY_IDS = Prepared(_select().where(among(asset.c.id, "ids")), Asset)
_NAMED = (
    _select()
    .join(asset_name, asset_name.c.asset_id == asset.c.id)
    .where(asset_name.c.namespace_id == bindparam("namespace"), asset_name.c.name_key == bindparam("key"))
    .where(asset.c.deleted_at.is_(None))
)
_BY_NAME = Prepared(_NAMED, Asset)
_BY_NAME_OF_KINDS = Prepared(_NAMED.where(among(asset_name.c.kind, "kinds")), Asset)
_BY_SLUG = Prepared(
    _select()
    .join(asset_name, asset_name.c.asset_id == asset.c.id)
    .where(asset_name.c.namespace_id == bindparam("namespace"), asset_name.c.slug_key == bindparam("slug"))
    .where(asset_name.c.kind == bindparam("kind"), asset.c.deleted_at.is_(None)),
    Asset,
)
_LOCK = Prepared(select(asset.c.id).where(asset.c.id == bindparam("id")).with_for_update())


@cache
def _advance(changed: tuple[str, ...]) -> Prepared:
    """An update of these columns; which ones there are depends on a handful of use cases."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=asset.c[name].type) for name in changed}
    values |= {"event_seq": asset.c.event_seq + 1, "etag": asset.c.etag + 1}
    return Prepared(update(asset).where(asset.c.id == bindparam("asset")).values(values))


class SqlAssets(Repository):
    """See :class:`strongroom.application.ports.registry.Assets`."""

    def by_uid(self, workspace_id: int, uid: str) -> Asset | None:
        found: Asset | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def by_id(self, asset_id: int) -> Asset:
        found: Asset = _BY_ID.exactly_one(self._connection, id=asset_id)
        return found

    def by_ids(self, asset_ids: Sequence[int]) -> Mapping[int, Asset]:
        found = _BY_IDS.rows(self._connection, ids=asset_ids) if asset_ids else []
        return {one.id: one for one in found}

    def by_name(self, namespace_id: int, name: str, kinds: Sequence[str] | None) -> Sequence[Asset]:
        key = name_key(name)
        if kinds is None:
            return _BY_NAME.rows(self._connection, namespace=namespace_id, key=key)
        return _BY_NAME_OF_KINDS.rows(self._connection, namespace=namespace_id, key=key, kinds=kinds)

    def by_slug(self, namespace_id: int, slug: str, kind: str) -> Asset | None:
        found: Asset | None = _BY_SLUG.one(self._connection, namespace=namespace_id, slug=slug_key(slug), kind=kind)
        return found

    def slugs_like(self, namespace_id: int, kind: str, prefix: str, except_asset_id: int | None) -> AbstractSet[str]:
        query = select(asset_name.c.slug_key).where(
            asset_name.c.namespace_id == namespace_id,
            asset_name.c.kind == kind,
            asset_name.c.slug_key.startswith(prefix, autoescape=True),
            asset_name.c.redirect == false(),
        )
        if except_asset_id is not None:
            query = query.where(asset_name.c.asset_id != except_asset_id)
        return set(self._connection.execute(query).scalars())

    def add(self, new: Asset) -> Asset:
        new = replace(new, updated_at=new.recorded_at)
        values = {name: getattr(new, name) for name in _OWN}
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        asset_id = self._connection.execute(insert(asset).values(values).returning(asset.c.id)).scalar_one()
        stored = replace(new, id=asset_id)
        self.claim_name(stored)
        documents.note_new(self._connection, "asset", stored.workspace_id, asset_id, stored)
        return stored

    def lock(self, asset_id: int) -> Asset:
        # two statements: one that waited would join the row as it is now to the namespace that it was in before
        _LOCK.one(self._connection, id=asset_id)
        return self.by_id(asset_id)

    def advance(self, old: Asset, /, **changes: object) -> Asset:
        changes = {**changes, "updated_at": self._context.now()}
        values = {f"new_{name}": value for name, value in changes.items()}
        _advance(tuple(sorted(changes))).run(self._connection, asset=old.id, **values)
        documents.note(self._connection, "asset", old.id, changes)
        known: dict[str, Any] = {**changes, "event_seq": old.event_seq + 1, "etag": old.etag + 1}
        return replace(old, **known)

    def tick(self, old: Asset, /) -> Asset:
        counted = update(asset).where(asset.c.id == old.id).values(event_seq=asset.c.event_seq + 1)
        seq = self._connection.execute(counted.returning(asset.c.event_seq)).scalar_one()
        return replace(old, event_seq=seq)

    def rename(self, old: Asset, to: Namespace, name: str, slug: str) -> Asset:
        self._connection.execute(
            update(asset_name)
            .where(asset_name.c.asset_id == old.id, asset_name.c.redirect == false())
            .values(redirect=true())
        )
        moved = replace(
            old, namespace_id=to.id, namespace_path=to.path, namespace_slug_path=to.slug_path, name=name, slug=slug
        )
        self.claim_name(moved)
        self.advance(old, namespace_id=to.id, name=name, slug=slug)
        return replace(moved, event_seq=old.event_seq + 1, etag=old.etag + 1)

    def release_name(self, old: Asset) -> None:
        self._connection.execute(delete(asset_name).where(asset_name.c.asset_id == old.id))

    def claim_name(self, claimed: Asset) -> None:
        """Take the name; redirects of others (and of its own) that stand in the way give way."""
        keys = {"name_key": name_key(claimed.name), "slug_key": slug_key(claimed.slug)}
        self._connection.execute(
            delete(asset_name).where(
                asset_name.c.namespace_id == claimed.namespace_id,
                asset_name.c.kind == claimed.kind,
                asset_name.c.redirect == true(),
                or_(asset_name.c.name_key == keys["name_key"], asset_name.c.slug_key == keys["slug_key"]),
            )
        )
        row = {"namespace_id": claimed.namespace_id, "kind": claimed.kind, "asset_id": claimed.id, **keys}
        try:
            self._connection.execute(insert(asset_name).values(redirect=False, **row))
        except IntegrityError as error:
            raise AlreadyExists(f"There is a {claimed.kind} {claimed.path!r} already.") from error

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        *,
        kind: str | None,
        namespace: str | None,
        name_prefix: str | None,
        state: str,
        tag: tuple[str, str | None] | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[Asset]:
        query = _select(brief=True).where(asset.c.workspace_id == workspace_id, visible_where(visible), *_STATES[state])
        if kind is not None:
            query = query.where(asset.c.kind == kind)
        if namespace:
            query = query.where(in_subtree(namespace))
        if name_prefix:
            query = query.where(begins(asset.c.name, name_prefix))
        if tag is not None:
            query = query.where(tagged("asset", asset.c.id, workspace_id, *tag))
        if after is not None:
            query = query.where(tuple_(asset.c.recorded_at, asset.c.id) < tuple_(*after))
        query = query.order_by(asset.c.recorded_at.desc(), asset.c.id.desc()).limit(limit)
        return [load(Asset, row) for row in self._connection.execute(query)]

"""Comments in SQL, with their texts and mentions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, insert, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches, load
from strongroom.adapters.sql.tables import comment, comment_mention, comment_text, discussion, principal, team, version
from strongroom.application.ports.collaboration import Mention
from strongroom.domain.collaboration.model import Comment, On, Revision

_OWN = ("uid", "workspace_id", "on_kind", "on_id", "reply_to_id", "revision", "etag", "recorded_at", "edited_at")
_END = ("deleted_at", "reason")
_author = principal.alias("author")
_deleter = principal.alias("deleter")
_above = comment.alias("above")


@cache
def _select() -> Select[Any]:
    latest = and_(comment_text.c.comment_id == comment.c.id, comment_text.c.revision == comment.c.revision)
    return (
        select(
            comment.c.id,
            *(comment.c[name] for name in (*_OWN, *_END)),
            _above.c.uid.label("reply_to"),
            _author.c.uid.label("author"),
            _deleter.c.uid.label("deleted_by"),
            comment_text.c.text,
        )
        .join(_author, _author.c.id == comment.c.author_id)
        .outerjoin(_above, _above.c.id == comment.c.reply_to_id)
        .outerjoin(_deleter, _deleter.c.id == comment.c.deleted_by)
        .outerjoin(comment_text, latest)
    )


def _load(row: AnyRow) -> Comment:
    return load(Comment, row, on_kind=On(row.on_kind))


def _id_of(uid: str) -> Any:  # noqa: ANN401 - a scalar subquery
    return select(principal.c.id).where(principal.c.uid == uid).scalar_subquery()


class SqlComments(Repository):
    """See :class:`strongroom.application.ports.collaboration.Comments`."""

    def add(self, new: Comment) -> Comment:
        values = {name: getattr(new, name) for name in _OWN}
        values |= {"on_kind": new.on_kind.value, "author_id": _id_of(new.author), "reason": ""}
        made = self._connection.execute(insert(comment).values(values).returning(comment.c.id)).scalar_one()
        stored = replace(new, id=made)
        self._write(stored, new.text or "", new.author)
        return stored

    def _write(self, of: Comment, text: str, author: str) -> None:
        row = {"comment_id": of.id, "revision": of.revision, "text": text, "recorded_at": self._context.now()}
        self._connection.execute(insert(comment_text).values({**row, "author_id": _id_of(author)}))

    def by_uid(self, workspace_id: int, uid: str) -> Comment | None:
        query = _select().where(comment.c.uid == uid, comment.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def lock(self, comment_id: int) -> Comment:
        # two statements: the second sees what a writer that was waited for has written
        self._connection.execute(select(comment.c.id).where(comment.c.id == comment_id).with_for_update())
        return _load(self._connection.execute(_select().where(comment.c.id == comment_id)).one())

    def count(self, on: On, on_id: int) -> int:
        mine = (comment.c.on_kind == on.value, comment.c.on_id == on_id)
        return self._connection.execute(select(func.count()).select_from(comment).where(*mine)).scalar_one()

    def list(self, on: On, on_id: int, after_id: int, limit: int) -> Sequence[Comment]:
        mine = (comment.c.on_kind == on.value, comment.c.on_id == on_id, comment.c.id > after_id)
        return [
            _load(row) for row in self._connection.execute(_select().where(*mine).order_by(comment.c.id).limit(limit))
        ]

    def revise(self, old: Comment, text: str) -> Comment:
        now = self._context.now()
        changed = replace(old, text=text, revision=old.revision + 1, etag=old.etag + 1, edited_at=now)
        values = {"revision": changed.revision, "etag": changed.etag, "edited_at": now}
        self._connection.execute(update(comment).where(comment.c.id == old.id).values(values))
        self._write(changed, text, old.author)
        return changed

    def history(self, comment_id: int) -> Sequence[Revision]:
        query = (
            select(
                comment_text.c.revision.label("number"),
                comment_text.c.text,
                _author.c.uid.label("author"),
                comment_text.c.recorded_at,
            )
            .join(_author, _author.c.id == comment_text.c.author_id)
            .where(comment_text.c.comment_id == comment_id)
            .order_by(comment_text.c.revision)
        )
        return [load(Revision, row) for row in self._connection.execute(query)]

    def delete(self, old: Comment, by: int, reason: str) -> Comment:
        values = {"deleted_at": self._context.now(), "deleted_by": by, "reason": reason, "etag": old.etag + 1}
        self._connection.execute(update(comment).where(comment.c.id == old.id).values(values))
        self._erase([old.id])
        return _load(self._connection.execute(_select().where(comment.c.id == old.id)).one())

    def erase(self, on: On, on_ids: Sequence[int]) -> None:
        for some in batches(on_ids):
            mine = (comment.c.on_kind == on.value, comment.c.on_id.in_(some))
            found = self._connection.execute(select(comment.c.id).where(*mine)).scalars().all()
            for ids in batches(found):
                self._erase(ids)
                gone = {"deleted_at": func.coalesce(comment.c.deleted_at, self._context.now()), "reason": ""}
                self._connection.execute(update(comment).where(comment.c.id.in_(ids)).values(gone))

    def erase_of(self, asset_id: int) -> None:
        versions = select(version.c.id).where(version.c.asset_id == asset_id)
        discussions = select(discussion.c.id).where(discussion.c.asset_id == asset_id)
        self.erase(On.ASSET, [asset_id])
        self.erase(On.VERSION, self._connection.execute(versions).scalars().all())
        self.erase(On.DISCUSSION, self._connection.execute(discussions).scalars().all())
        self._connection.execute(update(discussion).where(discussion.c.asset_id == asset_id).values(title=""))

    def _erase(self, ids: Sequence[int]) -> None:
        for table in (comment_text, comment_mention):
            self._connection.execute(delete(table).where(table.c.comment_id.in_(ids)))

    def mention(self, comment_id: int, found: Sequence[Mention]) -> None:
        rows = [{"comment_id": comment_id, "kind": m.kind, "object_id": m.id, "revision": m.revision} for m in found]
        self._insert_ignore(comment_mention, rows)

    def mentions(self, comment_ids: Sequence[int]) -> Mapping[int, Sequence[Mention]]:
        found: dict[int, list[Mention]] = {}
        is_team = comment_mention.c.kind == "team"
        for some in batches(comment_ids):
            query = (
                select(
                    comment_mention,
                    case((is_team, team.c.uid), else_=principal.c.uid).label("uid"),
                    case((is_team, team.c.name), else_=principal.c.name).label("name"),
                )
                .outerjoin(principal, and_(comment_mention.c.kind == "principal", principal.c.id == _OBJECT))
                .outerjoin(team, and_(is_team, team.c.id == _OBJECT))
                .where(comment_mention.c.comment_id.in_(some))
                .order_by(comment_mention.c.kind, _OBJECT)
            )
            for row in self._connection.execute(query):
                one = Mention(row.kind, row.object_id, row.uid, row.name, row.revision)
                found.setdefault(row.comment_id, []).append(one)
        return found


_OBJECT = comment_mention.c.object_id

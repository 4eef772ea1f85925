"""Principals in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.repositories.base import Repository, batches, load
from strongroom.adapters.sql.tables import grant, principal, team, team_member
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.identity.model import SYSTEM, Principal
from strongroom.domain.registry.names import name_key

COLUMNS = [principal.c[field.name] for field in fields(Principal)]


def _belonging(workspace_id: int) -> ColumnElement[bool]:
    granted = select(grant.c.subject_uid).where(grant.c.workspace_id == workspace_id, grant.c.valid_to.is_(None))
    members = (
        select(team_member.c.principal_id)
        .join(team, team.c.id == team_member.c.team_id)
        .where(team.c.workspace_id == workspace_id, team.c.deleted_at.is_(None), team_member.c.valid_to.is_(None))
    )
    return or_(principal.c.home_workspace_id == workspace_id, principal.c.uid.in_(granted), principal.c.id.in_(members))


class SqlPrincipals(Repository):
    """See :class:`strongroom.application.ports.identity.Principals`."""

    def _one(self, *conditions: ColumnElement[bool]) -> Principal | None:
        row = self._connection.execute(select(*COLUMNS).where(*conditions)).one_or_none()
        return load(Principal, row) if row else None

    def by_id(self, principal_id: int) -> Principal:
        return load(Principal, self._connection.execute(select(*COLUMNS).where(principal.c.id == principal_id)).one())

    def by_uid(self, uid: str) -> Principal | None:
        return self._one(principal.c.uid == uid)

    def by_name(self, name: str) -> Principal | None:
        return self._one(principal.c.name_key == name_key(name))

    def lock(self, principal_id: int) -> Principal:
        statement = select(*COLUMNS).where(principal.c.id == principal_id).with_for_update(key_share=True)
        return load(Principal, self._connection.execute(statement).one())

    def system(self) -> Principal:
        row = {"uid": SYSTEM, "kind": SYSTEM, "name": SYSTEM, "name_key": SYSTEM, "recorded_at": self._context.now()}
        found = self.by_uid(SYSTEM)
        if found is None:
            self._insert_ignore(principal, [row])
        return found or self.system()

    def names(self, uids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for batch in batches(uids):
            query = select(principal.c.uid, principal.c.name).where(principal.c.uid.in_(batch))
            found.update((row.uid, row.name) for row in self._connection.execute(query))
        return found

    def add(self, kind: str, name: str, display_name: str, home_workspace_id: int | None) -> Principal:
        values = {
            "uid": self._context.new_uid(),
            "kind": kind,
            "name": name,
            "name_key": name_key(name),
            "display_name": display_name,
            "home_workspace_id": home_workspace_id,
            "recorded_at": self._context.now(),
        }
        try:
            row = self._connection.execute(insert(principal).values(values).returning(*COLUMNS)).one()
        except IntegrityError as error:
            raise AlreadyExists("A principal of that name exists; names are never used again.") from error
        return load(Principal, row)

    def update(self, old: Principal, *, display_name: str, disabled_at: int | None) -> Principal:
        statement = (
            update(principal)
            .where(principal.c.id == old.id)
            .values(display_name=display_name, disabled_at=disabled_at)
            .returning(*COLUMNS)
        )
        return load(Principal, self._connection.execute(statement).one())

    def belongs(self, principal_id: int, workspace_id: int) -> bool:
        return self._one(principal.c.id == principal_id, _belonging(workspace_id)) is not None

    def list(self, workspace_id: int | None, after: Key | None, limit: int) -> Sequence[Principal]:
        query = select(*COLUMNS).where(principal.c.kind != SYSTEM)
        if workspace_id is not None:
            query = query.where(_belonging(workspace_id))
        if after is not None:
            query = query.where(principal.c.name_key > after[0])
        return [
            load(Principal, row) for row in self._connection.execute(query.order_by(principal.c.name_key).limit(limit))
        ]

    def password_hash(self, principal_id: int) -> str | None:
        query = select(principal.c.password_hash).where(principal.c.id == principal_id)
        return self._connection.execute(query).scalar_one_or_none()

    def set_password_hash(self, principal_id: int, password_hash: str) -> None:
        statement = update(principal).where(principal.c.id == principal_id).values(password_hash=password_hash)
        self._connection.execute(statement)

    def any_user(self) -> bool:
        return (
            self._connection.execute(select(principal.c.id).where(principal.c.kind == "user").limit(1)).first()
            is not None
        )

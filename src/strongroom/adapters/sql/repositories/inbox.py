"""Inboxes in SQL, and what is needed to fill them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches
from strongroom.adapters.sql.repositories.experiments import visible_where as experiment_visible
from strongroom.adapters.sql.repositories.feed import event_of, select_event
from strongroom.adapters.sql.tables import (
    approval_asked,
    asset,
    audit_leaf,
    comment,
    comment_mention,
    experiment,
    inbox_item,
    inbox_setting,
    logged_model,
    namespace,
    principal,
    run,
    team_member,
)
from strongroom.application.ports.collaboration import Item, Seat, Spot, Told
from strongroom.domain.collaboration.model import Reading, Reason, Watched
from strongroom.domain.identity.access import Visible

#: What a `Seat` is made of.
SEAT: tuple[ColumnElement[Any], ...] = (
    principal.c.id.label("seat_id"),
    principal.c.uid.label("seat_uid"),
    principal.c.kind.label("seat_kind"),
    func.coalesce(inbox_setting.c.automatic, True).label("seat_automatic"),
)
_above = comment.alias("above")


def seat_of(row: AnyRow) -> Seat:
    """The seat in a row that has `SEAT`."""
    return Seat(row.seat_id, row.seat_uid, row.seat_kind, bool(row.seat_automatic))


def _seats(*more: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*SEAT, *more)
        .outerjoin(inbox_setting, inbox_setting.c.principal_id == principal.c.id)
        .where(principal.c.disabled_at.is_(None))
    )


class SqlInbox(Repository):
    """See :class:`strongroom.application.ports.collaboration.Inbox`."""

    # -- filling -------------------------------------------------------------------------------------------------

    def asset_spots(self, asset_ids: Sequence[int]) -> Mapping[int, Spot]:
        found: dict[int, Spot] = {}
        for ids in batches(asset_ids):
            query = select(asset.c.id, namespace.c.slug_path).join(namespace, namespace.c.id == asset.c.namespace_id)
            rows = self._connection.execute(query.where(asset.c.id.in_(ids)))
            found.update((id_, Spot(Watched.ASSET, id_, path)) for id_, path in rows)
        return found

    def experiment_spots(self, uids: Sequence[str]) -> Mapping[str, Spot]:
        found: dict[str, Spot] = {}
        place = namespace.c.id == experiment.c.namespace_id
        for some in batches(uids):
            columns = (experiment.c.id, namespace.c.slug_path)
            runs = select(run.c.uid, *columns).join(experiment, experiment.c.id == run.c.experiment_id)
            models = select(logged_model.c.uid, *columns)
            models = models.join(experiment, experiment.c.id == logged_model.c.experiment_id)
            own = select(experiment.c.uid, *columns)
            for query, uid in ((runs, run.c.uid), (models, logged_model.c.uid), (own, experiment.c.uid)):
                rows = self._connection.execute(query.join(namespace, place).where(uid.in_(some)))
                found.update((one, Spot(Watched.EXPERIMENT, id_, path)) for one, id_, path in rows)
        return found

    def seats(self, uids: Sequence[str]) -> Mapping[str, Seat]:
        found: dict[str, Seat] = {}
        for some in batches(uids):
            for row in self._connection.execute(_seats().where(principal.c.uid.in_(some))):
                found[row.seat_uid] = seat_of(row)
        return found

    def called(self, comment_uids: Sequence[str]) -> Mapping[tuple[str, int], Sequence[Seat]]:
        found: dict[tuple[str, int], list[Seat]] = {}
        own = and_(comment_mention.c.kind == "principal", comment_mention.c.object_id == principal.c.id)
        members = select(team_member.c.principal_id).where(
            team_member.c.team_id == comment_mention.c.object_id, team_member.c.valid_to.is_(None)
        )
        of_team = and_(comment_mention.c.kind == "team", principal.c.id.in_(members.correlate(comment_mention)))
        for some in batches(comment_uids):
            query = (
                _seats(comment.c.uid.label("comment_uid"), comment_mention.c.revision)
                .join(comment_mention, or_(own, of_team))
                .join(comment, comment.c.id == comment_mention.c.comment_id)
                .where(comment.c.uid.in_(some))
            )
            for row in self._connection.execute(query):
                found.setdefault((row.comment_uid, row.revision), []).append(seat_of(row))
        return found

    def addressed(self, owner_uids: Sequence[str]) -> Mapping[str, Sequence[Seat]]:
        found: dict[str, list[Seat]] = {}
        own = and_(approval_asked.c.kind == "principal", approval_asked.c.object_id == principal.c.id)
        members = select(team_member.c.principal_id).where(
            team_member.c.team_id == approval_asked.c.object_id, team_member.c.valid_to.is_(None)
        )
        of_team = and_(approval_asked.c.kind == "team", principal.c.id.in_(members.correlate(approval_asked)))
        for some in batches(owner_uids):
            query = _seats(approval_asked.c.owner_uid).join(approval_asked, or_(own, of_team))
            for row in self._connection.execute(query.where(approval_asked.c.owner_uid.in_(some))):
                found.setdefault(row.owner_uid, []).append(seat_of(row))
        return found

    def answered(self, comment_uids: Sequence[str]) -> Mapping[str, Seat]:
        found: dict[str, Seat] = {}
        for some in batches(comment_uids):
            query = (
                _seats(comment.c.uid.label("comment_uid"))
                .join(_above, _above.c.author_id == principal.c.id)
                .join(comment, comment.c.reply_to_id == _above.c.id)
                .where(comment.c.uid.in_(some))
            )
            found.update((row.comment_uid, seat_of(row)) for row in self._connection.execute(query))
        return found

    def add(self, told: Sequence[Told], now: int) -> None:
        rows = [
            {
                "principal_id": one.principal_id,
                "leaf": one.leaf,
                "workspace_id": one.workspace_id,
                "reason": one.reason.value,
                "kind": one.kind.value,
                "object_id": one.object_id,
                "state": Reading.UNREAD.value,
                "recorded_at": now,
            }
            for one in told
        ]
        self._insert_ignore(inbox_item, rows)

    # -- reading -------------------------------------------------------------------------------------------------

    def list(
        self,
        principal_id: int,
        workspace_id: int,
        visible: Visible,
        states: Sequence[Reading],
        below: int | None,
        limit: int,
    ) -> Sequence[Item]:
        query = select_event(inbox_item.c.reason, inbox_item.c.state, inbox_item.c.recorded_at.label("told_at")).join(
            inbox_item, inbox_item.c.leaf == audit_leaf.c.leaf
        )
        query = query.where(*_mine(principal_id, workspace_id, states), _may_see(visible))
        if below is not None:
            query = query.where(inbox_item.c.leaf < below)
        rows = self._connection.execute(query.order_by(inbox_item.c.leaf.desc()).limit(limit))
        return [Item(event_of(row), Reason(row.reason), Reading(row.state), row.told_at) for row in rows]

    def count(self, principal_id: int, workspace_id: int, visible: Visible, most: int) -> int:
        mine = (*_mine(principal_id, workspace_id, [Reading.UNREAD]), _may_see(visible))
        few = select(inbox_item.c.leaf).where(*mine).limit(most).subquery()
        return self._connection.execute(select(func.count()).select_from(few)).scalar_one()

    def mark(
        self, principal_id: int, workspace_id: int, state: Reading, upto: int | None, leaves: Sequence[int]
    ) -> int:
        mine = (inbox_item.c.principal_id == principal_id, inbox_item.c.workspace_id == workspace_id)
        named: Sequence[ColumnElement[bool]] = [inbox_item.c.leaf.in_(leaves)] if leaves else []
        which = [*named]
        if upto is not None:
            which.append(and_(inbox_item.c.leaf <= upto, inbox_item.c.state != Reading.DONE.value))
        changing = (*mine, or_(*which), inbox_item.c.state != state.value)
        return self._connection.execute(update(inbox_item).where(*changing).values(state=state.value)).rowcount

    def automatic(self, principal_id: int) -> bool:
        query = select(inbox_setting.c.automatic).where(inbox_setting.c.principal_id == principal_id)
        found = self._connection.execute(query).scalar_one_or_none()
        return found is None or bool(found)

    def set_automatic(self, principal_id: int, *, automatic: bool) -> None:
        row = {"principal_id": principal_id, "automatic": automatic}
        self._upsert(inbox_setting, [row], ["principal_id"])

    def forget(self, done_before: int, before: int) -> int:
        done = and_(inbox_item.c.recorded_at < done_before, inbox_item.c.state == Reading.DONE.value)
        statement = delete(inbox_item).where(or_(done, inbox_item.c.recorded_at < before))
        return self._connection.execute(statement).rowcount


def _mine(principal_id: int, workspace_id: int, states: Sequence[Reading]) -> tuple[ColumnElement[bool], ...]:
    return (
        inbox_item.c.principal_id == principal_id,
        inbox_item.c.workspace_id == workspace_id,
        inbox_item.c.state.in_([state.value for state in states]),
    )


def _may_see(visible: Visible) -> ColumnElement[bool]:
    """A condition on `inbox_item`: its object is visible now."""
    assets = (
        select(asset.c.id)
        .join(namespace, namespace.c.id == asset.c.namespace_id)
        .where(asset.c.id == inbox_item.c.object_id, visible_where(visible))
        .correlate(inbox_item)
    )
    experiments = (
        select(experiment.c.id)
        .join(namespace, namespace.c.id == experiment.c.namespace_id)
        .where(experiment.c.id == inbox_item.c.object_id, experiment_visible(visible))
        .correlate(inbox_item)
    )
    return or_(
        and_(inbox_item.c.kind == Watched.ASSET.value, assets.exists()),
        and_(inbox_item.c.kind == Watched.EXPERIMENT.value, experiments.exists()),
    )

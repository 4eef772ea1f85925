"""Environments: the places of a workspace in the order of delivery, with their freeze windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from strongroom.application.call import Call, Refusal, check_etag
from strongroom.application.delivery.views import EnvironmentView, environment_view
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Environment, Freeze
from strongroom.domain.delivery.names import (
    ENVIRONMENTS_MOST,
    POSITION_MOST,
    clean_about,
    clean_keep,
    clean_position,
    clean_slug,
)
from strongroom.domain.delivery.rules import KEEP, check_order, clean_after, clean_freezes
from strongroom.domain.errors import AlreadyExists, Conflict, Held, NotFound, TooLarge
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission

_HIDDEN: Final = "There is no such environment."
PLACE: Final = "environment"


@dataclass(frozen=True, slots=True)
class CreateEnvironment:
    """A new environment, the last in the order unless a position is given."""

    name: str
    description: str = ""
    after: Sequence[str] = ()
    restricted: bool = False
    keep: int = KEEP
    position: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateEnvironment:
    """Changes to an environment; what is None stays. The name stays always: records and grants tell of it."""

    description: str | None = None
    after: Sequence[str] | None = None
    restricted: bool | None = None
    keep: int | None = None
    position: int | None = None
    freezes: Sequence[Freeze] | None = None


def target_of(environment: Environment) -> Target:
    """An environment as the target of a permission."""
    return Target(
        workspace_id=environment.workspace_id, environment_id=environment.id, restricted=environment.restricted
    )


def _allowed(call: Call, environment: Environment | None, permission: Permission) -> Environment:
    """The environment, when the caller may do this there. :raises NotFound: none, or not visible."""
    call.ask(permission)
    if environment is None or not call.caller.access.allows(Permission.RELEASE_READ, target_of(environment)):
        call.refusal = Refusal(permission, Subject(PLACE, environment.uid)) if environment else None
        call.absent = True
        raise NotFound(_HIDDEN)
    call.require(permission, target_of(environment), Subject(PLACE, environment.uid))
    return environment


def by_uid(call: Call, uid: str, permission: Permission) -> Environment:
    """An environment by its uid; see `by_name`."""
    return _allowed(call, call.tx.environments.by_uid(call.workspace.id, uid), permission)


def by_name(call: Call, name: str, permission: Permission) -> Environment:
    """An environment, when the caller may do this there. :raises NotFound: none, or not visible."""
    return _allowed(call, call.tx.environments.by_name(call.workspace.id, name), permission)


def by_id(call: Call, environment_id: int, permission: Permission) -> Environment:
    """The environment of something that is in it; see `by_name`."""
    return _allowed(call, call.tx.environments.by_id(environment_id), permission)


def source_of(environment: Environment) -> str:
    """The environment that a release comes from into this one, where that can only be one."""
    return environment.after[0] if len(environment.after) == 1 else ""


def locked(call: Call, name: str, permission: Permission) -> Environment:
    """The same, with its row locked until the end of the transaction: what runs there is changed one by one."""
    found = call.tx.environments.lock(by_name(call, name, permission).id)
    if found is None:
        raise NotFound(_HIDDEN)
    return found


def visible(call: Call) -> list[Environment]:
    """Those that the caller may read, in their order.

    :raises Forbidden: the caller may read none, and thus nothing of what is delivered in the workspace.
    """
    call.ask(Permission.RELEASE_READ)
    access = call.caller.access
    found = call.tx.environments.list(call.workspace.id)
    seen = [one for one in found if access.allows(Permission.RELEASE_READ, target_of(one))]
    if not seen:
        call.require(Permission.RELEASE_READ)
    return seen


def listed(call: Call) -> list[EnvironmentView]:
    """Environments that the caller may read, in their order."""
    return [environment_view(one) for one in visible(call)]


def get(call: Call, name: str) -> EnvironmentView:
    """One environment."""
    return environment_view(by_name(call, name, Permission.RELEASE_READ))


def create(call: Call, command: CreateEnvironment) -> EnvironmentView:
    """Add an environment. :raises AlreadyExists: there is one of that name. :raises Invalid: an order in a circle."""
    call.require(Permission.ENVIRONMENT_WRITE)
    name, keep = clean_slug(command.name, what=PLACE), clean_keep(command.keep)
    known = call.tx.environments.lock_workspace(call.workspace.id)
    if any(one.name == name for one in known):
        raise AlreadyExists(f"There is an environment {name!r}.")
    if len(known) >= ENVIRONMENTS_MOST:
        raise TooLarge(f"A workspace has at most {ENVIRONMENTS_MOST} environments.", limit=ENVIRONMENTS_MOST)
    after = clean_after(command.after)
    check_order({one.name: one.after for one in known} | {name: after})
    last = max((one.position for one in known), default=-1)
    made = call.tx.environments.add(
        Environment(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            name=name,
            description=clean_about(command.description),
            position=min(last + 1, POSITION_MOST) if command.position is None else clean_position(command.position),
            after=after,
            restricted=command.restricted,
            keep=keep,
            freezes=(),
            etag=1,
            recorded_at=call.now,
        )
    )
    _record(call, "environment.create", made)
    return environment_view(made)


def update(call: Call, name: str, command: UpdateEnvironment, etag: int | None) -> EnvironmentView:
    """Change an environment. :raises Invalid: an order in a circle, or a window that ends before it begins."""
    by_name(call, name, Permission.ENVIRONMENT_WRITE)
    known = {one.name: one for one in call.tx.environments.lock_workspace(call.workspace.id)}
    if name not in known:
        raise NotFound(_HIDDEN)
    before = known[name]
    check_etag(etag, before.etag)
    changed = replace(
        before,
        description=before.description if command.description is None else clean_about(command.description),
        after=before.after if command.after is None else clean_after(command.after),
        restricted=before.restricted if command.restricted is None else command.restricted,
        keep=before.keep if command.keep is None else clean_keep(command.keep),
        position=before.position if command.position is None else clean_position(command.position),
        freezes=before.freezes if command.freezes is None else clean_freezes(command.freezes),
    )
    check_order({one.name: one.after for one in known.values()} | {name: changed.after})
    changed = call.tx.environments.update(changed)
    _record(call, "environment.update", changed)
    return environment_view(changed)


def _record(call: Call, action: str, one: Environment) -> None:
    details: dict[str, Json] = {
        "name": one.name,
        "after": one.after,
        "restricted": one.restricted,
        "keep": one.keep,
        "freezes": tuple((freeze.start, freeze.end) for freeze in one.freezes),
    }
    call.record(action, Subject(PLACE, one.uid), details)


def delete(call: Call, name: str, etag: int | None) -> None:
    """Remove an environment in which nothing runs; its history stays in the audit log.

    :raises Held: something runs in it, or another comes after it. :raises Conflict: it is the last one.
    """
    by_name(call, name, Permission.ENVIRONMENT_WRITE)
    known = {one.name: one for one in call.tx.environments.lock_workspace(call.workspace.id)}
    if name not in known:
        raise NotFound(_HIDDEN)
    one = known.pop(name)
    check_etag(etag, one.etag)
    if not known:
        raise Conflict("The last environment stays.")
    holders = [f"environment:{other.name}" for other in known.values() if name in other.after]
    holders += sorted({f"line:{placed.line}" for placed in call.tx.placements.current([one.id])})
    if holders or call.tx.targets.count(one.id):
        raise Held("The environment is in use.", holders=holders[:10] or ["targets"])
    call.tx.environments.remove(one, call.now)
    call.record("environment.delete", Subject(PLACE, one.uid), {"name": name})

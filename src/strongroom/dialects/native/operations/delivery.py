"""Environments, releases, and what runs where."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.delivery import board, environments, placing, releases
from strongroom.application.delivery.board import BoardView
from strongroom.application.delivery.views import EnvironmentView, PlacementView, ReleaseView
from strongroom.application.paging import Page
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, Time, Uid, time_us
from strongroom.domain.delivery.model import Freeze, Guard
from strongroom.domain.delivery.names import (
    ABOUT_LONGEST,
    AFTER_MOST,
    FREEZES_MOST,
    KEEP_MOST,
    NOTE_LONGEST,
    PARTS_MOST,
    POSITION_MOST,
    REASON_LONGEST,
)
from strongroom.domain.delivery.rules import KEEP, REPORTS_MOST
from strongroom.domain.identity.roles import Permission

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")]
Names = Annotated[list[Slug], Meta(max_length=AFTER_MOST)]
Position = Annotated[int, Meta(ge=0, le=POSITION_MOST)]
About = Annotated[str, Meta(max_length=ABOUT_LONGEST)]
Keep = Annotated[int, Meta(ge=1, le=KEEP_MOST)]
Note = Annotated[str, Meta(max_length=NOTE_LONGEST)]


class ByName(Struct, frozen=True, kw_only=True):
    """An environment by its name."""

    name: Slug


class CreateEnvironment(Struct, frozen=True, kw_only=True):
    """A new environment. `after`: those that a release must have been live in first."""

    name: Slug
    description: About = ""
    after: Names = []
    restricted: bool = False
    keep: Keep = KEEP
    position: Position | None = None


class FreezeWindow(Struct, frozen=True, kw_only=True):
    """A time in which nothing is promoted."""

    start: datetime
    end: datetime
    reason: Annotated[str, Meta(max_length=REASON_LONGEST)] = ""


class UpdateEnvironment(Struct, frozen=True, kw_only=True):
    """Changes to an environment; what is left out stays."""

    description: About | None = None
    after: Names | None = None
    restricted: bool | None = None
    keep: Keep | None = None
    position: Position | None = None
    freezes: Annotated[list[FreezeWindow], Meta(max_length=FREEZES_MOST)] | None = None


class ReleasedPart(Struct, frozen=True, kw_only=True):
    """A version, and the role that it plays."""

    role: Slug
    version_uid: Uid


class CreateRelease(Struct, frozen=True, kw_only=True):
    """A new release of a line."""

    line: Slug
    parts: Annotated[list[ReleasedPart], Meta(min_length=1, max_length=PARTS_MOST)]
    note: Note = ""


class ListReleases(Paged, frozen=True, kw_only=True):
    """Which releases to list."""

    line: Slug | None = None


class GuardSpec(Struct, frozen=True, kw_only=True):
    """Beyond `limit` `reports` times in a row, the release is taken back by itself."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]
    limit: float
    above: bool = True
    reports: Annotated[int, Meta(ge=1, le=REPORTS_MOST)] = 3


class Promote(Struct, frozen=True, kw_only=True):
    """A release to be set to run."""

    release_uid: Uid
    mode: Literal["live", "canary", "shadow"] = "live"
    share: Annotated[int, Meta(ge=1, le=100)] | None = None
    note: Note = ""
    guard: GuardSpec | None = None
    despite_freeze: bool = False


class OnLine(Struct, frozen=True, kw_only=True):
    """A line, and why."""

    line: Slug
    note: Note = ""


class Where(Struct, frozen=True, kw_only=True):
    """What to show: of one environment, one line, as of a time."""

    environment: Slug | None = None
    line: Slug | None = None
    at: Time | None = None


class PlacementHistory(Paged, frozen=True, kw_only=True):
    """The history of an environment, of one line or all."""

    name: Slug
    line: Slug | None = None


@read(
    "environment.list",
    "/environments",
    Permission.RELEASE_READ,
    "Environments in their order",
    answer=list[EnvironmentView],
)
def list_environments(call: Call, _request: Request[Any, Any]) -> list[EnvironmentView]:
    return environments.listed(call)


@command(
    "environment.create",
    "POST",
    "/environments",
    Permission.ENVIRONMENT_WRITE,
    "Add an environment",
    body=CreateEnvironment,
    answer=EnvironmentView,
    status=201,
)
def create_environment(call: Call, request: Request[Any, CreateEnvironment]) -> EnvironmentView:
    b = request.body
    new = environments.CreateEnvironment(b.name, b.description, b.after, b.restricted, b.keep, b.position)
    return environments.create(call, new)


@read(
    "environment.get",
    "/environments/{name}",
    Permission.RELEASE_READ,
    "One environment",
    params=ByName,
    answer=EnvironmentView,
)
def get_environment(call: Call, request: Request[ByName, Any]) -> EnvironmentView:
    return environments.get(call, request.params.name)


@command(
    "environment.update",
    "PATCH",
    "/environments/{name}",
    Permission.ENVIRONMENT_WRITE,
    "Change an environment: its order, its freeze windows, who may change what runs",
    params=ByName,
    body=UpdateEnvironment,
    answer=EnvironmentView,
)
def update_environment(call: Call, request: Request[ByName, UpdateEnvironment]) -> EnvironmentView:
    b = request.body
    freezes = None
    if b.freezes is not None:
        freezes = [Freeze(_time(one.start), _time(one.end), one.reason) for one in b.freezes]
    changes = environments.UpdateEnvironment(b.description, b.after, b.restricted, b.keep, b.position, freezes)
    return environments.update(call, request.params.name, changes, request.etag)


def _time(time: datetime) -> int:
    return min(max(microseconds(time), 0), 2**53 - 1)


@command(
    "environment.delete",
    "DELETE",
    "/environments/{name}",
    Permission.ENVIRONMENT_WRITE,
    "Remove an environment in which nothing runs",
    params=ByName,
)
def delete_environment(call: Call, request: Request[ByName, Any]) -> None:
    environments.delete(call, request.params.name, request.etag)


@read(
    "environment.board",
    "/board",
    Permission.RELEASE_READ,
    "What runs where, who put it there and why; now, or as it was at a time",
    params=Where,
    answer=BoardView,
)
def show_board(call: Call, request: Request[Where, Any]) -> BoardView:
    p = request.params
    return board.board(call, environment=p.environment, line=p.line, at=time_us(p.at))


@read(
    "environment.history",
    "/environments/{name}/history",
    Permission.RELEASE_READ,
    "Everything that ever ran in an environment, the latest first",
    params=PlacementHistory,
    answer=Page[PlacementView],
)
def show_history(call: Call, request: Request[PlacementHistory, Any]) -> Page[PlacementView]:
    p = request.params
    return board.history(call, p.name, p.line, p.page())


@command(
    "release.create",
    "POST",
    "/releases",
    Permission.RELEASE_CREATE,
    "Make a release of versions that go together",
    body=CreateRelease,
    answer=ReleaseView,
    status=201,
)
def create_release(call: Call, request: Request[Any, CreateRelease]) -> ReleaseView:
    b = request.body
    parts = [releases.WantedPart(part.role, part.version_uid) for part in b.parts]
    return releases.create(call, releases.CreateRelease(b.line, parts, b.note))


@read(
    "release.list",
    "/releases",
    Permission.RELEASE_READ,
    "Releases, the latest first",
    params=ListReleases,
    answer=Page[ReleaseView],
)
def list_releases(call: Call, request: Request[ListReleases, Any]) -> Page[ReleaseView]:
    return releases.listed(call, request.params.line, request.params.page())


@read("release.get", "/releases/{uid}", Permission.RELEASE_READ, "One release", params=ByUid, answer=ReleaseView)
def get_release(call: Call, request: Request[ByUid, Any]) -> ReleaseView:
    return releases.get(call, request.params.uid)


@command(
    "release.promote",
    "POST",
    "/environments/{name}/promote",
    Permission.RELEASE_PLACE,
    "Set a release to run in an environment: live, as a canary, or as a shadow",
    params=ByName,
    body=Promote,
    answer=list[PlacementView],
)
def promote_release(call: Call, request: Request[ByName, Promote]) -> list[PlacementView]:
    b = request.body
    guard = Guard(b.guard.number, b.guard.limit, b.guard.above, b.guard.reports) if b.guard else None
    asked = placing.Promote(b.release_uid, b.mode, b.share, b.note, guard, b.despite_freeze)
    return placing.promote(call, request.params.name, asked, request.etag)


@command(
    "release.rollback",
    "POST",
    "/environments/{name}/rollback",
    Permission.RELEASE_PLACE,
    "Put back what ran before on a line, in one transaction",
    params=ByName,
    body=OnLine,
    answer=list[PlacementView],
)
def roll_back(call: Call, request: Request[ByName, OnLine]) -> list[PlacementView]:
    return placing.rollback(call, request.params.name, request.body.line, request.body.note, request.etag)


@command(
    "release.demote",
    "POST",
    "/environments/{name}/demote",
    Permission.RELEASE_PLACE,
    "Set nothing to run on a line in an environment",
    params=ByName,
    body=OnLine,
)
def demote_release(call: Call, request: Request[ByName, OnLine]) -> None:
    placing.demote(call, request.params.name, request.body.line, request.body.note, request.etag)


OPERATIONS = (
    list_environments,
    create_environment,
    get_environment,
    update_environment,
    delete_environment,
    show_board,
    show_history,
    create_release,
    list_releases,
    get_release,
    promote_release,
    roll_back,
    demote_release,
)

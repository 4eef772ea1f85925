"""What callers are shown of delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call, asset_target
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.delivery.model import Environment, Placement, Release
from strongroom.domain.identity.roles import Permission


@dataclass(frozen=True, slots=True)
class FreezeView:
    """A time in which nothing is promoted."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """An environment; `after`: those that a release must have been live in first; `keep`: releases that stay ready."""

    uid: str
    name: str
    description: str
    position: int
    after: Sequence[str]
    restricted: bool
    keep: int
    freezes: Sequence[FreezeView]
    etag: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PartView:
    """A version in a release. Of one that the caller may not see only the role is shown."""

    role: str
    asset: str | None
    kind: str | None
    number: int | None
    version_uid: str | None
    tree: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """Versions that go together under one digest; it never changes."""

    uid: str
    line: str
    number: int
    digest: str
    parts: Sequence[PartView]
    note: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GuardView:
    """Beyond `limit` (above it, else below) `reports` times in a row, the release is taken back by itself."""

    number: str
    limit: float
    above: bool
    reports: int


@dataclass(frozen=True, slots=True)
class PlacementView:
    """That a release is, or was, set to run: who did it, how, why.

    `share` is the percent of the traffic that it answers, a shadow's the percent that it is shown. `action` is
    promote, rollback or automatic; `cause` what led to it. `ended_how` is replaced, rollback, demote or automatic; None
    while it is so, and where it ended before that was kept.
    """

    environment: str
    line: str
    release: ReleaseView
    mode: str
    share: int
    action: str
    note: str
    cause: Mapping[str, object]
    guard: GuardView | None
    placed_by: str
    valid_from: datetime
    valid_to: datetime | None
    ended_by: str | None
    ended_how: str | None
    ended_note: str
    ended_cause: Mapping[str, object]


PART_WEIGHS = 500
ROW_WEIGHS = 500


def release_weight(one: ReleaseView) -> int:
    """About how many bytes it has."""
    return ROW_WEIGHS + PART_WEIGHS * len(one.parts) + len(one.note)


def placement_weight(one: PlacementView) -> int:
    """About how many bytes it has."""
    return ROW_WEIGHS + release_weight(one.release) + len(one.note) + len(one.ended_note)


def environment_view(one: Environment) -> EnvironmentView:
    """An environment for anybody who may read it."""
    return EnvironmentView(
        one.uid,
        one.name,
        one.description,
        one.position,
        one.after,
        one.restricted,
        one.keep,
        [FreezeView(time_of(freeze.start), time_of(freeze.end), freeze.reason) for freeze in one.freezes],
        one.etag,
        time_of(one.recorded_at),
    )


def release_views(call: Call, releases: Sequence[Release]) -> list[ReleaseView]:
    """Releases for the caller, in a constant number of queries."""
    ids = sorted({part.version_id for one in releases for part in one.parts})
    versions = call.tx.versions.by_ids(ids)
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in versions.values()}))
    access = call.caller.access
    shown: dict[int, tuple[str | None, str | None, int | None, str | None, str | None]] = {}
    for id_, version in versions.items():
        asset = assets[version.asset_id]
        if access.allows(Permission.ASSET_READ, asset_target(asset)):
            shown[id_] = (asset.path, asset.kind, version.number, version.uid, version.state.value)

    def part_view(role: str, version_id: int, tree: str) -> PartView:
        path, kind, number, uid, state = shown.get(version_id, (None, None, None, None, None))
        return PartView(role, path, kind, number, uid, tree if uid else None, state)

    return [
        ReleaseView(
            one.uid,
            one.line,
            one.number,
            one.digest,
            [part_view(part.role, part.version_id, part.tree) for part in one.parts],
            one.note,
            one.created_by,
            time_of(one.recorded_at),
        )
        for one in releases
    ]


def placement_views(
    call: Call, placed: Sequence[Placement], environments: Mapping[int, Environment], shares: Mapping[int, int]
) -> list[PlacementView]:
    """Placements for the caller, in a constant number of queries.

    :param shares: placement id -> percent that it answers, of those that stand at one moment together.
    """
    releases = call.tx.releases.by_ids([one.release_id for one in placed])
    views = dict(zip(releases, release_views(call, list(releases.values())), strict=True))
    return [
        PlacementView(
            environments[one.environment_id].name,
            one.line,
            views[one.release_id],
            one.mode.value,
            one.share if one.mode == "shadow" else shares.get(one.id, one.share),
            one.action.value,
            one.note,
            one.cause,
            GuardView(one.guard.number, one.guard.limit, one.guard.above, one.guard.reports) if one.guard else None,
            one.placed_by,
            time_of(one.valid_from),
            maybe_time(one.valid_to),
            one.ended.by if one.ended else None,
            one.ended.how.value if one.ended else None,
            one.ended.note if one.ended else "",
            one.ended.cause if one.ended else {},
        )
        for one in placed
    ]

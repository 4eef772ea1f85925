"""What runs where is changed here, each time in one transaction: promote, roll back, demote.

The environment's row is locked first, then the assets and the versions of the release, so that none of them is deleted
or flagged between the look and the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call, check_etag
from strongroom.application.delivery import environments, releases
from strongroom.application.delivery.views import PlacementView, placement_views
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Crossing
from strongroom.application.recalls.standing import Content, standing_on
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Action, End, Ended, Environment, Guard, Mode, Placement, Release
from strongroom.domain.delivery.names import clean_note, clean_slug
from strongroom.domain.delivery.rules import BACK_MOST, clean_guard, clean_share, frozen_at, shares
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.model import VersionState


@dataclass(frozen=True, slots=True)
class Promote:
    """Set a release to run in an environment.

    :param share: percent of the traffic of a canary or shadow; None is all of it for what is live.
    :param despite_freeze: promote in a freeze window; for those who may change environments, with a note.
    """

    release_uid: str
    mode: str = Mode.LIVE.value
    share: int | None = None
    note: str = ""
    guard: Guard | None = None
    despite_freeze: bool = False


def promote(call: Call, name: str, command: Promote, etag: int | None = None) -> list[PlacementView]:
    """Set a release to run; what then runs on its line in the environment.

    A live one replaces all that runs on the line. A canary or shadow stands beside what is live.

    :raises Conflict: it has not stood where it must have, the environment is frozen, or a part is not fit; all that is
        wrong is named in `reasons`.
    :raises GateRefused: a rule keeps a part back. A rollback is not asked about: what ran may run again.
    """
    mode = _mode(command.mode)
    share = clean_share(mode, 100 if command.share is None else command.share)
    guard, note = clean_guard(command.guard), clean_note(command.note)
    release = releases.by_uid(call, command.release_uid)
    environment = environments.locked(call, name, Permission.RELEASE_PLACE)
    check_etag(etag, environment.etag)
    reasons = [*_frozen(call, environment, command), *_order(call, environment, release), *unfit(call, release)]
    present = call.tx.placements.current([environment.id], [release.line])
    live = next((one for one in present if one.mode is Mode.LIVE), None)
    if mode is not Mode.LIVE and live is None:
        reasons.append(f"nothing is live on {release.line!r} that a {mode.value} could stand beside")
    if mode is not Mode.LIVE and live and live.release_id == release.id:
        reasons.append("it is what is live")
    if reasons:
        raise Conflict(
            f"{release.line}#{release.number} is not promoted to {name}: {'; '.join(reasons)}.", reasons=reasons
        )
    if live and live.release_id == release.id and mode is Mode.LIVE and len(present) == 1 and live.guard == guard:
        return shown(call, environment, release.line)
    decisions = passing.require(call, _crossings(call, environment, release))
    gone = present if mode is Mode.LIVE else [one for one in present if one.mode is mode]
    _end(call, gone, _How(End.REPLACED, note))
    new = _New(mode, share, note, guard, live.id if live else None, decisions=decisions)
    _place(call, environment, release, Action.PROMOTE, new)
    return shown(call, environment, release.line)


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise Invalid(f"A release runs as one of {', '.join(Mode)}.") from None


def _frozen(call: Call, environment: Environment, command: Promote) -> list[str]:
    window = frozen_at(environment, call.now)
    if window is None:
        return []
    if command.despite_freeze:
        call.require(Permission.ENVIRONMENT_WRITE)
        if command.note:
            return []
        return ["a promotion in a freeze window needs a note that says why"]
    return ["the environment is frozen" + (f" ({window.reason})" if window.reason else "")]


def _order(call: Call, environment: Environment, release: Release) -> list[str]:
    if not environment.after:
        return []
    named = (call.tx.environments.by_name(environment.workspace_id, name) for name in environment.after)
    if call.tx.placements.stood_in(release.id, [one.id for one in named if one]):
        return []
    return [f"it has not been live in {' or '.join(environment.after)}"]


def _crossings(call: Call, environment: Environment, release: Release) -> list[Crossing]:
    """Each part on its way into the environment, from the one that it had to be live in, where that is one."""
    versions = call.tx.versions.by_ids([part.version_id for part in release.parts])
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in versions.values()}))
    source = environments.source_of(environment)
    way = Transition(TransitionKind.ENVIRONMENT, environment.name, source)
    return [Crossing(assets[version.asset_id], version, way) for _, version in sorted(versions.items())]


def unfit(call: Call, release: Release) -> list[str]:
    """Why parts of a release may not run: not published, in the trash, recalled or flagged. They are locked."""
    reasons = []
    known = call.tx.versions.by_ids(sorted({part.version_id for part in release.parts}))
    assets = {id_: call.tx.assets.lock(id_) for id_ in sorted({one.asset_id for one in known.values()})}
    for part in sorted(release.parts, key=lambda part: part.version_id):
        version = call.tx.versions.lock(part.version_id)
        if version.state is not VersionState.LIVE:
            reasons.append(f"{part.role}: the version is {version.state.value}")
        elif assets[version.asset_id].deleted_at is not None:
            reasons.append(f"{part.role}: its {assets[version.asset_id].kind} is in the trash")
        recalled = standing_on(call, Content(version.tree, None, version))
        if recalled:
            reasons.append(f"{part.role}: the version is recalled ({recalled[0].reason})")
            continue
        flagged = call.tx.lineage.flags_of([Vertex("version", version.id)], 1, removed=False)
        if flagged:
            reasons.append(f"{part.role}: the version is flagged ({flagged[0].cause.value})")
    return reasons


@dataclass(frozen=True, slots=True)
class _New:
    mode: Mode
    share: int
    note: str
    guard: Guard | None
    previous_id: int | None
    cause: Mapping[str, Json] = field(default_factory=dict)
    decisions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _How:
    """How placements end, and why."""

    end: End
    note: str = ""
    cause: Mapping[str, Json] = field(default_factory=dict)


def _place(call: Call, environment: Environment, release: Release, action: Action, new: _New) -> None:
    placed = Placement(
        id=0,
        environment_id=environment.id,
        line=release.line,
        release_id=release.id,
        mode=new.mode,
        share=new.share,
        action=action,
        note=new.note,
        cause=dict(new.cause),
        guard=new.guard,
        previous_id=new.previous_id,
        placed_by=call.actor.uid,
        valid_from=call.now,
        valid_to=None,
    )
    call.tx.placements.place(placed, call.actor.id)
    call.tx.environments.update(environment)
    verb = "promote" if action is Action.PROMOTE else "rollback"
    details: dict[str, Json] = {
        "environment": environment.name,
        "line": release.line,
        "number": release.number,
        "digest": release.digest,
        "mode": new.mode.value,
        "share": new.share,
    }
    details |= passing.told(new.decisions)
    if new.cause:
        details["cause"] = new.cause
    call.record(f"release.{verb}", releases.subject(release), details)


def rollback(call: Call, name: str, line: str, note: str = "", etag: int | None = None) -> list[PlacementView]:
    """Put back what ran before, in one transaction; freeze windows do not hold it up.

    Where a canary or shadow stands beside what is live, it is taken away, and that is all.

    :raises Conflict: nothing ran before, or a part of it is not fit to run any more.
    """
    environment = environments.locked(call, name, Permission.RELEASE_PLACE)
    check_etag(etag, environment.etag)
    why = clean_note(note)
    present = call.tx.placements.current([environment.id], [clean_slug(line, what="line")])
    live = next((one for one in present if one.mode is Mode.LIVE), None)
    if live is None:
        raise NotFound(f"Nothing runs on {line!r} in {name}.")
    beside = [one for one in present if one.mode is not Mode.LIVE]
    if beside:
        _away(call, environment, beside, _How(End.ROLLBACK, why))
    else:
        _put_back(call, environment, live, _How(End.ROLLBACK, why))
    return shown(call, environment, line)


def take_back(call: Call, environment: Environment, guarded: Placement, note: str, cause: Mapping[str, Json]) -> None:
    """Take one placement back whose guard was breached; what stands beside it stays. The environment is locked.

    :raises Conflict: it is live, and nothing that is fit to run was before it.
    """
    how = _How(End.AUTOMATIC, note, cause)
    if guarded.mode is Mode.LIVE:
        _put_back(call, environment, guarded, how)
    else:
        _away(call, environment, [guarded], how)


def _put_back(call: Call, environment: Environment, live: Placement, how: _How) -> None:
    to = _before(call, live)
    release = call.tx.releases.by_ids([to.release_id])[to.release_id]
    reasons = unfit(call, release)
    if reasons:
        named = f"{live.line}#{release.number}"
        raise Conflict(f"{named} cannot be put back: {'; '.join(reasons)}.", reasons=reasons)
    _end(call, [live], how)
    action = Action.AUTOMATIC if how.end is End.AUTOMATIC else Action.ROLLBACK
    new = _New(Mode.LIVE, 100, how.note, to.guard, to.previous_id, how.cause)
    _place(call, environment, release, action, new)


def _before(call: Call, live: Placement) -> Placement:
    """The placement of another release that a rollback goes to."""
    previous, seen = live.previous_id, 0
    while previous is not None and seen < BACK_MOST:
        found = call.tx.placements.by_id(previous)
        if found is None:
            break
        if found.release_id != live.release_id:
            return found
        previous, seen = found.previous_id, seen + 1
    raise Conflict("Nothing else ran on this line before.")


def demote(call: Call, name: str, line: str, note: str = "", etag: int | None = None) -> None:
    """Set nothing to run on a line in an environment. :raises NotFound: nothing runs there."""
    environment = environments.locked(call, name, Permission.RELEASE_PLACE)
    check_etag(etag, environment.etag)
    why = clean_note(note)
    present = call.tx.placements.current([environment.id], [clean_slug(line, what="line")])
    if not present:
        raise NotFound(f"Nothing runs on {line!r} in {name}.")
    _away(call, environment, present, _How(End.DEMOTE, why))


def _end(call: Call, placed: Sequence[Placement], how: _How) -> None:
    if placed:
        call.tx.placements.end(placed, Ended(call.actor.uid, how.end, how.note, how.cause), call.actor.id, call.now)


def _away(call: Call, environment: Environment, placed: Sequence[Placement], how: _How) -> None:
    _end(call, placed, how)
    call.tx.environments.update(environment)
    found = call.tx.releases.by_ids([one.release_id for one in placed])
    first = found[placed[0].release_id]
    details: dict[str, Json] = {
        "environment": environment.name,
        "line": placed[0].line,
        "taken": tuple(sorted(f"{one.mode.value}:{found[one.release_id].digest}" for one in placed)),
    }
    if how.cause:
        details["cause"] = how.cause
    verb = "demote" if how.end is End.DEMOTE else "rollback"
    call.record(f"release.{verb}", Subject("release", first.uid), details)


def shown(call: Call, environment: Environment, line: str) -> list[PlacementView]:
    """What runs on a line in an environment, what is live first."""
    present = in_order(call.tx.placements.current([environment.id], [line]))
    return placement_views(call, present, {environment.id: environment}, shares(present))


def in_order(placed: Sequence[Placement]) -> list[Placement]:
    """By environment and line, what is live first."""
    rank = {Mode.LIVE: 0, Mode.CANARY: 1, Mode.SHADOW: 2}
    return sorted(placed, key=lambda one: (one.environment_id, one.line, rank[one.mode], one.id))

"""Releases: sets of versions that go together under one digest. They are made once and never change."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.delivery import environments
from strongroom.application.delivery.views import ReleaseView, release_views, release_weight
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.registry import versions
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.delivery.model import Part, Release
from strongroom.domain.delivery.names import clean_note, clean_slug
from strongroom.domain.delivery.rules import clean_roles, digest_of
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState


@dataclass(frozen=True, slots=True)
class WantedPart:
    """A version, and the role that it plays in the release."""

    role: str
    version_uid: str


@dataclass(frozen=True, slots=True)
class CreateRelease:
    """A new release of a line."""

    line: str
    parts: Sequence[WantedPart]
    note: str = ""


def create(call: Call, command: CreateRelease) -> ReleaseView:
    """Make a release; the same versions on the same line, again, are the release that there is.

    :raises NotFound: no such version, or not visible. :raises Conflict: one is not published.
    """
    call.require(Permission.RELEASE_CREATE)
    line, note = clean_slug(command.line, what="line"), clean_note(command.note)
    roles = clean_roles([part.role for part in command.parts])
    parts = tuple(
        sorted((_part(call, role, wanted) for role, wanted in zip(roles, command.parts, strict=True)), key=_role)
    )
    call.tx.workspaces.lock(call.workspace.id)
    digest = digest_of(parts)
    for known in call.tx.releases.of_digest(call.workspace.id, line, digest):
        if known.parts == parts:
            return release_views(call, [known])[0]
    made = call.tx.releases.add(
        Release(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            line=line,
            number=0,
            digest=digest,
            parts=parts,
            note=note,
            created_by=call.actor.uid,
            recorded_at=call.now,
        ),
        call.actor.id,
    )
    trees = tuple(f"{part.role}:{part.tree}" for part in parts)
    details: dict[str, Json] = {"line": line, "number": made.number, "digest": digest, "parts": trees}
    call.record("release.create", subject(made), details)
    return release_views(call, [made])[0]


def subject(release: Release) -> Subject:
    """A release as the subject of a record."""
    return Subject("release", release.uid)


def _role(part: Part) -> str:
    return part.role


def _part(call: Call, role: str, wanted: WantedPart) -> Part:
    asset, version = versions.by_uid(call, wanted.version_uid, Permission.ASSET_READ)
    if version.state is not VersionState.LIVE or asset.deleted_at is not None or version.tree is None:
        raise Conflict("Only published versions outside the trash are released.", role=role, state=version.state.value)
    return Part(role, version.id, version.tree)


def by_uid(call: Call, uid: str) -> Release:
    """A release, when the caller may read those of the workspace. :raises NotFound: none."""
    environments.visible(call)
    found = call.tx.releases.by_uid(call.workspace.id, uid)
    if found is None:
        call.absent = True
        raise NotFound("There is no such release.")
    return found


def get(call: Call, uid: str) -> ReleaseView:
    """One release; of parts that the caller may not see only the role is shown."""
    return release_views(call, [by_uid(call, uid)])[0]


def listed(call: Call, line: str | None, page: PageRequest) -> Page[ReleaseView]:
    """Releases, of one line or all, the latest first."""
    environments.visible(call)
    listing = f"releases/{call.workspace.id}/{line}"
    rows = call.tx.releases.list(call.workspace.id, line, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return within_bytes(
        kept,
        lambda some: release_views(call, some),
        release_weight,
        lambda one: call.sealer.seal(listing, (one.id,)),
    )

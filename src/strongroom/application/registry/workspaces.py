"""Workspaces: the tenants of a server."""

from dataclasses import dataclass, replace
from typing import Final

from strongroom.application.call import Call, Refusal, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry.views import WorkspaceView, workspace_view
from strongroom.application.tracking import standing
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Held, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.model import Workspace
from strongroom.domain.registry.names import clean_workspace_slug

DEFAULT: Final = "default"
HOLDERS_NAMED: Final = 10
"""Things that a workspace holds, named when it is not empty."""


@dataclass(frozen=True, slots=True)
class CreateWorkspace:
    """A new tenant; its slug is in the addresses of all that is in it and cannot change."""

    slug: str
    description: str = ""


def create(call: Call, command: CreateWorkspace) -> WorkspaceView:
    """Add a workspace with an empty root namespace."""
    call.require(Permission.WORKSPACE_CREATE, Target(), Subject("server", "server"))
    slug = clean_workspace_slug(command.slug)
    workspace = call.tx.workspaces.add(slug, clean_description(command.description))
    made = tuple(standing.furnish(call.tx, workspace))
    call.record("workspace.create", Subject("workspace", workspace.uid), {"slug": slug, "experiments": made})
    return workspace_view(workspace)


def listed(call: Call, page: PageRequest) -> Page[WorkspaceView]:
    """Workspaces that the caller may enter, by slug."""
    call.ask(Permission.SELF)
    found: list[Workspace] = []
    after = call.sealer.open("workspaces", page.token)
    while len(found) <= page.size:
        rows = call.tx.workspaces.list(after, page.size + 1)
        found += [row for row in rows if call.caller.access.enters(row.id)]
        if len(rows) <= page.size:
            break
        after = (rows[-1].slug,)
    return call.sealer.page("workspaces", found, page.size, lambda w: (w.slug,)).map(workspace_view)


def find(call: Call, slug: str) -> Workspace:
    """A workspace that the caller may enter.

    :raises NotFound: none of that slug, or nothing in it is for this caller.
    """
    call.ask(Permission.WORKSPACE_READ)
    workspace = call.tx.workspaces.by_slug(slug)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    if not call.caller.access.enters(workspace.id):
        call.refusal = Refusal(Permission.WORKSPACE_READ, Subject("workspace", workspace.uid))
        raise NotFound("There is no such workspace.")
    return workspace


def get(call: Call, slug: str) -> WorkspaceView:
    """A workspace that the caller may enter."""
    return workspace_view(find(call, slug))


def locked(call: Call, slug: str, etag: int | None) -> Workspace:
    """The workspace, locked, when the caller may change its settings and it is at the stated ETag."""
    workspace = find(call, slug)
    target = Target(workspace_id=workspace.id, namespace="")
    call.require(Permission.WORKSPACE_SETTINGS, target, Subject("workspace", workspace.uid))
    workspace = call.tx.workspaces.lock(workspace.id)
    check_etag(etag, workspace.etag)
    return workspace


def update(call: Call, slug: str, description: str, etag: int | None) -> WorkspaceView:
    """Change the description."""
    workspace = locked(call, slug, etag)
    changed = call.tx.workspaces.update(
        workspace, description=clean_description(description), settings=workspace.settings
    )
    replace(call, workspace=changed).record("workspace.update", Subject("workspace", workspace.uid))
    return workspace_view(changed)


def delete(call: Call, slug: str, etag: int | None) -> None:
    """Delete an empty workspace; its name is free again, its records stay.

    :raises Held: something lives in it, such as an asset or a principal whose home it is; nothing goes with it.
    """
    workspace = find(call, slug)
    call.require(Permission.WORKSPACE_DELETE, Target(), Subject("workspace", workspace.uid))
    if workspace.slug == DEFAULT:
        raise Conflict("The default workspace stays.")
    workspace = call.tx.workspaces.lock(workspace.id)
    root = call.tx.namespaces.by_path(workspace.id, "")
    if workspace.deleted_at is not None or root is None or call.tx.namespaces.lock(root.id) is None:
        raise NotFound("There is no such workspace.")
    check_etag(etag, workspace.etag)
    holders = call.tx.workspaces.holders(workspace.id, HOLDERS_NAMED)
    if holders:
        raise Held("The workspace is not empty.", holders=list(holders))
    call.tx.workspaces.delete(workspace, call.now)
    replace(call, workspace=workspace).record("workspace.delete", Subject("workspace", workspace.uid), {"slug": slug})

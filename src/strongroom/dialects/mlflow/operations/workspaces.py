"""Workspaces, which are ours."""

from strongroom.application.call import Call
from strongroom.application.paging import MAX_PAGE, PageRequest
from strongroom.application.registry import workspaces
from strongroom.application.registry.views import WorkspaceView
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.wire import workspaces as wire
from strongroom.dialects.mlflow.wire.codec import Message, invalid
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

ABSENT = "Workspace '{workspace_name}' not found"
LISTED_MOST = 10_000
_P = Permission
_BY_NAME = "/mlflow/workspaces/{workspace_name}"
_V3 = ("3.0",)


def _spoken(view: WorkspaceView) -> wire.Workspace:
    return wire.Workspace(name=view.slug, description=view.description or None)


def _refuse_places(message: wire.ChangeWorkspace) -> None:
    """:raises Invalid: a workspace would have its own place for artifacts or traces: this server keeps them itself."""
    archival = message.trace_archival_config
    for name, value in (
        ("default_artifact_root", message.default_artifact_root),
        ("trace_archival_config.location", archival.location),
        ("trace_archival_config.retention", archival.retention),
    ):
        if value:
            raise invalid(name, value[:200], "This server keeps artifacts and traces itself.")


@read("workspaces.list", "GET", "/mlflow/workspaces", _P.SELF, Message, versions=_V3)
def listed(call: Call, _message: Message) -> wire.WorkspacesAnswer:
    """All that the caller may enter: MLflow has no pages here."""
    found: list[wire.Workspace] = []
    token = None
    while len(found) < LISTED_MOST:
        page = workspaces.listed(call, PageRequest(MAX_PAGE, token))
        found += map(_spoken, page.items)
        token = page.next_page_token
        if token is None:
            break
    return wire.WorkspacesAnswer(workspaces=found)


@command(
    "workspaces.create",
    "POST",
    "/mlflow/workspaces",
    _P.WORKSPACE_CREATE,
    wire.CreateWorkspace,
    required=("name",),
    versions=_V3,
    status=201,
)
def create(call: Call, message: wire.CreateWorkspace) -> wire.WorkspaceAnswer:
    """Make a workspace."""
    _refuse_places(message)
    wanted = workspaces.CreateWorkspace(message.name or "", message.description or "")
    return wire.WorkspaceAnswer(workspace=_spoken(workspaces.create(call, wanted)))


@read("workspaces.get", "GET", _BY_NAME, _P.WORKSPACE_READ, wire.ByName, versions=_V3, absent=ABSENT)
def get(call: Call, message: wire.ByName) -> wire.WorkspaceAnswer:
    """One workspace."""
    return wire.WorkspaceAnswer(workspace=_spoken(workspaces.get(call, message.workspace_name or "")))


@command(
    "workspaces.update",
    "PATCH",
    _BY_NAME,
    _P.WORKSPACE_SETTINGS,
    wire.UpdateWorkspace,
    versions=_V3,
    absent=ABSENT,
)
def update(call: Call, message: wire.UpdateWorkspace) -> wire.WorkspaceAnswer:
    """Describe a workspace."""
    _refuse_places(message)
    if message.description is None:
        raise Invalid("Workspace update must have at least one key")
    view = workspaces.update(call, message.workspace_name or "", message.description, None)
    return wire.WorkspaceAnswer(workspace=_spoken(view))


@command(
    "workspaces.delete",
    "DELETE",
    _BY_NAME,
    _P.WORKSPACE_DELETE,
    wire.DeleteWorkspace,
    versions=_V3,
    absent=ABSENT,
    status=204,
    in_query=True,
)
def delete(call: Call, message: wire.DeleteWorkspace) -> None:
    """Delete an empty workspace."""
    if message.mode not in {None, "RESTRICT"}:
        raise invalid("mode", str(message.mode)[:64], "Only an empty workspace is deleted: RESTRICT.")
    workspaces.delete(call, message.workspace_name or "", None)


OPERATIONS = (listed, create, get, update, delete)

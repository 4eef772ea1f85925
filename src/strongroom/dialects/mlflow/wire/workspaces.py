"""MLflow's messages about workspaces."""

from msgspec import field

from strongroom.dialects.mlflow.wire.codec import Message


class Archival(Message):
    """Where MLflow would keep old traces."""

    location: str | None = None
    retention: str | None = None


class Workspace(Message):
    """A workspace."""

    name: str
    description: str | None = None


class ChangeWorkspace(Message):
    """What is said of a workspace; places of its own for artifacts and traces are not taken."""

    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: Archival = field(default_factory=Archival)


class CreateWorkspace(ChangeWorkspace):
    """A new workspace."""

    name: str | None = None


class UpdateWorkspace(ChangeWorkspace):
    """Changes to one."""

    workspace_name: str | None = None


class ByName(Message):
    """A workspace by its name."""

    workspace_name: str | None = None


class DeleteWorkspace(ByName):
    """`mode` says what becomes of what is in it."""

    mode: str | None = None


class WorkspaceAnswer(Message):
    """One workspace."""

    workspace: Workspace


class WorkspacesAnswer(Message):
    """Those that the caller may enter."""

    workspaces: list[Workspace]

"""Workspaces and namespaces."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import namespaces, stages, workspaces
from strongroom.application.registry.stages import StagesView
from strongroom.application.registry.views import NamespaceView, WorkspaceView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Name, Paged, Path
from strongroom.domain.identity.roles import Permission


class BySlug(Struct, frozen=True, kw_only=True):
    """A workspace by its slug."""

    slug: Name


class CreateWorkspace(Struct, frozen=True, kw_only=True):
    """A new workspace."""

    slug: Name
    description: str = ""


class Describe(Struct, frozen=True, kw_only=True):
    """A new description."""

    description: str


Edge = Annotated[list[str], Meta(min_length=2, max_length=2, description="From a stage, to a stage.")]


class DefineStages(Struct, frozen=True, kw_only=True):
    """Stages in their order ("none" among them), and pairs of stages between which a version may move."""

    stages: Annotated[list[str], Meta(min_length=1, max_length=64)]
    edges: Annotated[list[Edge], Meta(max_length=4096)] = []
    open: bool = False


class CreateNamespace(Struct, frozen=True, kw_only=True):
    """A new namespace."""

    path: Path
    description: str = ""


@read(
    "workspace.list",
    "/workspaces",
    Permission.SELF,
    "Workspaces that you may enter",
    params=Paged,
    answer=Page[WorkspaceView],
)
def list_workspaces(call: Call, request: Request[Paged, Any]) -> Page[WorkspaceView]:
    return workspaces.listed(call, request.params.page())


@command(
    "workspace.create",
    "POST",
    "/workspaces",
    Permission.WORKSPACE_CREATE,
    "Create a workspace",
    body=CreateWorkspace,
    answer=WorkspaceView,
    status=201,
)
def create_workspace(call: Call, request: Request[Any, CreateWorkspace]) -> WorkspaceView:
    return workspaces.create(call, workspaces.CreateWorkspace(request.body.slug, request.body.description))


@read(
    "workspace.get",
    "/workspaces/{slug}",
    Permission.WORKSPACE_READ,
    "One workspace",
    params=BySlug,
    answer=WorkspaceView,
)
def get_workspace(call: Call, request: Request[BySlug, Any]) -> WorkspaceView:
    return workspaces.get(call, request.params.slug)


@command(
    "workspace.update",
    "PATCH",
    "/workspaces/{slug}",
    Permission.WORKSPACE_SETTINGS,
    "Describe a workspace",
    params=BySlug,
    body=Describe,
    answer=WorkspaceView,
)
def update_workspace(call: Call, request: Request[BySlug, Describe]) -> WorkspaceView:
    return workspaces.update(call, request.params.slug, request.body.description, request.etag)


@command(
    "workspace.delete",
    "DELETE",
    "/workspaces/{slug}",
    Permission.WORKSPACE_DELETE,
    "Delete an empty workspace; its name is free again, its records stay",
    params=BySlug,
)
def delete_workspace(call: Call, request: Request[BySlug, Any]) -> None:
    workspaces.delete(call, request.params.slug, request.etag)


@read(
    "workspace.stages",
    "/workspaces/{slug}/stages",
    Permission.WORKSPACE_READ,
    "Stages of a workspace, and the moves between them that it allows",
    params=BySlug,
    answer=StagesView,
)
def get_stages(call: Call, request: Request[BySlug, Any]) -> StagesView:
    return stages.of_workspace(call, request.params.slug)


@command(
    "workspace.define_stages",
    "PUT",
    "/workspaces/{slug}/stages",
    Permission.WORKSPACE_SETTINGS,
    "Give a workspace stages of its own",
    params=BySlug,
    body=DefineStages,
    answer=StagesView,
)
def define_stages(call: Call, request: Request[BySlug, DefineStages]) -> StagesView:
    body = request.body
    return stages.define(
        call, request.params.slug, body.stages, [(a, b) for a, b in body.edges], is_open=body.open, etag=request.etag
    )


@read(
    "namespace.list",
    "/namespaces",
    Permission.NAMESPACE_READ,
    "Namespaces of the workspace",
    params=Paged,
    answer=Page[NamespaceView],
)
def list_namespaces(call: Call, request: Request[Paged, Any]) -> Page[NamespaceView]:
    return namespaces.listed(call, request.params.page())


@command(
    "namespace.create",
    "POST",
    "/namespaces",
    Permission.NAMESPACE_CREATE,
    "Create a namespace",
    body=CreateNamespace,
    answer=NamespaceView,
    status=201,
)
def create_namespace(call: Call, request: Request[Any, CreateNamespace]) -> NamespaceView:
    return namespaces.create(call, request.body.path, request.body.description)


@read(
    "namespace.get", "/namespaces/{uid}", Permission.NAMESPACE_READ, "One namespace", params=ByUid, answer=NamespaceView
)
def get_namespace(call: Call, request: Request[ByUid, Any]) -> NamespaceView:
    return namespaces.get(call, request.params.uid)


@command(
    "namespace.update",
    "PATCH",
    "/namespaces/{uid}",
    Permission.NAMESPACE_EDIT,
    "Describe a namespace",
    params=ByUid,
    body=Describe,
    answer=NamespaceView,
)
def update_namespace(call: Call, request: Request[ByUid, Describe]) -> NamespaceView:
    return namespaces.update(call, request.params.uid, request.body.description, request.etag)


@command(
    "namespace.delete",
    "DELETE",
    "/namespaces/{uid}",
    Permission.NAMESPACE_DELETE,
    "Delete an empty namespace",
    params=ByUid,
)
def delete_namespace(call: Call, request: Request[ByUid, Any]) -> None:
    namespaces.delete(call, request.params.uid)


OPERATIONS = (
    list_workspaces,
    create_workspace,
    get_workspace,
    update_workspace,
    delete_workspace,
    get_stages,
    define_stages,
    list_namespaces,
    create_namespace,
    get_namespace,
    update_namespace,
    delete_namespace,
)

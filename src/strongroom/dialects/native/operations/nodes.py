"""Nodes: vertices of lineage that are not ours."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.lineage.views import NodeView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.operations.lineage import Word
from strongroom.dialects.native.wire import ByUid, Paged
from strongroom.domain.identity.roles import Permission

Uri = Annotated[str, Meta(max_length=2000)]
ForeignId = Annotated[str, Meta(max_length=512, description="The id that another system gave.")]


class ListNodes(Paged, frozen=True, kw_only=True):
    """Which nodes to list; `deleted` lists what is only a tombstone."""

    kind: Word | None = None
    uri: Uri | None = None
    dialect: Word | None = None
    foreign_id: ForeignId | None = None
    deleted: bool = False


class CreateNode(Struct, frozen=True, kw_only=True):
    """Something that is not ours; one with the same kind, name and digest (without digest: address) is the same.

    With another `dialect` than `native` it is another system's, and is told apart by its `foreign_id`.
    """

    name: Word
    kind: Word = "dataset"
    type: Word = ""
    uri: Uri | None = None
    digest: Word | None = None
    properties: dict[str, Scalar] = {}
    dialect: Word = nodes.NATIVE
    foreign_id: ForeignId | None = None
    state: Word = ""


class UpdateNode(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays. `properties` replace all there are."""

    type: Word | None = None
    name: Word | None = None
    uri: Uri | None = None
    state: Word | None = None
    properties: dict[str, Scalar] | None = None


class DeleteNode(Struct, frozen=True, kw_only=True):
    """Why it is deleted; the tombstone keeps it."""

    reason: str


@read(
    "node.list",
    "/nodes",
    Permission.LINEAGE_READ,
    "Nodes of the workspace, newest first",
    params=ListNodes,
    answer=Page[NodeView],
)
def list_nodes(call: Call, request: Request[ListNodes, Any]) -> Page[NodeView]:
    p = request.params
    return nodes.listed(call, nodes.ListNodes(p.kind, p.uri, p.dialect, p.foreign_id, p.deleted), p.page())


@command(
    "node.create",
    "POST",
    "/nodes",
    Permission.LINEAGE_WRITE,
    "Add a node; one that exists is returned as it is, a deleted one comes back",
    body=CreateNode,
    answer=NodeView,
)
def create_node(call: Call, request: Request[Any, CreateNode]) -> NodeView:
    return nodes.add(call, nodes.AddNode(**structs.asdict(request.body)))


@read("node.get", "/nodes/{uid}", Permission.LINEAGE_READ, "One node", params=ByUid, answer=NodeView)
def get_node(call: Call, request: Request[ByUid, Any]) -> NodeView:
    return nodes.get(call, request.params.uid)


@command(
    "node.update",
    "PATCH",
    "/nodes/{uid}",
    Permission.LINEAGE_WRITE,
    "Change what is said of a node",
    params=ByUid,
    body=UpdateNode,
    answer=NodeView,
)
def update_node(call: Call, request: Request[ByUid, UpdateNode]) -> NodeView:
    changes = nodes.UpdateNode(**structs.asdict(request.body))
    return nodes.update(call, request.params.uid, changes, request.etag)


@command(
    "node.delete",
    "POST",
    "/nodes/{uid}/delete",
    Permission.LINEAGE_WRITE,
    "Delete a node; a tombstone with its edges stays",
    params=ByUid,
    body=DeleteNode,
    answer=NodeView,
)
def delete_node(call: Call, request: Request[ByUid, DeleteNode]) -> NodeView:
    return nodes.delete(call, request.params.uid, request.body.reason, request.etag)


OPERATIONS = (list_nodes, create_node, get_node, update_node, delete_node)

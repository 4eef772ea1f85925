"""Lineage: walks through the graph, and nodes for what is not ours."""

from typing import Annotated, Any

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.lineage import graph, nodes
from strongroom.application.lineage.views import GraphView, NodeView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.assets import Scalar
from strongroom.dialects.native.wire import ByUid, Paged, Uid
from strongroom.domain.identity.roles import Permission

Word = Annotated[str, Meta(max_length=255)]
Uri = Annotated[str, Meta(max_length=2000)]


class Walk(Struct, frozen=True, kw_only=True):
    """Where a walk begins (`kind` is `version`, `run` or `node`) and how far it goes.

    `direction` is `up` (what it came from), `down` (what came of it) or `both`.
    """

    kind: Word
    uid: Uid
    direction: Word = "both"
    depth: Annotated[int, Meta(ge=1, le=graph.DEEPEST)] = 10
    max_vertices: Annotated[int, Meta(ge=1, le=graph.VERTICES_MOST)] = graph.VERTICES_MOST


class ListNodes(Paged, frozen=True, kw_only=True):
    """Which nodes to list."""

    kind: Word | None = None
    uri: Uri | None = None


class CreateNode(Struct, frozen=True, kw_only=True):
    """Something that is not ours; one with the same kind, name and digest (without digest: address) is the same."""

    name: Word
    kind: Word = "dataset"
    type: Word = ""
    uri: Uri | None = None
    digest: Word | None = None
    properties: dict[str, Scalar] = {}


@read(
    "lineage.walk",
    "/lineage/{kind}/{uid}",
    Permission.LINEAGE_READ,
    "What something came from, and what came of it",
    params=Walk,
    answer=GraphView,
)
def walk(call: Call, request: Request[Walk, Any]) -> GraphView:
    p = request.params
    return graph.walk(call, p.kind, p.uid, p.direction, depth=p.depth, most=p.max_vertices)


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
    return nodes.listed(call, p.kind, p.uri, p.page())


@command(
    "node.create",
    "POST",
    "/nodes",
    Permission.LINEAGE_WRITE,
    "Add a node; one that exists is returned as it is",
    body=CreateNode,
    answer=NodeView,
)
def create_node(call: Call, request: Request[Any, CreateNode]) -> NodeView:
    return nodes.add(call, nodes.AddNode(**structs.asdict(request.body)))


@read("node.get", "/nodes/{uid}", Permission.LINEAGE_READ, "One node", params=ByUid, answer=NodeView)
def get_node(call: Call, request: Request[ByUid, Any]) -> NodeView:
    return nodes.get(call, request.params.uid)


OPERATIONS = (
    walk,
    list_nodes,
    create_node,
    get_node,
)

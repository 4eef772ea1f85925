"""Nodes: vertices of lineage that are not ours, such as a data set in somebody's bucket.

A node belongs to the workspace and is one for all who name it the same. Whoever may read lineage in the whole
workspace sees it; others see those that touch a run or version that they see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.application.call import Call, Refusal
from strongroom.application.lineage.views import NodeView, node_view, vertex_views
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import (
    clean_node_kind,
    clean_node_name,
    clean_node_properties,
    clean_uri,
    clean_word,
    dataset_id,
)
from strongroom.domain.lineage.model import Node, Vertex
from strongroom.domain.registry.fields import Scalar

NATIVE = "native"
NEIGHBOURS_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class AddNode:
    """A node from outside: one with the same kind, name and digest (without digest: address) is the same node."""

    name: str
    kind: str = "dataset"
    type: str = ""
    uri: str | None = None
    digest: str | None = None
    properties: Mapping[str, Scalar] = field(default_factory=dict)


def ensure(call: Call, command: AddNode) -> tuple[Node, bool]:
    """The node, and whether it is new; without a check of rights or a record, which its caller makes."""
    name, digest = clean_node_name(command.name), clean_word(command.digest, "digest")
    uri = clean_uri(command.uri)
    node = Node(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        dialect=NATIVE,
        foreign_id=dataset_id(name, digest, uri),
        kind=clean_node_kind(command.kind),
        type=clean_word(command.type, "type") or "",
        name=name,
        uri=uri,
        digest=digest,
        properties=clean_node_properties(command.properties),
        recorded_at=call.now,
    )
    return call.tx.lineage.add_node(node, call.actor.id)


def add(call: Call, command: AddNode) -> NodeView:
    """Add a node; one that exists stays as it was and is returned."""
    call.require(Permission.LINEAGE_WRITE)
    node, is_new = ensure(call, command)
    if is_new:
        call.record("node.create", Subject("node", node.uid), {"kind": node.kind})
    return node_view(node)


def by_uid(call: Call, uid: str) -> Node:
    """The node of that uid, when the caller may see it.

    :raises NotFound: none, or not visible.
    """
    call.ask(Permission.LINEAGE_READ)
    node = call.tx.lineage.node_by_uid(call.workspace.id, uid)
    if node is None:
        raise NotFound("There is no such node.")
    if not call.allows(Permission.LINEAGE_READ) and not _touches_visible(call, node):
        call.refusal = Refusal(Permission.LINEAGE_READ, Subject("node", uid))
        raise NotFound("There is no such node.")
    return node


def _touches_visible(call: Call, node: Node) -> bool:
    vertex = Vertex("node", node.id)
    near = [edge.source for edge in call.tx.lineage.edges_of([vertex], "up", NEIGHBOURS_ASKED)]
    near += [edge.target for edge in call.tx.lineage.edges_of([vertex], "down", NEIGHBOURS_ASKED)]
    return any(view.kind != "node" for view in vertex_views(call, near).values())


def get(call: Call, uid: str) -> NodeView:
    """One node."""
    return node_view(by_uid(call, uid))


def listed(call: Call, kind: str | None, uri: str | None, page: PageRequest) -> Page[NodeView]:
    """The nodes of the workspace, newest first, for those who may read lineage in all of it."""
    call.require(Permission.LINEAGE_READ)
    kind = clean_node_kind(kind) if kind else None
    listing = f"nodes/{call.workspace.id}/{kind}/{uri}"
    rows = call.tx.lineage.list_nodes(
        call.workspace.id, kind=kind, uri=uri, after=call.sealer.open(listing, page.token), limit=page.size + 1
    )
    return call.sealer.page(listing, rows, page.size, lambda n: (n.recorded_at, n.id)).map(node_view)

"""Nodes: vertices of lineage that are not ours, such as a data set in somebody's bucket or an action of another system.

A node belongs to the workspace and is one for all who name it the same. Whoever may read lineage in the whole
workspace sees it; others see those that touch a run or version that they see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.application.call import Call, Refusal, check_etag
from strongroom.application.lineage.sight import vertex_views
from strongroom.application.lineage.views import NodeView, node_view
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import (
    clean_dialect,
    clean_foreign_id,
    clean_node_kind,
    clean_node_name,
    clean_node_properties,
    clean_reason,
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
    """A node from outside: one with the same kind, name and digest (without digest: address) is the same node.

    :param dialect: whose ids it has; another system's nodes are told apart by `foreign_id` alone.
    :param state: the other system's own word for it.
    """

    name: str
    kind: str = "dataset"
    type: str = ""
    uri: str | None = None
    digest: str | None = None
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    dialect: str = NATIVE
    foreign_id: str | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class UpdateNode:
    """Changes to a node; what is None stays. Properties are replaced as a whole."""

    type: str | None = None
    name: str | None = None
    uri: str | None = None
    state: str | None = None
    properties: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class ListNodes:
    """Which nodes to list."""

    kind: str | None = None
    uri: str | None = None
    dialect: str | None = None
    foreign_id: str | None = None
    deleted: bool = False


def _identity(command: AddNode, name: str, digest: str | None, uri: str | None) -> tuple[str, str]:
    dialect = clean_dialect(command.dialect)
    if dialect == NATIVE:
        if command.foreign_id is not None:
            raise Invalid("Say in which dialect the foreign id is.")
        return dialect, dataset_id(name, digest, uri)
    if command.foreign_id is None:
        raise Invalid("A node of another system has its foreign id.")
    return dialect, clean_foreign_id(command.foreign_id)


def ensure(call: Call, command: AddNode) -> tuple[Node, bool]:
    """The node, and whether it is new or back from the dead; its caller checks rights and makes the record.

    :raises AlreadyExists: the foreign id is that of a node of another kind.
    """
    name, digest = clean_node_name(command.name), clean_word(command.digest, "digest")
    uri = clean_uri(command.uri)
    dialect, foreign_id = _identity(command, name, digest, uri)
    wanted = Node(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        dialect=dialect,
        foreign_id=foreign_id,
        kind=clean_node_kind(command.kind),
        type=clean_word(command.type, "type") or "",
        name=name,
        uri=uri,
        digest=digest,
        properties=clean_node_properties(command.properties),
        recorded_at=call.now,
        state=clean_word(command.state, "state") or "",
    )
    node, is_new = call.tx.lineage.add_node(wanted, call.actor.id)
    if node.kind != wanted.kind:
        raise AlreadyExists("That foreign id is a node of another kind.", kind=node.kind)
    if node.deleted_at is None:
        return node, is_new
    back = {"type": wanted.type, "uri": wanted.uri, "properties": wanted.properties, "state": wanted.state}
    return call.tx.lineage.update_node(node, **back, deleted_at=None, deleted_reason=""), True


def add(call: Call, command: AddNode) -> NodeView:
    """Add a node; one that exists stays as it was and is returned; a deleted one comes back."""
    call.require(Permission.LINEAGE_WRITE)
    node, is_new = ensure(call, command)
    if is_new:
        call.record("node.create", Subject("node", node.uid), {"kind": node.kind})
    return node_view(node)


def _locked(call: Call, uid: str) -> Node:
    call.require(Permission.LINEAGE_WRITE)
    node = call.tx.lineage.node_by_uid(call.workspace.id, uid)
    if node is None:
        raise NotFound("There is no such node.")
    node = call.tx.lineage.lock_node(node.id)
    if node.deleted_at is not None:
        raise Conflict("The node was deleted; adding it again brings it back.")
    return node


def update(call: Call, uid: str, command: UpdateNode, etag: int | None) -> NodeView:
    """Change what is said of a node. What makes it the node that it is stays: name and address of one of ours.

    :raises Conflict: it was deleted, or the change would make it another node.
    """
    node = _locked(call, uid)
    check_etag(etag, node.etag)
    changes: dict[str, object] = {}
    if command.type is not None:
        changes["type"] = clean_word(command.type, "type") or ""
    if command.state is not None:
        changes["state"] = clean_word(command.state, "state") or ""
    if command.properties is not None:
        changes["properties"] = clean_node_properties(command.properties)
    if command.name is not None:
        changes["name"] = clean_node_name(command.name)
    if command.uri is not None:
        changes["uri"] = clean_uri(command.uri)
    if node.dialect == NATIVE and (
        changes.get("name", node.name) != node.name
        or (node.digest is None and changes.get("uri", node.uri) != node.uri)
    ):
        raise Conflict("By name and address the node is told apart: with another it is another node.")
    changed = call.tx.lineage.update_node(node, **changes)
    call.record("node.update", Subject("node", uid), {"changed": tuple(sorted(changes))})
    return node_view(changed)


def delete(call: Call, uid: str, reason: str, etag: int | None) -> NodeView:
    """Leave only a tombstone: edges, name, kind and digest stay, properties and state go.

    :raises Conflict: it was deleted before.
    """
    node = _locked(call, uid)
    check_etag(etag, node.etag)
    gone = {"properties": {}, "state": "", "deleted_at": call.now, "deleted_reason": clean_reason(reason)}
    changed = call.tx.lineage.update_node(node, **gone)
    call.record("node.delete", Subject("node", uid), {"kind": node.kind})
    return node_view(changed)


def by_uid(call: Call, uid: str) -> Node:
    """The node of that uid, or its tombstone, when the caller may see it.

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


def listed(call: Call, query: ListNodes, page: PageRequest) -> Page[NodeView]:
    """The nodes of the workspace, newest first, for those who may read lineage in all of it."""
    call.require(Permission.LINEAGE_READ)
    wanted = {
        "kind": clean_node_kind(query.kind) if query.kind else None,
        "uri": clean_uri(query.uri),
        "dialect": query.dialect,
        "foreign_id": query.foreign_id,
    }
    listing = f"nodes/{call.workspace.id}/{query}"
    rows = call.tx.lineage.list_nodes(
        call.workspace.id,
        wanted={name: value for name, value in wanted.items() if value is not None},
        deleted=query.deleted,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    return call.sealer.page(listing, rows, page.size, lambda n: (n.recorded_at, n.id)).map(node_view)

"""The graph of lineage: edges added by commands, and walks along them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.lineage.views import GraphView
from strongroom.application.lineage.walking import EDGES_MOST, Walk
from strongroom.application.ports.lineage import Way
from strongroom.application.recalls.reaching import extend
from strongroom.application.registry import versions
from strongroom.application.tracking import logged_lookup, runs
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.acyclic import closes_loop
from strongroom.domain.lineage.model import DERIVATION, Edge, EdgeType, Vertex
from strongroom.domain.tracking.model import Run

__all__ = ["DEEPEST", "EDGES_MOST", "VERTICES_MOST", "Said", "find", "inputs_of", "link", "link_all", "walk"]

DEEPEST = 50
VERTICES_MOST = 10_000
LOOP_EDGES_MOST = 1_000_000
DIRECTIONS: Mapping[str, Sequence[Way]] = {"up": ("up",), "down": ("down",), "both": ("up", "down")}


class Said(NamedTuple):
    """An edge that somebody asserts; `properties` are plain JSON."""

    source: Vertex
    type: EdgeType
    target: Vertex
    properties: Mapping[str, object]


def link(
    call: Call,
    source: Vertex,
    says: EdgeType,
    target: Vertex,
    properties: Mapping[str, object] | None = None,
    *,
    restate: bool = False,
) -> bool:
    """Add an edge as part of a command that has checked rights and writes the audit record; again changes nothing.

    :param properties: what is true of this use only; plain JSON.
    :param restate: let an edge that exists have these properties from now on.
    :returns: whether the edge is new.
    :raises Conflict: a derivation edge between versions that would close a loop.
    """
    is_new = link_all(call, [Said(source, says, target, properties or {})])[0]
    if restate and not is_new:
        call.tx.lineage.restate_edge(source, says, target, properties or {})
    return is_new


def link_all(call: Call, said: Sequence[Said]) -> Sequence[bool]:
    """The same for many edges: all of them, or none."""
    derivations = [(edge.source, edge.target) for edge in said if edge.type in DERIVATION]
    if derivations:
        call.tx.lineage.lock_derivations(call.workspace.id)
        _refuse_loop(call, derivations)
    by = call.actor.id
    edges = [Edge(edge.source, edge.type, edge.target, edge.properties, call.now, by) for edge in said]
    new = call.tx.lineage.add_edges(call.workspace.id, edges)
    extend(call, [edge for edge, is_new in zip(edges, new, strict=True) if is_new])
    return new


def _refuse_loop(call: Call, new: Sequence[tuple[Vertex, Vertex]]) -> None:
    """Look at what is derived from the new edges' targets: a loop with a new edge in it runs through its target."""
    frontier = list(dict.fromkeys(target for _, target in new))
    walked, found = set(frontier), list(new)
    while frontier:
        edges = call.tx.lineage.edges_of(frontier, "down", LOOP_EDGES_MOST - len(found), sorted(DERIVATION))
        found += [(edge.source, edge.target) for edge in edges]
        if len(found) >= LOOP_EDGES_MOST:
            raise TooLarge("Too much is derived from this version to check for loops.", limit=LOOP_EDGES_MOST)
        frontier = [vertex for vertex in dict.fromkeys(edge.target for edge in edges) if vertex not in walked]
        walked.update(frontier)
    if closes_loop(found):
        raise Conflict("A version cannot be derived from itself, directly or by others.")


def inputs_of(call: Call, run: Run) -> Sequence[Edge]:
    """The edges into a run as its inputs, for a command that rests on them; without a check of visibility.

    :raises TooLarge: more than a walk could show.
    """
    edges = call.tx.lineage.edges_of([Vertex("run", run.id)], "up", VERTICES_MOST + 1, [EdgeType.INPUT])
    if len(edges) > VERTICES_MOST:
        raise TooLarge(f"The run has more than {VERTICES_MOST} inputs.", limit=VERTICES_MOST)
    return edges


def find(call: Call, kind: str, uid: str) -> Vertex:
    """The vertex of that kind and uid.

    :raises NotFound: none, or not visible. :raises Invalid: no such kind.
    """
    match kind:
        case "version":
            return Vertex(kind, versions.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "run":
            return Vertex(kind, runs.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "logged_model":
            return Vertex(kind, logged_lookup.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "node":
            return Vertex(kind, nodes.by_uid(call, uid).id)
        case "principal":
            return _principal(call, uid)
    raise Invalid("Lineage begins at a version, run, logged_model, node or principal.")


def _principal(call: Call, uid: str) -> Vertex:
    call.ask(Permission.LINEAGE_READ)
    if uid != call.caller.uid:
        call.require(Permission.PRINCIPAL_READ)
    principal = call.tx.principals.by_uid(uid)
    if principal is None or not (uid == call.caller.uid or call.tx.principals.belongs(principal.id, call.workspace.id)):
        raise NotFound("There is no such principal.")
    return Vertex("principal", principal.id)


def walk(
    call: Call,
    kind: str,
    uid: str,
    direction: str = "both",
    *,
    depth: int = 10,
    most: int = VERTICES_MOST,
    types: Sequence[EdgeType] | None = None,
    consumers: bool = False,
) -> GraphView:
    """What a version, run or node came from (up), what came of it (down), or both, level by level; see `walking`.

    :param depth: levels, 1 to 50. :param most: vertices, 1 to 10,000; edges are bounded to 50,000.
    :param types: follow only edges of these types; None for all but consumed_by.
    :param consumers: draw who consumed versions too, as always when the walk begins at a principal.
    :raises NotFound: no such vertex, or not visible.
    """
    if direction not in DIRECTIONS:
        raise Invalid(f"Direction is one of {', '.join(DIRECTIONS)}.")
    check_bounds(depth, most)
    start = find(call, kind, uid)
    if consumers or kind == "principal":
        types = sorted({*(EdgeType if types is None else types), EdgeType.CONSUMED_BY})
    walking = Walk(call, most, types)
    walking.begin(start)
    for way in DIRECTIONS[direction]:
        walking.go(start, way, depth)
    return walking.view()


def check_bounds(depth: int, most: int) -> None:
    """:raises Invalid: a walk does not go so far."""
    if not (1 <= depth <= DEEPEST and 1 <= most <= VERTICES_MOST):
        raise Invalid(f"A walk has 1 to {DEEPEST} levels and 1 to {VERTICES_MOST} vertices.", limit=VERTICES_MOST)

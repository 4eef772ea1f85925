"""What the application asks of the database for lineage."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from strongroom.application.paging import Key
from strongroom.domain.lineage.model import Edge, EdgeType, Node, Vertex

Way = Literal["up", "down"]
"""Up goes from targets to sources (where it came from), down from sources to targets (what came of it)."""


class Lineage(Protocol):
    """Nodes and typed edges."""

    def add_node(self, node: Node, created_by: int) -> tuple[Node, bool]:
        """Store a node (its `id` is ignored), or find the one with that workspace, dialect, kind and foreign id.

        :returns: the stored node, and whether it is new; an old one stays as it was.
        """
        ...

    def node_by_uid(self, workspace_id: int, uid: str) -> Node | None:
        """The node of that uid in the workspace."""
        ...

    def nodes(self, node_ids: Sequence[int]) -> Mapping[int, Node]:
        """Those of the ids that exist, by id."""
        ...

    def list_nodes(
        self, workspace_id: int, *, kind: str | None, uri: str | None, after: Key | None, limit: int
    ) -> Sequence[Node]:
        """Nodes of a workspace, newest first (recorded_at, id)."""
        ...

    def add_edge(
        self,
        workspace_id: int,
        source: Vertex,
        says: EdgeType,
        target: Vertex,
        properties: Mapping[str, object],
    ) -> bool:
        """Add an edge; one that exists stays as it was. Returns whether it is new."""
        ...

    def restate_edge(self, source: Vertex, says: EdgeType, target: Vertex, properties: Mapping[str, object]) -> None:
        """Give an edge that exists other properties."""
        ...

    def edges_of(
        self, vertices: Sequence[Vertex], way: Way, limit: int, types: Sequence[EdgeType] | None = None
    ) -> Sequence[Edge]:
        """Edges that lead away from the vertices that way, in one order always; at most `limit`.

        :param types: only edges of these types; None for all.
        """
        ...

    def counts(self, run_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """Run id -> how many edges lead into it as input, and out of it (output or registered)."""
        ...

    def lock_derivations(self, workspace_id: int) -> None:
        """Let one transaction at a time add derivation edges in a workspace, so that two cannot close a loop."""
        ...

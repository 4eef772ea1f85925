"""What the application asks of the database for lineage."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.lineage.flags import Flag
from strongroom.domain.lineage.model import Edge, EdgeType, Node, RemovedEdge, Vertex

Way = Literal["up", "down"]
"""Up goes from targets to sources (where it came from), down from sources to targets (what came of it)."""


class Sketch(NamedTuple):
    """Just enough of a vertex to draw it and to decide who may see it; walks meet ten thousand of them.

    :param holder: id of the asset or experiment whose grants decide; None for nodes and principals.
    :param number: of a version. :param commit: whether a run names one, or a node of code has a digest.
    """

    vertex: Vertex
    uid: str
    name: str
    type: str
    digest: str | None
    state: str
    holder: int | None = None
    number: int | None = None
    pinned: bool = True
    commit: bool = False


class Consumption(NamedTuple):
    """A principal's reads of a version: how many, how many bytes, in which hours (since 1970) first and last."""

    version_id: int
    principal_id: int
    reads: int
    bytes: int
    first_hour: int
    last_hour: int


class Reads(NamedTuple):
    """Reads of an asset: since some day (since 1970, UTC), and ever."""

    since: int
    ever: int


class Edges(Protocol):
    """Typed edges, and those that were taken back."""

    def add_edges(self, workspace_id: int, edges: Sequence[Edge]) -> Sequence[bool]:
        """Add edges; one that exists stays as it was. Returns of each whether it is new."""
        ...

    def edge(self, source: Vertex, type_: EdgeType, target: Vertex) -> Edge | None:
        """That edge, if it stands."""
        ...

    def remove_edge(self, workspace_id: int, edge: Edge, removed_by: int, reason: str) -> None:
        """Take an edge out of the graph and into the history."""
        ...

    def restate_edge(self, source: Vertex, says: EdgeType, target: Vertex, properties: Mapping[str, object]) -> None:
        """Give an edge that exists other properties."""
        ...

    def edges_of(
        self, vertices: Sequence[Vertex], way: Way, limit: int, types: Sequence[EdgeType] | None = None
    ) -> Sequence[Edge]:
        """Edges that lead away from the vertices that way, in one order always; at most `limit`.

        :param types: only edges of these types; None for all but consumed_by, of which there may be very many.
        """
        ...

    def list_edges(
        self, vertex: Vertex, way: Way, types: Sequence[EdgeType] | None, after: Key | None, limit: int
    ) -> Sequence[Edge]:
        """Edges of one vertex by (type, far kind, far id), without who consumed it."""
        ...

    def removed_edges(self, vertex: Vertex, after: Key | None, limit: int) -> Sequence[RemovedEdge]:
        """Edges of a vertex that were taken back, the latest first."""
        ...

    def counts(self, run_ids: Sequence[int], visible: Visible) -> Mapping[int, tuple[int, int]]:
        """Run id -> how many edges lead into it as input, and out of it (output or registered).

        Edges to and from what is not visible do not count.
        """
        ...

    def lock_derivations(self, workspace_id: int) -> None:
        """Let one transaction at a time add derivation edges in a workspace, so that two cannot close a loop."""
        ...


class Nodes(Protocol):
    """Vertices that are not ours."""

    def add_node(self, node: Node, created_by: int) -> tuple[Node, bool]:
        """Store a node (its `id` is ignored), or find the one that has its id.

        :returns: the stored node, and whether it is new; an old one stays as it was.
        :raises AlreadyExists: another system's id belongs to a node of another kind.
        """
        ...

    def update_node(self, node: Node, /, **changes: object) -> Node:
        """Apply column changes; `etag` goes up by one."""
        ...

    def lock_node(self, node_id: int) -> Node:
        """The node, locked until the end of the transaction."""
        ...

    def node_by_uid(self, workspace_id: int, uid: str) -> Node | None:
        """The node of that uid in the workspace."""
        ...

    def nodes(self, node_ids: Sequence[int]) -> Mapping[int, Node]:
        """Those of the ids that exist, by id."""
        ...

    def list_nodes(
        self,
        workspace_id: int,
        *,
        wanted: Mapping[str, str],
        deleted: bool,
        after: Key | None,
        limit: int,
    ) -> Sequence[Node]:
        """Nodes of a workspace, newest first (recorded_at, id); `wanted` compares columns."""
        ...


class Flags(Protocol):
    """Statements that something is bad."""

    def add_flag(self, flag: Flag) -> Flag:
        """Store a flag (its `id` is ignored)."""
        ...

    def lock_flag(self, workspace_id: int, uid: str) -> Flag | None:
        """The flag of that uid, locked until the end of the transaction."""
        ...

    def remove_flag(self, flag: Flag, at: int, by: int, reason: str) -> Flag: ...

    def flags_of(self, vertices: Sequence[Vertex], limit: int, *, removed: bool = False) -> Sequence[Flag]:
        """Flags on these, the latest first; those removed too when asked."""
        ...

    def flagged(self, workspace_id: int, vertices: Sequence[Vertex]) -> frozenset[Vertex]:
        """Those of the vertices that bear a flag now."""
        ...

    def list_flags(self, workspace_id: int, *, removed: bool, after: Key | None, limit: int) -> Sequence[Flag]:
        """Flags of a workspace, the latest first (id)."""
        ...


class Consumptions(Protocol):
    """Who pulled which version, counted from the windows of reads that are kept for audit."""

    def consume(self, version_id: int, principal_uid: str, hour: int, reads: int, size: int) -> None:
        """Add reads of an hour (since 1970); none make known that reading began."""
        ...

    def count_days(self, reads: Mapping[tuple[int, int], int]) -> None:
        """Add reads by version id and hour to the days of the versions' assets."""
        ...

    def reads_of(self, asset_ids: Sequence[int], since_day: int) -> Mapping[int, Reads]:
        """How often files of each asset's versions were read; nothing of those that never were."""
        ...

    def consumers(self, version_ids: Sequence[int], after: Key | None, limit: int) -> Sequence[Consumption]:
        """Consumption of versions, the latest first (last hour, version id, principal id)."""
        ...


class Sketches(Protocol):
    """Vertices in short."""

    def sketches(self, vertices: Sequence[Vertex]) -> Mapping[Vertex, Sketch]:
        """Those of the vertices that exist, in one query a kind."""
        ...

    def uids_of(self, principal_ids: Sequence[int]) -> Mapping[int, str]:
        """Principals' uids."""
        ...


class Lineage(Edges, Nodes, Flags, Consumptions, Sketches, Protocol):
    """The graph."""

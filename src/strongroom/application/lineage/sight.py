"""What one caller sees of lineage: vertices drawn in a constant number of queries, each right decided once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call, asset_target
from strongroom.application.lineage.views import VertexView
from strongroom.application.ports.lineage import Sketch
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex


@dataclass(frozen=True, slots=True)
class _Holder:
    """The asset or experiment of a vertex, when the caller may read its lineage."""

    label: str
    type: str
    is_trashed: bool


@dataclass(slots=True)
class Sight:
    """Remembers what was decided, for one call.

    Nodes are seen always: whoever asks got to them from something that it may see (see `nodes`). Principals are seen
    by those who may read principals in the workspace, and by themselves.

    :param everything: see all there is, for decisions of ours that show nothing of it.
    """

    call: Call
    everything: bool = False
    sketches: dict[Vertex, Sketch] = field(default_factory=dict)
    _assets: dict[int, _Holder | None] = field(default_factory=dict)
    _experiments: dict[int, _Holder | None] = field(default_factory=dict)

    def look(self, vertices: Iterable[Vertex]) -> Mapping[Vertex, VertexView]:
        """Those of the vertices that the caller may see."""
        found = self.call.tx.lineage.sketches(list(dict.fromkeys(vertices)))
        self.sketches.update(found)
        self._meet(found.values())
        flagged = self.call.tx.lineage.flagged(self.call.workspace.id, list(found)) if found else frozenset()
        views = ((vertex, self._view(sketch, flagged=vertex in flagged)) for vertex, sketch in found.items())
        return {vertex: view for vertex, view in views if view is not None}

    def holder(self, vertex: Vertex) -> _Holder | None:
        """The asset or experiment of a vertex that was looked at."""
        id_ = self.sketches[vertex].holder or 0
        return (self._assets if vertex.kind == "version" else self._experiments).get(id_)

    def _meet(self, sketches: Iterable[Sketch]) -> None:
        """Load the assets and experiments that are new here, and decide on each."""
        assets: set[int] = set()
        experiments: set[int] = set()
        for sketch in sketches:
            if sketch.holder is not None:
                (assets if sketch.vertex.kind == "version" else experiments).add(sketch.holder)
        self._meet_assets(sorted(assets - self._assets.keys()))
        self._meet_experiments(sorted(experiments - self._experiments.keys()))

    def _meet_assets(self, ids: Sequence[int]) -> None:
        for id_, asset in (self.call.tx.assets.by_ids(ids) if ids else {}).items():
            seen = self._may(asset_target(asset))
            self._assets[id_] = _Holder(asset.path, asset.kind, asset.deleted_at is not None) if seen else None

    def _meet_experiments(self, ids: Sequence[int]) -> None:
        for id_, experiment in (self.call.tx.experiments.by_ids(ids) if ids else {}).items():
            target = Target(workspace_id=experiment.workspace_id, namespace=experiment.namespace_slug_path)
            trashed = experiment.deleted_at is not None
            self._experiments[id_] = _Holder(experiment.name, "experiment", trashed) if self._may(target) else None

    def _may(self, target: Target) -> bool:
        return self.everything or self.call.caller.access.allows(Permission.LINEAGE_READ, target)

    def _view(self, sketch: Sketch, *, flagged: bool) -> VertexView | None:
        match sketch.vertex.kind:
            case "version" if holder := self._assets.get(sketch.holder or 0):
                label = f"{holder.label}:{sketch.number}" if sketch.number is not None else holder.label
                state = "trashed" if holder.is_trashed and sketch.state == "live" else sketch.state
                return VertexView("version", sketch.uid, label, holder.type, sketch.digest, state, flagged)
            case "run" if holder := self._experiments.get(sketch.holder or 0):
                label = sketch.name or f"{holder.label} {sketch.uid[-6:]}"
                state = "trashed" if holder.is_trashed else sketch.state
                return VertexView("run", sketch.uid, label, sketch.type, None, state, flagged)
            case "logged_model" if holder := self._experiments.get(sketch.holder or 0):
                state = "trashed" if holder.is_trashed else sketch.state
                return VertexView("logged_model", sketch.uid, sketch.name, sketch.type, None, state, flagged)
            case "node":
                return VertexView("node", sketch.uid, sketch.name, sketch.type, sketch.digest, sketch.state, flagged)
            case "principal" if self._sees_principal(sketch):
                return VertexView("principal", sketch.uid or None, sketch.name, sketch.type)
        return None

    def _sees_principal(self, sketch: Sketch) -> bool:
        if self.everything or sketch.uid == self.call.caller.uid:
            return True
        return self.call.caller.access.allows(Permission.PRINCIPAL_READ, self.call.in_workspace())


def vertex_views(call: Call, vertices: Sequence[Vertex]) -> Mapping[Vertex, VertexView]:
    """Those of the vertices that the caller may see, in a constant number of queries."""
    return Sight(call).look(vertices)

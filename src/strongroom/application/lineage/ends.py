"""The ends of an edge that a caller names: found, of which form, and whether the caller may say this of them."""

from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.registry import versions
from strongroom.application.tracking import logged_lookup, runs
from strongroom.domain.errors import Conflict, Invalid, Purged
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.model import VersionState

KINDS = ("version", "run", "logged_model", "node")


@dataclass(frozen=True, slots=True)
class End:
    """What a caller names: kind is version, run, logged_model or node."""

    kind: str
    uid: str


@dataclass(frozen=True, slots=True)
class FoundEnd:
    """A vertex with its form: ``version``, ``run``, ``logged_model``, a node's kind; when a version was published."""

    vertex: Vertex
    form: str
    uid: str
    published_at: int | None = None


@dataclass(slots=True)
class Ends:
    """Finds ends, each once. Whoever says something of an end needs the right to write there; at the other, to read."""

    call: Call
    _found: dict[tuple[End, bool], FoundEnd] = field(default_factory=dict)

    def find(self, end: End, *, speaks: bool) -> FoundEnd:
        """:raises NotFound: none, or not visible. :raises Forbidden: the caller may not say anything of it."""
        known = self._found.get((end, speaks))
        if known is None:
            known = self._found[end, speaks] = self._find(end, speaks=speaks)
        return known

    def _find(self, end: End, *, speaks: bool) -> FoundEnd:
        right = Permission.LINEAGE_WRITE if speaks else Permission.LINEAGE_READ
        match end.kind:
            case "version":
                return self._version(end.uid, right, speaks=speaks)
            case "run":
                _, run = runs.by_uid(self.call, end.uid, Permission.RUN_WRITE if speaks else Permission.RUN_READ)
                if speaks and run.deleted_at is not None:
                    raise Conflict("The run is in the trash; restore it first.")
                return FoundEnd(Vertex("run", run.id), "run", end.uid)
            case "logged_model":
                return self._logged_model(end.uid, speaks=speaks)
            case "node":
                if speaks:
                    self.call.require(right)
                node = nodes.by_uid(self.call, end.uid)
                if speaks and node.deleted_at is not None:
                    raise Conflict("The node was deleted; adding it again brings it back.")
                return FoundEnd(Vertex("node", node.id), node.kind, end.uid)
        raise Invalid(f"An end of an edge is a {', '.join(KINDS)}.")

    def _logged_model(self, uid: str, *, speaks: bool) -> FoundEnd:
        right = Permission.RUN_WRITE if speaks else Permission.RUN_READ
        experiment, model = logged_lookup.by_uid(self.call, uid, right)
        if speaks:
            logged_lookup.must_live(experiment, model)
        return FoundEnd(Vertex("logged_model", model.id), "logged_model", uid)

    def _version(self, uid: str, right: Permission, *, speaks: bool) -> FoundEnd:
        _, version = versions.by_uid(self.call, uid, right)
        if version.state is VersionState.DRAFT:
            raise Conflict("A draft has no lineage yet; seal it first.", state=version.state.value)
        if speaks and version.state is VersionState.PURGED:
            raise Purged("The version was purged; only its tombstone is left.")
        return FoundEnd(Vertex("version", version.id), "version", uid, version.recorded_at)

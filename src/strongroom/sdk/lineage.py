"""Lineage: ``client.lineage(version)`` walks; ``client.lineage.path``, ``impact`` and so on ask and say more."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from strongroom.sdk import lookup
from strongroom.sdk.api import Api
from strongroom.sdk.lineage_models import Asserted, Check, Consumer, Flag, Impact, Node, PastEdge, Paths
from strongroom.sdk.lookup import VersionRef
from strongroom.sdk.models import Graph, Scalar, Vertex
from strongroom.sdk.run_models import LoggedModel, RunInfo
from strongroom.sdk.runs import Run

Thing = VersionRef | Run | RunInfo | LoggedModel | Node | Vertex
"""A version (by reference, too), a run, a logged model, a node, or a vertex of a graph."""
Said = tuple[Thing, str, Thing] | tuple[Thing, str, Thing, Mapping[str, Any]]
"""An edge: source, type, target, and properties if it has any."""


class Lineage:
    """What the server knows of where things came from."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(
        self,
        start: Thing,
        *,
        direction: str = "both",
        depth: int = 10,
        types: Sequence[str] = (),
        consumers: bool = False,
    ) -> Graph:
        """What something came from (direction up), what came of it (down), or both; `depth` in edges.

        :param types: follow only edges of these types. :param consumers: draw who read versions, too.
        """
        fields = {**self._at(start), "direction": direction, "depth": depth, "types": ",".join(types) or None}
        return self._api.call("lineage.walk", Graph, **fields, consumers=consumers or None)

    def _at(self, thing: Thing) -> dict[str, Any]:
        match thing:
            case Run() | RunInfo():
                return {"kind": "run", "uid": thing.uid}
            case LoggedModel():
                return {"kind": "logged_model", "uid": thing.uid}
            case Node():
                return {"kind": "node", "uid": thing.uid}
            case Vertex():
                return {"kind": thing.kind, "uid": thing.uid or ""}
        return {"kind": "version", "uid": lookup.version_uid(self._api, thing)}

    def path(self, start: Thing, goal: Thing, *, direction: str = "down", most: int = 10) -> Paths:
        """The shortest paths: along the edges (down), against them (up), or any way."""
        to = {f"to_{name}": value for name, value in self._at(goal).items()}
        return self._api.call("lineage.path", Paths, **self._at(start), **to, direction=direction, max_paths=most)

    def impact(self, thing: Thing) -> Impact:
        """What is affected when this is bad."""
        return self._api.call("lineage.impact", Impact, **self._at(thing))

    def check(self, version: VersionRef, *named: str, requirements: Sequence[Mapping[str, Any]] = ()) -> Check:
        """Which requirements on what stands behind a version are not met; see docs/lineage.md."""
        uid = lookup.version_uid(self._api, version)
        own = [dict(one) for one in requirements]
        return self._api.call("lineage.check", Check, version_uid=uid, named=list(named), requirements=own)

    def consumers(self, version: VersionRef) -> Iterator[Consumer]:
        """Who read a version's bytes, the latest first."""
        return self._api.every("version.consumers", Consumer, uid=lookup.version_uid(self._api, version))

    # -- saying --------------------------------------------------------------------------------------------------

    def _said(self, edges: Iterable[Said]) -> list[dict[str, Any]]:
        return [
            {"source": self._at(source), "type": type_, "target": self._at(target), "properties": dict(*properties)}
            for source, type_, target, *properties in edges
        ]

    def say(self, *edges: Said) -> Asserted:
        """Say that edges hold, all or none: ``say(("prod/base:1", "adapter", "prod/churn:3"))``."""
        return self._api.call("edge.assert", Asserted, edges=self._said(edges))

    def take_back(self, *edges: Said, reason: str) -> None:
        """Take edges back; they stay in the history."""
        self._api.send("edge.remove", edges=self._said(edges), reason=reason)

    def history(self, thing: Thing) -> Iterator[PastEdge]:
        """Edges of something that were taken back, the latest first."""
        return self._api.every("edge.history", PastEdge, **self._at(thing))

    def node(
        self,
        name: str,
        *,
        kind: str = "dataset",
        uri: str | None = None,
        digest: str | None = None,
        type: str = "",  # noqa: A002 - the API's word
        properties: Mapping[str, Scalar] | None = None,
        dialect: str = "native",
        foreign_id: str | None = None,
        state: str = "",
    ) -> Node:
        """Something that is not ours, made if it is new."""
        return self._api.call(
            "node.create",
            Node,
            name=name,
            kind=kind,
            uri=uri,
            digest=digest,
            type=type,
            properties=dict(properties or {}),
            dialect=dialect,
            foreign_id=foreign_id,
            state=state,
        )

    def flag(self, thing: Thing, reason: str, *, cause: str = "other") -> Flag:
        """Say that something is bad."""
        return self._api.call("flag.set", Flag, **self._at(thing), reason=reason, cause=cause)

    def unflag(self, flag: Flag, reason: str) -> Flag:
        """Take a flag away."""
        return self._api.call("flag.remove", Flag, uid=flag.uid, reason=reason)

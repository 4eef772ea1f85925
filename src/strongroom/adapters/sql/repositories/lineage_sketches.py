"""Vertices in short, in SQL: a narrow query a kind, since walks meet ten thousand of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import select

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.repositories.lineage_consumption import ANYBODY
from strongroom.adapters.sql.repositories.lineage_edges import by_kind
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import logged_model, node, principal, run, version
from strongroom.application.ports.lineage import Sketch
from strongroom.domain.identity.model import ANONYMOUS
from strongroom.domain.lineage.model import Vertex


class SqlSketches(Repository):
    """See :class:`strongroom.application.ports.lineage.Sketches`."""

    def sketches(self, vertices: Sequence[Vertex]) -> Mapping[Vertex, Sketch]:
        of_kind: Mapping[str, Callable[[list[int]], Iterator[Sketch]]] = {
            "version": self._versions,
            "run": self._runs,
            "logged_model": self._logged_models,
            "node": self._nodes,
            "principal": self._principals,
        }
        found: dict[Vertex, Sketch] = {}
        for kind, ids in by_kind(vertices):
            found.update((sketch.vertex, sketch) for sketch in of_kind[kind](ids))
        return found

    def _versions(self, ids: list[int]) -> Iterator[Sketch]:
        v = version.c
        query = select(v.id, v.uid, v.tree, v.state, v.asset_id, v.number, v.unpinned).where(
            one_of(self._connection, v.id, ids)
        )
        for id_, uid, tree, state, asset_id, number, unpinned in self._connection.execute(query).all():
            yield Sketch(Vertex("version", id_), uid, "", "", tree, state, asset_id, number, pinned=not unpinned)

    def _runs(self, ids: list[int]) -> Iterator[Sketch]:
        r = run.c
        query = select(r.id, r.uid, r.name, r.kind, r.state, r.deleted_at, r.experiment_id, r.source)
        for id_, uid, name, kind, state, deleted, experiment_id, source in self._connection.execute(
            query.where(one_of(self._connection, r.id, ids))
        ).all():
            # keys of the source are its own, and quotes within values are escaped: no need to parse
            commit = '"commit":' in source
            now = state if deleted is None else "trashed"
            yield Sketch(Vertex("run", id_), uid, name, kind, None, now, experiment_id, commit=commit)

    def _logged_models(self, ids: list[int]) -> Iterator[Sketch]:
        m = logged_model.c
        query = select(m.id, m.uid, m.name, m.type, m.status, m.deleted_at, m.experiment_id).where(
            one_of(self._connection, m.id, ids)
        )
        for id_, uid, name, type_, status, deleted, experiment_id in self._connection.execute(query).all():
            now = status if deleted is None else "trashed"
            yield Sketch(Vertex("logged_model", id_), uid, name, type_, None, now, experiment_id)

    def _nodes(self, ids: list[int]) -> Iterator[Sketch]:
        n = node.c
        query = select(n.id, n.uid, n.name, n.kind, n.digest, n.state, n.deleted_at).where(
            one_of(self._connection, n.id, ids)
        )
        for id_, uid, name, kind, digest, state, deleted in self._connection.execute(query).all():
            commit = kind == "code" and digest is not None
            now = state if deleted is None else "deleted"
            yield Sketch(Vertex("node", id_), uid, name, kind, digest, now, commit=commit)

    def _principals(self, ids: list[int]) -> Iterator[Sketch]:
        p = principal.c
        if ANYBODY in ids:
            yield Sketch(Vertex("principal", ANYBODY), "", ANONYMOUS, ANONYMOUS, None, "")
        query = select(p.id, p.uid, p.name, p.kind).where(one_of(self._connection, p.id, ids))
        for id_, uid, name, kind in self._connection.execute(query).all():
            yield Sketch(Vertex("principal", id_), uid, name, kind, None, "")

    def uids_of(self, principal_ids: Sequence[int]) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for batch in batches(principal_ids):
            query = select(principal.c.id, principal.c.uid).where(principal.c.id.in_(batch))
            found.update((id_, uid) for id_, uid in self._connection.execute(query))
        return found

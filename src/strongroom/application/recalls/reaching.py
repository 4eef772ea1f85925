"""How far a recall reaches: what it names, and all that came of that, followed in bounded steps.

A step is a transaction: it looks at so many versions, or follows the edges away from so many vertices. The first steps
are part of the recall itself, the others are done by a job. Edges that are written while a recall stands extend its
reach at once (`extend`); those that were being written just then are found by a second walk a minute later.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from strongroom.application.call import Call
from strongroom.application.identity.authority import as_system
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.recalls import AGAIN, FREE, LAST, SEEK, WALK, Reached, Work
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls.standing import licences_of, tree_has
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex
from strongroom.domain.lineage.vocabulary import CARRYING
from strongroom.domain.recalls.model import Bars, Recall, SubjectKind
from strongroom.domain.registry.model import Version

FRONTIER: Final = 200
"""Vertices that one step walks away from."""
EDGES_MOST: Final = 20_000
"""Edges that are held at a time."""
LOOKED_AT: Final = 200
"""Versions that one step looks at."""
SEEDS_MOST: Final = 10_000
STEPS_AT_ONCE: Final = 20
"""Steps that are part of the recall's own transaction."""
AGAIN_US: Final = 60 * 1_000_000
"""Longer than any transaction takes."""
FREED_AT_ONCE: Final = 1_000
_CARRYING: Final = tuple(sorted(CARRYING))


def begin(call: Call, recall: Recall, version: Version | None) -> None:
    """Find what a new recall names, as far as that is found by keys, and what came of it."""
    tx, named = call.tx, _named(call.tx, recall, version)
    seeds = [Reached(recall.id, vertex, 0, Bars.ALL) for vertex in named]
    if recall.kind is SubjectKind.DIGEST and recall.digest is not None:
        # what has the file among others is concerned; only the file is barred, by its digest
        owners = tx.recalls.folders_with(recall.workspace_id, recall.digest, SEEDS_MOST)
        seeds += [Reached(recall.id, owner, 0, Bars.TREE, walked=True) for owner in owners]
    seeds += [Reached(recall.id, owner, 0, Bars.TREE, walked=True) for owner in _sources(tx, named)]
    tx.recalls.reach(seeds)
    tx.recalls.mark(recall, named, call.actor.id)
    seeks = recall.kind in {SubjectKind.DIGEST, SubjectKind.LICENCE}
    tx.recalls.plan(recall.id, SEEK if seeks else WALK)
    for _ in range(STEPS_AT_ONCE):
        if not step(tx, recall.id):
            break


def _named(tx: Transaction, recall: Recall, version: Version | None) -> list[Vertex]:
    """Versions and nodes that are what is recalled: all versions of one tree are the same content."""
    found = [Vertex("version", version.id)] if version else []
    if recall.digest is None:
        return found
    of_tree = tx.recalls.of_tree(recall.workspace_id, recall.digest, SEEDS_MOST)
    found += [Vertex("version", id_) for id_ in of_tree]
    kinds = ["dataset"] if recall.kind is SubjectKind.DATASET else None
    nodes = tx.recalls.nodes_with(recall.workspace_id, recall.digest, kinds, SEEDS_MOST)
    return list(dict.fromkeys([*found, *(Vertex("node", id_) for id_ in nodes)]))


def _sources(tx: Transaction, named: Sequence[Vertex]) -> list[Vertex]:
    """Runs and logged models that versions were registered from: their folders still have the files."""
    versions = [vertex for vertex in named if vertex.kind == "version"]
    edges = tx.lineage.edges_of(versions, "up", SEEDS_MOST, [EdgeType.REGISTERED]) if versions else ()
    return list(dict.fromkeys(edge.source for edge in edges if edge.source.kind in {"run", "logged_model"}))


def step(tx: Transaction, recall_id: int) -> bool:
    """Do a little of what is to be done about a recall; False when nothing is left to do now."""
    work = tx.recalls.work_locked(recall_id)
    if work is None:
        return False
    return _STEPS[work.phase](tx, work)


def _seek(tx: Transaction, work: Work) -> bool:
    """Look at some versions that may have the file, or the licence."""
    recall = tx.recalls.by_id(work.recall_id)
    looked, found = _licensed(tx, recall, work) if recall.digest is None else _having(tx, recall, work)
    # a licence bars all of the version; of a file, its digest bars it
    bars = Bars.ALL if recall.digest is None else Bars.NOTHING
    vertices = [Vertex("version", id_) for id_ in found]
    tx.recalls.reach([Reached(recall.id, vertex, 0, bars) for vertex in vertices])
    by = tx.principals.by_uid(recall.created_by)
    if by is not None:
        tx.recalls.mark(recall, vertices, by.id)
    phase = SEEK if len(looked) == LOOKED_AT else WALK
    tx.recalls.go_on(Work(recall.id, phase, looked[-1] if looked else 0))
    return True


def _licensed(tx: Transaction, recall: Recall, work: Work) -> tuple[Sequence[int], Sequence[int]]:
    looked = tx.recalls.licensed(recall.workspace_id, work.cursor, LOOKED_AT)
    call = as_system(tx, tx.workspaces.by_id(recall.workspace_id))
    said = licences_of(call, list(tx.versions.by_ids(looked).values()))
    return looked, [id_ for id_ in looked if recall.subject in said.get(id_, ())]


def _having(tx: Transaction, recall: Recall, work: Work) -> tuple[Sequence[int], Sequence[int]]:
    rows = tx.recalls.holding(recall.workspace_id, recall.digest or "", work.cursor, LOOKED_AT)
    known: dict[str, bool] = {}
    call = as_system(tx, tx.workspaces.by_id(recall.workspace_id))
    for _, tree in rows:
        if tree not in known:
            known[tree] = tree_has(call, tree, recall.digest)
    return [id_ for id_, _ in rows], [id_ for id_, tree in rows if known[tree]]


def _walk(tx: Transaction, work: Work) -> bool:
    """Follow the edges away from some vertices, and let gates ask again about the versions among these."""
    recall = tx.recalls.by_id(work.recall_id)
    frontier = tx.recalls.unwalked(recall.id, FRONTIER)
    if not frontier:
        if work.phase == LAST:
            tx.recalls.finish(recall.id)
        else:
            tx.recalls.go_on(Work(recall.id, AGAIN, tx.now() + AGAIN_US))
        return False
    away = {one.vertex: one.distance for one in frontier}
    for edges in _edges(tx, list(away)):
        tx.recalls.reach([_came_of(recall, edge, away[edge.source]) for edge in edges])
    tx.recalls.walked(frontier)
    tx.recalls.stir([vertex.id for vertex in away if vertex.kind == "version"])
    return True


def _edges(tx: Transaction, frontier: Sequence[Vertex]) -> Iterable[Sequence[Edge]]:
    """All edges down from these vertices, so many at a time."""
    edges = tx.lineage.edges_of(frontier, "down", EDGES_MOST + 1, _CARRYING)
    if len(edges) <= EDGES_MOST:
        yield edges
        return
    for vertex in frontier:
        after = None
        while page := tx.lineage.list_edges(vertex, "down", _CARRYING, after, EDGES_MOST):
            yield page
            last = page[-1]
            after = (last.type.value, last.target.kind, last.target.id)


def _came_of(recall: Recall, edge: Edge, distance: int) -> Reached:
    return Reached(recall.id, edge.target, distance + 1, Bars.ALL if recall.downstream else Bars.NOTHING)


def _again(tx: Transaction, work: Work) -> bool:
    if work.cursor > tx.now():
        return False
    tx.recalls.forget_walk(work.recall_id)
    tx.recalls.go_on(Work(work.recall_id, LAST, 0))
    return True


def _free(tx: Transaction, work: Work) -> bool:
    """It was lifted: gates ask again about what it reached."""
    found = tx.recalls.reached_versions(work.recall_id, work.cursor, FREED_AT_ONCE)
    tx.recalls.stir(found)
    if len(found) < FREED_AT_ONCE:
        tx.recalls.finish(work.recall_id)
        return False
    tx.recalls.go_on(Work(work.recall_id, FREE, found[-1]))
    return True


_STEPS: Mapping[str, Callable[[Transaction, Work], bool]] = {
    SEEK: _seek,
    WALK: _walk,
    AGAIN: _again,
    LAST: _walk,
    FREE: _free,
}


def extend(call: Call, edges: Sequence[Edge]) -> None:
    """Recalls that reach the source of a new edge reach its target, in the transaction that adds the edge."""
    sources = [edge.source for edge in edges if edge.type in CARRYING]
    rows = [row for row in call.tx.recalls.carrying(sources) if row.bars is not Bars.TREE] if sources else ()
    for row in rows:
        recall = call.tx.recalls.by_id(row.recall_id)
        came = [edge for edge in edges if edge.source == row.vertex and edge.type in CARRYING]
        call.tx.recalls.reach([_came_of(recall, edge, row.distance) for edge in came])
        if call.tx.recalls.work(recall.id) is None:
            call.tx.recalls.plan(recall.id, LAST)


async def go_on(executor: Executor) -> None:
    """Do what is to be done about recalls; a job asks for it."""
    while (due := await executor.read(lambda tx: tx.recalls.due(tx.now()))) is not None:
        recall_id = due
        await executor.command(lambda tx, id_=recall_id: step(tx, id_))  # type: ignore[misc]

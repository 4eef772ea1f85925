"""What walks show of tombstones, of what is hidden, of what a limit left out; and that they ask few questions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from strongroom.application.lineage import graph, paths
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.nodes import AddNode, add, delete
from strongroom.application.lineage.views import HIDDEN, GraphView
from strongroom.application.tracking import runs
from strongroom.application.tracking.inputs import Input, add_inputs
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.model import Version
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion


def link(world: World, source: Vertex, target: Vertex, type_: EdgeType = EdgeType.BASE) -> None:
    world.command("contributor", lambda c: graph.link(c, source, type_, target))


def at(version: Version) -> Vertex:
    return Vertex("version", version.id)


def walk(world: World, kind: str, uid: str, who: str = "viewer", direction: str = "both", **more: Any) -> GraphView:
    return world.read(who, lambda c: graph.walk(c, kind, uid, direction, **more))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement but those of PostgreSQL's sequencer, which numbers the audit log beside the test."""
    seen: list[str] = []

    def note(*context: object) -> None:
        if threading.current_thread().name != "sequencer":
            seen.append(str(context[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_what_is_gone_keeps_its_place(world: World, make_version: MakeVersion, make_run: MakeRun) -> None:
    """ "deletion/purge of a version or run leaves a tombstone in lineage walks", and the walk goes through it."""
    base, middle, last, trashed = (make_version(name) for name in ("base", "middle", "last", "trashed"))
    run = make_run("r")
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run))
    assert found is not None
    link(world, at(base), at(middle))
    link(world, at(middle), at(last))
    link(world, at(last), Vertex("run", found.id), EdgeType.INPUT)
    link(world, at(last), at(trashed))
    world.command_tx(lambda tx: tx.versions.purge(middle, tx.now(), "licence"))
    world.command_tx(lambda tx: tx.assets.advance(tx.assets.lock(trashed.asset_id), deleted_at=tx.now()))
    world.command("maintainer", lambda c: runs.delete(c, run))
    states = {view.label: view.state for view in walk(world, "version", base.uid).vertices}
    assert states == {"base:1": "live", "middle:1": "purged", "last:1": "live", "r": "trashed", "trashed:1": "trashed"}
    assert walk(world, "version", middle.uid, direction="up").vertices[1].label == "base:1"


def test_a_deleted_node_keeps_its_edges(world: World, make_run: MakeRun) -> None:
    run = make_run("r")
    world.command("contributor", lambda c: add_inputs(c, run, [Input(name="rows", digest="1")]))
    node = walk(world, "run", run).vertices[1]
    world.command("contributor", lambda c: delete(c, str(node.uid), "consent withdrawn", None))
    after = walk(world, "run", run).vertices[1]
    assert (after.label, after.digest, after.state) == ("rows", "1", "deleted")
    back = world.command("contributor", lambda c: add(c, AddNode("rows", digest="1")))
    assert (back.uid, back.deleted_at) == (node.uid, None)


def test_how_many_are_hidden_is_not_told(world: World, make_version: MakeVersion) -> None:
    """ "what the caller may not see appears neither by name nor by count", nor does who else leads to it."""
    one, other = make_version("one"), make_version("other")
    secrets = [make_version(f"s{n}", visibility="private", who="maintainer") for n in range(3)]
    for secret in secrets:
        link(world, at(one), at(secret))
        link(world, at(one), at(secret), EdgeType.MERGE)
    link(world, at(one), at(other))
    link(world, at(other), at(secrets[0]))
    found = walk(world, "version", one.uid, direction="down")
    assert [view.label for view in found.vertices].count(None) == 2, "one for each that leads to something hidden"
    assert found.vertices[1:].count(HIDDEN) == 2
    veiled = [edge for edge in found.edges if found.vertices[edge.target] is HIDDEN]
    assert [(edge.source, edge.type) for edge in veiled] == [(0, "base"), (0, "merge"), (1, "base")]
    assert all((edge.properties, edge.created_at, edge.asserted_by) == ({}, None, None) for edge in veiled)
    fewer = len(found.vertices)
    link(world, at(one), at(make_version("s9", visibility="private", who="maintainer")))
    assert len(walk(world, "version", one.uid, direction="down").vertices) == fewer


def test_a_walk_is_gone_on_with_where_it_stopped(world: World, make_version: MakeVersion) -> None:
    """ "honest truncation flag and continuation": following what is unwalked meets every edge in the end."""
    versions = [make_version(f"v{n}") for n in range(12)]
    wanted = {(n // 2, n) for n in range(1, 12)}
    for base, made in sorted(wanted):
        link(world, at(versions[base]), at(versions[made]))
    number = {version.uid: n for n, version in enumerate(versions)}
    every: list[dict[str, Any]] = [{"depth": 1}, {"most": 4}, {"depth": 2, "most": 3}]
    for bounds in every:
        open_, seen, edges = [versions[0].uid], set[str](), set[tuple[int, int]]()
        while open_:
            uid = open_.pop()
            if uid in seen:
                continue
            seen.add(uid)
            found = walk(world, "version", uid, direction="down", **bounds)
            uids = [str(view.uid) for view in found.vertices]
            edges |= {(number[uids[edge.source]], number[uids[edge.target]]) for edge in found.edges}
            open_ += [uids[place] for place in found.unwalked]
            assert found.truncated <= bool(found.unwalked)
        assert edges == wanted, bounds
    whole = walk(world, "version", versions[0].uid, direction="down")
    assert (whole.truncated, whole.unwalked) == (False, [])


def test_a_level_takes_a_few_statements_whatever_its_width(world: World, make_run: MakeRun) -> None:
    """ "recursive/batched frontier queries with few statements, no per-node views queries"."""
    counts = []
    for width in (2, 60):
        run = make_run(f"wide-{width}")
        items = [Input(name=f"{width}-{n}") for n in range(width)]
        world.command("contributor", lambda c, r=run, i=items: add_inputs(c, r, i))  # type: ignore[misc]
        assert walk(world, "run", run).vertices, "who calls is known from here on"
        with statements() as seen:
            assert len(walk(world, "run", run).vertices) == width + 1
        counts.append(len(seen))
    assert counts[0] == counts[1] < 25


def test_who_consumed_is_drawn_when_asked_for(world: World, make_version: MakeVersion) -> None:
    version = make_version("model")
    world.command_tx(lambda tx: tx.lineage.consume(version.id, world.uid("contributor"), 480_000, 1, 5))
    assert len(walk(world, "version", version.uid).vertices) == 1
    found = world.read("viewer", lambda c: graph.walk(c, "version", version.uid, consumers=True))
    (edge,) = found.edges
    assert (edge.type, found.vertices[1].kind, found.vertices[1].label) == ("consumed_by", "principal", "contributor")
    assert edge.properties == {"reads": 1, "bytes": 5, "first_hour": 480_000, "last_hour": 480_000}
    read = walk(world, "principal", world.uid("contributor"), direction="up")
    assert [view.label for view in read.vertices] == ["contributor", "model:1"]


def test_no_path_leads_through_what_is_hidden(world: World, make_version: MakeVersion) -> None:
    first, last = make_version("first"), make_version("last")
    secret = make_version("secret", visibility="private", who="maintainer")
    for source, target in ((first, secret), (secret, last)):
        link(world, at(source), at(target))
    ends = End("version", first.uid), End("version", last.uid)
    for direction in ("down", "any"):
        seen = world.read("viewer", lambda c, d=direction: paths.path(c, *ends, d))  # type: ignore[misc]
        assert (seen.paths, seen.vertices, seen.edges, seen.length, seen.truncated) == ([], [], [], None, False)
        assert world.read("admin", lambda c, d=direction: paths.path(c, *ends, d)).length == 2  # type: ignore[misc]

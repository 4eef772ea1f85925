"""Lineage: inputs and outputs of runs, walks both ways, what the caller may not see, and loops."""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from strongroom.application.call import Call
from strongroom.application.lineage import graph
from strongroom.application.lineage.views import HIDDEN, GraphView
from strongroom.application.tracking import runs
from strongroom.application.tracking.inputs import Input, add_inputs, add_outputs
from strongroom.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from strongroom.domain.identity.roles import Scope
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.model import Version
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion


def vertex(world: World, run_uid: str) -> Vertex:
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run_uid))
    assert found is not None
    return Vertex("run", found.id)


def inputs(world: World, run_uid: str, *items: Input) -> None:
    world.command("contributor", lambda c: add_inputs(c, run_uid, items))


def registered(world: World, run_uid: str, version: Version) -> None:
    source, target = vertex(world, run_uid), Vertex("version", version.id)
    world.command("contributor", lambda c: graph.link(c, source, EdgeType.REGISTERED, target))


def derive(world: World, base: Version, version: Version) -> bool:
    ends = Vertex("version", base.id), Vertex("version", version.id)
    return world.command("contributor", lambda c: graph.link(c, ends[0], EdgeType.BASE, ends[1]))


def walk(world: World, kind: str, uid: str, direction: str = "both", who: str = "viewer", depth: int = 10) -> GraphView:
    return world.read(who, lambda c: graph.walk(c, kind, uid, direction, depth=depth))


def drawn(found: GraphView) -> set[tuple[str | None, str, str | None]]:
    """The edges by the labels of their ends."""
    labels: Sequence[str | None] = [view.label for view in found.vertices]
    return {(labels[edge.source], edge.type, labels[edge.target]) for edge in found.edges}


def test_a_data_set_becomes_one_node_for_all_runs(world: World, make_run: MakeRun) -> None:
    one, two = make_run("one"), make_run("two")
    data = Input(name="cifar", digest="sha256:12", uri="s3://ann:key@bucket/cifar", context="training")
    inputs(world, one, data)
    inputs(world, one, data)
    inputs(world, two, Input(name="cifar", digest="sha256:12", uri="s3://elsewhere"), Input(name="cifar", digest="x"))
    assert world.read("viewer", lambda c: runs.get(c, one)).inputs == 1
    assert world.read("viewer", lambda c: runs.get(c, two)).inputs == 2
    found = walk(world, "run", one, "up")
    assert drawn(found) == {("cifar", "input", "one")}
    there = found.vertices[1]
    assert (there.kind, there.type, there.digest) == ("node", "dataset", "sha256:12")
    assert found.edges[0].properties == {"context": "training"}
    node = world.read_tx(lambda tx: tx.lineage.node_by_uid(world.workspace.id, str(there.uid)))
    assert node is not None
    assert (node.uri, node.foreign_id) == ("s3://bucket/cifar", "cifar@sha256:12")
    assert drawn(walk(world, "node", node.uid, "down")) == {("cifar", "input", "one"), ("cifar", "input", "two")}


def test_a_data_set_without_a_digest_is_told_apart_by_its_address(world: World, make_run: MakeRun) -> None:
    run = make_run("one")
    inputs(world, run, Input(name="rows", uri="s3://a"), Input(name="rows", uri="s3://b"), Input(name="rows"))
    assert len(walk(world, "run", run).vertices) == 4


def test_a_walk_goes_up_and_down(world: World, make_run: MakeRun, make_version: MakeVersion) -> None:
    base, tuned = make_version("base"), make_version("tuned")
    trained, judged = make_run("trained"), make_run("judged")
    inputs(world, trained, Input(version_uid=base.uid), Input(name="rows"))
    registered(world, trained, tuned)
    assert derive(world, base, tuned)
    assert not derive(world, base, tuned), "again changes nothing"
    inputs(world, judged, Input(version_uid=tuned.uid))
    world.command("contributor", lambda c: add_outputs(c, judged, [Input(name="report", kind="artifact")]))
    up = {
        ("base:1", "input", "trained"),
        ("rows", "input", "trained"),
        ("trained", "registered", "tuned:1"),
        ("base:1", "base", "tuned:1"),
    }
    down = {("tuned:1", "input", "judged"), ("judged", "output", "report")}
    assert drawn(walk(world, "version", tuned.uid, "up")) == up
    assert drawn(walk(world, "version", tuned.uid, "down")) == down
    assert drawn(walk(world, "version", tuned.uid)) == up | down
    assert drawn(walk(world, "version", tuned.uid, "down", depth=1)) == {("tuned:1", "input", "judged")}
    run = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, trained))
    assert run is not None
    assert len(world.read("contributor", lambda c: graph.inputs_of(c, run))) == 2


def test_a_loop_of_runs_is_walked_once(world: World, make_run: MakeRun, make_version: MakeVersion) -> None:
    run, version = make_run("retrain"), make_version("self")
    inputs(world, run, Input(version_uid=version.uid))
    registered(world, run, version)
    found = walk(world, "run", run, depth=50)
    assert len(found.vertices) == 2
    assert drawn(found) == {("self:1", "input", "retrain"), ("retrain", "registered", "self:1")}


def test_derivations_close_no_loop(world: World, make_version: MakeVersion) -> None:
    chain = [make_version(f"v{n}") for n in range(4)]
    for base, version in pairwise(chain):
        derive(world, base, version)
    for base, version in ((chain[3], chain[0]), (chain[2], chain[1]), (chain[0], chain[0])):
        with pytest.raises(Conflict):
            derive(world, base, version)
    assert derive(world, chain[0], chain[3])


def test_two_writers_close_no_loop_between_them(world: World, make_version: MakeVersion) -> None:
    """Four edges of a ring are added in transactions that stay open for a while: only three can stand."""
    ring = [Vertex("version", make_version(f"r{n}").id) for n in range(4)]
    refused: list[DomainError] = []

    def slowly(call: Call, place: int) -> None:
        graph.link(call, ring[place], EdgeType.BASE, ring[(place + 1) % 4])
        time.sleep(0.1)

    def add(place: int) -> None:
        try:
            world.command("contributor", lambda c: slowly(c, place))
        except DomainError as error:
            refused.append(error)

    threads = [threading.Thread(target=add, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in refused] == [Conflict]


def test_what_the_caller_may_not_see_is_hidden_and_ends_the_walk(
    world: World, make_run: MakeRun, make_version: MakeVersion
) -> None:
    secret = make_version("secret", visibility="private", who="maintainer")
    first, last = make_run("first"), make_run("last")
    registered(world, first, secret)
    world.command("admin", lambda c: add_inputs(c, last, [Input(version_uid=secret.uid)]))
    found = walk(world, "run", last, "up")
    assert list(found.vertices)[1:] == [HIDDEN]
    assert drawn(found) == {(None, "input", "last")}
    assert drawn(walk(world, "run", last, "up", who="admin")) == {
        ("first", "registered", "secret:1"),
        ("secret:1", "input", "last"),
    }
    with pytest.raises(NotFound):
        walk(world, "version", secret.uid)
    with pytest.raises(NotFound):
        inputs(world, first, Input(version_uid=secret.uid))


def test_a_grant_on_a_namespace_shows_the_nodes_that_touch_it(world: World, make_run: MakeRun) -> None:
    mine, theirs = make_run("mine", "a"), make_run("theirs", "b")
    inputs(world, mine, Input(name="shared"))
    inputs(world, theirs, Input(name="shared"), Input(name="far"))
    scope = Scope.namespace_at(world.workspace.id, "a")
    admin = world.principals["admin"]
    world.command_tx(lambda tx: tx.grants.add("principal", world.uid("stranger"), scope, "viewer", admin.id))
    shared = walk(world, "run", mine, "up", who="stranger").vertices[1]
    far = next(view for view in walk(world, "run", theirs, "up").vertices if view.label == "far")
    found = walk(world, "node", str(shared.uid), who="stranger")
    assert sorted(view.kind for view in found.vertices) == ["hidden", "node", "run"]
    for kind, uid in (("node", str(far.uid)), ("run", theirs)):
        with pytest.raises(NotFound):
            walk(world, kind, uid, who="stranger")


def test_a_graph_has_limits(world: World, make_run: MakeRun) -> None:
    run = make_run("wide")
    inputs(world, run, *(Input(name=f"d{n}") for n in range(20)))
    cut = world.read("viewer", lambda c: graph.walk(c, "run", run, "up", most=11))
    assert (len(cut.vertices), len(cut.edges), cut.truncated) == (11, 10, True)
    whole = walk(world, "run", run)
    assert (len(whole.vertices), whole.truncated) == (21, False)
    for bad in ("sideways", "UP"):
        with pytest.raises(Invalid):
            walk(world, "run", run, bad)
    for depth in (0, 51):
        with pytest.raises(Invalid):
            walk(world, "run", run, depth=depth)
    with pytest.raises(Invalid):
        walk(world, "tree", run)


def test_inputs_are_a_command(world: World, make_run: MakeRun, make_version: MakeVersion) -> None:
    run, version = make_run("one"), make_version("base")
    item = Input(version_uid=version.uid)
    inputs(world, run, item)
    assert world.last is not None
    assert [record.body.count(version.uid.encode()) for record in world.last.records] == [1]
    inputs(world, run, item)
    assert world.last.records == [], "nothing changed"
    for bad in (Input(name=""), Input(name="x", kind="thing"), Input(name="x", uri="é" * 1_001)):
        with pytest.raises(Invalid):
            inputs(world, run, bad)
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: add_inputs(c, run, [item]))
    world.command("contributor", lambda c: runs.end(c, run, "finished"))
    with pytest.raises(Conflict):
        inputs(world, run, item)

"""Edges that callers say and take back: what they may join, who may say it, what stays."""

import pytest

from strongroom.application.call import Call
from strongroom.application.lineage import edges, graph, nodes
from strongroom.application.lineage.edges import AssertedView, SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.paging import PageRequest
from strongroom.application.tracking.inputs import Input, add_inputs
from strongroom.domain.audit.record import parse
from strongroom.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Purged
from strongroom.domain.identity.roles import Scope
from strongroom.domain.lineage.model import EdgeType
from strongroom.domain.lineage.vocabulary import RULES
from strongroom.domain.registry.model import Version, VersionState
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion

PAGE = PageRequest()


def v(version: Version) -> End:
    return End("version", version.uid)


def say(world: World, *said: SayEdge, who: str = "contributor") -> AssertedView:
    return world.command(who, lambda c: edges.assert_all(c, said))


def node(world: World, name: str, kind: str = "dataset") -> End:
    return End("node", world.command("contributor", lambda c: nodes.add(c, AddNode(name, kind))).uid)


def test_an_edge_is_said_once(world: World, make_version: MakeVersion) -> None:
    base, tuned = make_version("base"), make_version("tuned")
    edge = SayEdge(v(base), "adapter", v(tuned), {"rank": 8})
    assert say(world, edge, edge) == AssertedView(1, 1)
    assert world.last is not None
    (record,) = (parse(stored.body) for stored in world.last.records)
    assert (record.action, record.subject.uid) == ("edge.assert", tuned.uid)
    assert record.details["edges"] == ((f"version/{base.uid}", "adapter", f"version/{tuned.uid}"),)
    assert say(world, SayEdge(v(base), "adapter", v(tuned), {"rank": 16})) == AssertedView(0, 1)
    assert world.last.records == [], "nothing changed"
    found = world.read("viewer", lambda c: graph.walk(c, "version", tuned.uid, "up"))
    (drawn,) = found.edges
    assert (drawn.type, drawn.properties, drawn.asserted_by) == ("adapter", {"rank": 8}, world.uid("contributor"))


def test_all_or_none(world: World, make_version: MakeVersion) -> None:
    base, tuned = make_version("base"), make_version("tuned")
    for bad in (
        SayEdge(v(tuned), "base", v(base)),
        SayEdge(v(base), "base", v(base)),
        SayEdge(v(base), "input", v(tuned)),
        SayEdge(v(base), "nonsense", v(tuned)),
        SayEdge(v(base), "consumed_by", v(tuned)),
        SayEdge(v(base), "base", End("tree", tuned.uid)),
        SayEdge(v(base), "base", End("version", world.workspace.uid)),
        SayEdge(v(base), "merge", v(tuned), {"a": "x" * 20_000}),
    ):
        with pytest.raises((Invalid, Conflict, NotFound)):
            say(world, SayEdge(v(base), "base", v(tuned)), bad)
    assert world.read("viewer", lambda c: graph.walk(c, "version", base.uid)).edges == []
    for count in (0, 1_001):
        with pytest.raises(Invalid):
            say(world, *[SayEdge(v(base), "base", v(tuned))] * count)


def test_many_at_once(world: World, make_version: MakeVersion) -> None:
    """A record holds 64 KiB: more edges than fit make several."""
    model = make_version("model")
    data = [node(world, f"d{n}") for n in range(5)]
    said = [SayEdge(data[n % 5], "derived" if n % 2 else "copied", v(model)) for n in range(1_000)]
    assert say(world, *said) == AssertedView(10, 990)
    assert world.last is not None
    assert len(world.last.records) == 1
    images = [world.command("contributor", lambda c, n=n: nodes.add(c, AddNode(f"i{n}", "image"))) for n in range(300)]  # type: ignore[misc]
    assert say(world, *(SayEdge(End("node", image.uid), "base", v(model)) for image in images)).new == 300
    assert [len(parse(record.body).details["edges"]) for record in world.last.records] == [250, 50]  # type: ignore[arg-type]


def test_saying_needs_rights_at_both_ends(world: World, make_version: MakeVersion, make_run: MakeRun) -> None:
    """The end that the edge speaks of may be written, the other read."""
    mine = make_version("mine", who="contributor")
    secret = make_version("secret", visibility="private", who="maintainer")
    run, data = End("run", make_run("r")), node(world, "d")
    with pytest.raises(NotFound):
        say(world, SayEdge(v(secret), "base", v(mine)))
    with pytest.raises(NotFound):
        say(world, SayEdge(v(mine), "base", v(secret)))
    for edge in (SayEdge(v(mine), "evaluated", run), SayEdge(data, "input", run), SayEdge(data, "copied", v(mine))):
        with pytest.raises(Forbidden):
            say(world, edge, who="viewer")
        assert say(world, edge).new == 1
    scope, admin = Scope.asset(world.workspace.id, mine.asset_id), world.principals["admin"]
    world.command_tx(lambda tx: tx.grants.add("principal", world.uid("stranger"), scope, "contributor", admin.id))
    other = make_version("other")
    with pytest.raises(NotFound):
        say(world, SayEdge(v(other), "base", v(mine)), who="stranger")
    seen = Scope.asset(world.workspace.id, other.asset_id)
    world.command_tx(lambda tx: tx.grants.add("principal", world.uid("stranger"), seen, "viewer", admin.id))
    assert say(world, SayEdge(v(other), "base", v(mine)), who="stranger").new == 1
    with pytest.raises(Forbidden):
        say(world, SayEdge(v(mine), "base", v(other)), who="stranger")


def test_what_is_gone_says_nothing_new(world: World, make_version: MakeVersion) -> None:
    model, gone = make_version("model"), make_version("gone")
    world.command_tx(lambda tx: tx.versions.purge(gone, tx.now(), "licence"))
    with pytest.raises(Purged):
        say(world, SayEdge(v(model), "base", v(gone)))
    assert say(world, SayEdge(v(gone), "base", v(model))).new == 1, "of a tombstone others may still come"
    world.command_tx(lambda tx: tx.versions.update(gone, state=VersionState.DRAFT.value))
    with pytest.raises(Conflict):
        say(world, SayEdge(v(gone), "merge", v(model)))


def test_an_edge_taken_back_stays_in_the_history(world: World, make_version: MakeVersion) -> None:
    """ "removal is a tombstone with reason, history stays"."""
    base, tuned = make_version("base"), make_version("tuned")
    edge = SayEdge(v(base), "base", v(tuned), {"a": 1})
    say(world, edge)
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: edges.remove_all(c, [edge], "wrong"))
    with pytest.raises(Invalid):
        world.command("contributor", lambda c: edges.remove_all(c, [edge], " "))
    world.command("maintainer", lambda c: edges.remove_all(c, [edge], "wrong base"))
    assert world.last is not None
    assert [parse(record.body).action for record in world.last.records] == ["edge.remove"]
    assert world.read("viewer", lambda c: graph.walk(c, "version", tuned.uid)).edges == []
    with pytest.raises(NotFound):
        world.command("contributor", lambda c: edges.remove_all(c, [edge], "again"))
    for end, direction in ((base, "down"), (tuned, "up")):
        (past,) = world.read("viewer", lambda c, e=end: edges.history(c, v(e), PAGE)).items  # type: ignore[misc]
        assert (past.direction, past.type, past.reason, past.properties) == (direction, "base", "wrong base", {"a": 1})
        assert (past.asserted_by, past.removed_by) == (world.uid("contributor"), world.uid("maintainer"))
    assert say(world, SayEdge(v(tuned), "base", v(base))).new == 1, "the other way round closes no loop any more"


def test_the_run_that_a_version_was_published_from_is_no_statement(
    world: World, make_version: MakeVersion, make_run: MakeRun
) -> None:
    version, run = make_version("model"), make_run("train")
    edge = SayEdge(End("run", run), "registered", v(version))
    say(world, edge)
    world.command("contributor", lambda c: edges.remove_all(c, [edge], "a statement like any other"))

    def publish(call: Call) -> None:
        edges.assert_all(call, [edge])
        call.tx.versions.update(version, recorded_at=call.now)

    world.command("contributor", publish)
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: edges.remove_all(c, [edge], "no"))


def test_edges_of_one_vertex_in_pages(world: World, make_version: MakeVersion, make_run: MakeRun) -> None:
    """A page has as many as were asked for, whatever stands between them that may not be seen."""
    run = make_run("r")
    world.command("contributor", lambda c: add_inputs(c, run, [Input(name=f"d{n}") for n in range(5)]))
    for n in range(4):
        secret = make_version(f"s{n}", visibility="private", who="maintainer")
        world.command("admin", lambda c, s=secret: add_inputs(c, run, [Input(version_uid=s.uid)]))  # type: ignore[misc]
    made = make_version("m")
    say(world, SayEdge(End("run", run), "registered", v(made)))

    def walked(who: str, size: int, direction: str = "both") -> list[list[str | None]]:
        pages, token = [], None
        while True:
            page = PageRequest(size, token)
            found = world.read(who, lambda c, p=page: edges.listed(c, End("run", run), direction, None, p))  # type: ignore[misc]
            pages.append([item.other.label for item in found.items])
            token = found.next_page_token
            if token is None:
                return pages

    everything = [f"d{n}" for n in range(5)] + ["m:1"]
    assert walked("viewer", 4) == [everything[:4], everything[4:]]
    assert walked("viewer", 2) == [everything[:2], everything[2:4], everything[4:]]
    assert sum(map(len, walked("admin", 3))) == 10
    assert walked("viewer", 100, "down") == [["m:1"]]
    only = world.read("viewer", lambda c: edges.listed(c, End("run", run), "up", [EdgeType.REGISTERED], PAGE))
    assert (only.items, only.next_page_token) == ([], None)
    with pytest.raises(Invalid):
        walked("viewer", 5, "left")


def test_the_vocabulary_is_told(world: World) -> None:
    told = world.read("stranger", edges.types)
    assert [one.type for one in told] == [type_.value for type_ in RULES]


def test_a_batch_closes_no_loop_in_itself(world: World, make_version: MakeVersion) -> None:
    ring = [v(make_version(f"r{n}")) for n in range(4)]
    closed = [SayEdge(ring[n], "merge" if n % 2 else "base", ring[(n + 1) % 4]) for n in range(4)]
    with pytest.raises(Conflict):
        say(world, *closed)
    assert say(world, *closed[:3]).new == 3
    with pytest.raises(Conflict):
        say(world, closed[3])


@pytest.mark.parametrize("type_", ["base", "adapter", "merge", "quantised", "converted", "copied"])
def test_writers_at_once_close_no_loop_whatever_they_say(world: World, make_version: MakeVersion, type_: str) -> None:
    """ "acyclicity ... enforced also under concurrent writers": rings drawn by batches that overlap in time."""
    ring = [v(make_version(f"r{n}")) for n in range(6)]
    parts = [[SayEdge(ring[n], type_, ring[n + 1]), SayEdge(ring[n + 1], "base", ring[(n + 2) % 6])] for n in (0, 2, 4)]
    works = [lambda tx, p=part: edges.assert_all(world.call(tx, "contributor"), p) for part in parts]
    results = world.race(*works)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert [type(error) for error in refused] == [Conflict], results
    below = world.read("viewer", lambda c: graph.walk(c, "version", ring[0].uid, "down"))
    assert 0 not in [edge.target for edge in below.edges], "nothing leads back to where it began"

"""Random graphs in the database, some of it hidden, against a model that tries everything."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from strongroom.adapters.sql.tables import edge as edge_table
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.lineage import edges, graph, impact, paths
from strongroom.application.lineage.edges import SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.views import GraphView
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import Conflict
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.lineage.vocabulary import DERIVATION, RULES
from strongroom.domain.registry.model import Version
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeVersion
from tests.domain.lineage.reference import Pair, below, has_loop, shortest_paths

COUNT = 8
HIDDEN = (6, 7)
NAMES = [f"v{number}:1" for number in range(COUNT)]

drawn = st.lists(
    st.tuples(
        st.integers(0, COUNT - 1),
        st.sampled_from(["base", "merge", "copied", "describes", "associated"]),
        st.integers(0, COUNT - 1),
    ),
    max_size=14,
)
Drawn = Sequence[tuple[int, str, int]]
bounded = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


def make(make_version: MakeVersion) -> list[Version]:
    return [
        make_version(f"v{n}", visibility="private" if n in HIDDEN else "workspace", who="maintainer")
        for n in range(COUNT)
    ]


def forget(tx: Transaction) -> None:
    assert isinstance(tx, SqlTransaction)
    tx.connection.execute(delete(edge_table))


def say(world: World, versions: Sequence[Version], wanted: Drawn) -> list[tuple[int, str, int]]:
    """Say one edge after the other; those that stand. What is refused is just what the model refuses."""
    stands: list[tuple[int, str, int]] = []
    for source, type_, target in wanted:
        said = SayEdge(End("version", versions[source].uid), type_, End("version", versions[target].uid))
        derived = [(s, t) for s, kind, t in stands if EdgeType(kind) in DERIVATION]
        closes = EdgeType(type_) in DERIVATION and has_loop(pairs([*derived, (source, target)]))
        try:
            world.command("admin", lambda c, s=said: edges.assert_all(c, [s]))  # type: ignore[misc]
        except Conflict:
            assert closes or source == target
        else:
            assert not closes
            stands.append((source, type_, target))
    return stands


def pairs(numbers: Sequence[tuple[int, int]]) -> list[Pair]:
    return [(Vertex("version", source), Vertex("version", target)) for source, target in numbers]


def labels(found: GraphView) -> set[tuple[str | None, str, str | None]]:
    names = [view.label for view in found.vertices]
    return {(names[edge.source], edge.type, names[edge.target]) for edge in found.edges}


def walked(stands: Drawn, start: int, depth: int, hidden: Sequence[int]) -> set[tuple[str | None, str, str | None]]:
    """The edges of a walk down, by the plainest rule: those away from what is seen and less than `depth` away."""
    seen = below(pairs([(s, t) for s, _, t in stands if t not in hidden]), Vertex("version", start), depth - 1)
    numbers = {vertex.id for vertex in seen}
    return {(NAMES[s], kind, None if t in hidden else NAMES[t]) for s, kind, t in stands if s in numbers}


@bounded
@given(wanted=drawn, start=st.integers(0, 5), depth=st.integers(1, 5))
def test_walks(world: World, make_version: MakeVersion, wanted: Drawn, start: int, depth: int) -> None:
    """Both directions, depth, and what is hidden: by the model, for one who sees all and one who does not."""
    versions = getattr(world, "made", None) or make(make_version)
    world.made = versions  # type: ignore[attr-defined]
    world.command_tx(forget)
    stands = say(world, versions, wanted)
    uid = versions[start].uid
    backwards = [(t, kind, s) for s, kind, t in stands]
    for who, hidden in (("admin", ()), ("viewer", HIDDEN)):
        found = world.read(who, lambda c: graph.walk(c, "version", uid, "down", depth=depth))
        assert labels(found) == walked(stands, start, depth, hidden)
        assert sum(view.kind == "hidden" for view in found.vertices) <= len(found.vertices) / 2
        up = world.read(who, lambda c: graph.walk(c, "version", uid, "up", depth=depth))
        assert {(t, kind, s) for s, kind, t in labels(up)} == walked(backwards, start, depth, hidden)
        only = world.read(who, lambda c: graph.walk(c, "version", uid, "down", depth=depth, types=[EdgeType.BASE]))
        assert labels(only) == walked([e for e in stands if e[1] == "base"], start, depth, hidden)


@bounded
@given(wanted=drawn, start=st.integers(0, 5), goal=st.integers(0, 5))
def test_paths(world: World, make_version: MakeVersion, wanted: Drawn, start: int, goal: int) -> None:
    versions = getattr(world, "made", None) or make(make_version)
    world.made = versions  # type: ignore[attr-defined]
    world.command_tx(forget)
    stands = say(world, versions, wanted)
    ends = End("version", versions[start].uid), End("version", versions[goal].uid)
    for who, hidden in (("admin", ()), ("viewer", HIDDEN)):
        seen = [(s, t) for s, _, t in stands if s not in hidden and t not in hidden]
        for direction, there in (
            ("down", seen),
            ("up", [(t, s) for s, t in seen]),
            ("any", [*seen, *((t, s) for s, t in seen)]),
        ):
            found = world.read(who, lambda c, d=direction: paths.path(c, *ends, d, most=100))  # type: ignore[misc]
            names = [[found.vertices[place].label for place in path] for path in found.paths]
            model = shortest_paths(pairs(there), Vertex("version", start), Vertex("version", goal))
            assert sorted(names) == sorted([NAMES[vertex.id] for vertex in path] for path in model)
            joined = {(edge.source, edge.target) for edge in found.edges}
            for path in found.paths:
                assert all(one in joined or one[::-1] in joined for one in pairwise(path))


@bounded
@given(wanted=drawn, start=st.integers(0, 5))
def test_impact(world: World, make_version: MakeVersion, wanted: Drawn, start: int) -> None:
    versions = getattr(world, "made", None) or make(make_version)
    world.made = versions  # type: ignore[attr-defined]
    world.command_tx(forget)
    stands = say(world, versions, wanted)
    carrying = [(s, t) for s, kind, t in stands if RULES[EdgeType(kind)].carries]
    for who, hidden in (("admin", ()), ("viewer", HIDDEN)):
        found = world.read(who, lambda c: impact.impact(c, "version", versions[start].uid))
        seen = below(pairs([(s, t) for s, t in carrying if t not in hidden]), Vertex("version", start), 50)
        assert {a.vertex.label: a.distance for a in found.affected} == {NAMES[v.id]: d for v, d in seen.items()}
        behind = any(Vertex("version", s) in seen and t in hidden for s, t in carrying)
        assert found.hidden == behind

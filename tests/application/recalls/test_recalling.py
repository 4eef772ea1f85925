"""What is recalled is not pulled until it is lifted: versions, digests, data sets, licences, and what came of them."""

import asyncio
from typing import cast

import pytest
from sqlalchemy import Engine, event

from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.call import Call
from strongroom.application.lineage import edges, flags, graph, nodes
from strongroom.application.lineage.edges import SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls import recalling
from strongroom.application.recalls.recalling import SayRecall
from strongroom.application.recalls.standing import Content, is_recalled
from strongroom.application.registry import tags
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, Recalled
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from tests.application.conftest import MovableClock, World
from tests.application.recalls.conftest import Shelf, digest


def details(error: Recalled) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", error.details["recalls"])


def run_of(world: World) -> str:
    experiment = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("e")))
    return world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, "r"))).uid


def test_a_recalled_version_is_pulled_by_nobody_until_it_is_lifted(world: World, shelf: Shelf) -> None:
    """ "Flag a digest, version, data set or licence: ... pulls answer 451 on every dialect and process"."""
    first = shelf.publish("churn", {"weights": "one", "config": "same"})
    second = shelf.publish("churn", {"weights": "two", "config": "same"})
    assert not shelf.refused(first)
    made = shelf.recall("version", first.uid)
    assert made.complete
    for who in ("viewer", "contributor", "admin", "root"):
        assert shelf.refused(first, who=who)
        assert not shelf.refused(second, who=who)
    with pytest.raises(Recalled) as told:
        shelf.pull(first, "config")
    assert [(why["uid"], why["reason"]) for why in details(told.value)] == [(made.uid, "it was found to be bad")]
    with pytest.raises(NotFound):
        shelf.pull(first, "config", who="stranger")
    assert shelf.pull(second, "config") == digest("same")
    lifted = shelf.lift(made)
    assert lifted.lifted_by == world.uid("admin")
    assert shelf.pull(first) == digest("one")
    with pytest.raises(Conflict):
        shelf.lift(made)
    page = PageRequest(10)
    assert world.read("viewer", lambda call: recalling.listed(call, page)).items == []
    (kept,) = world.read("viewer", lambda call: recalling.listed(call, page, lifted=True)).items
    assert (kept.uid, kept.lifted_reason) == (made.uid, "it was found to be good")


def test_only_admins_of_the_workspace_recall(world: World, shelf: Shelf) -> None:
    version = shelf.publish("churn", {"weights": "one"})
    with pytest.raises(Forbidden):
        shelf.recall("version", version.uid, who="maintainer")
    made = shelf.recall("version", version.uid)
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: recalling.lift(call, made.uid, "no"))
    with pytest.raises(Forbidden):
        world.read("stranger", lambda call: recalling.get(call, made.uid))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("version", "x"),
        ("digest", "AB" * 32),
        ("licence", "mit OR gpl"),
        ("licence", "or"),
        ("dataset", ""),
        ("x", "y"),
    ],
)
def test_what_is_not_named_rightly_is_refused(shelf: Shelf, kind: str, subject: str) -> None:
    with pytest.raises(Invalid):
        shelf.recall(kind, subject)


def test_the_same_content_is_recalled_wherever_it_is_published(shelf: Shelf) -> None:
    first = shelf.publish("churn", {"weights": "one"})
    shelf.recall("version", first.uid)
    assert shelf.refused(shelf.publish("churn", {"weights": "one"}))
    assert shelf.refused(shelf.publish("other", {"weights": "one"}))


def test_a_file_is_recalled_in_versions_and_folders(world: World, shelf: Shelf) -> None:
    """ "Flag a digest"."""
    first = shelf.publish("churn", {"weights": "bad", "config": "fine"})
    run = run_of(world)
    shelf.send("run", run, {"model/weights": "bad", "plot": "fine"})
    made = shelf.recall("digest", f"sha256:{digest('bad')}")
    assert shelf.refused(first)
    assert shelf.pull(first, "config") == digest("fine")
    with pytest.raises(Recalled):
        shelf.pull_folder("run", run, "model/weights")
    assert shelf.pull_folder("run", run, "plot") == digest("fine")
    assert shelf.refused(shelf.publish("later", {"weights": "bad"}))
    reached = world.read("admin", lambda call: recalling.get(call, made.uid)).reached
    assert reached == 2
    tree = shelf.publish("tree", {"weights": "whole", "config": "whole too"})
    shelf.recall("digest", tree.tree or "")
    assert shelf.refused(tree, "config")


def test_a_licence_is_recalled_with_all_that_state_it(world: World, shelf: Shelf) -> None:
    """ "licence"."""
    stated = shelf.publish("churn", {"weights": "a"}, PublishDetails(tags={"license": "MIT OR CC-BY-NC-4.0"}))
    of_asset = shelf.publish("other", {"weights": "b"})
    free = shelf.publish("free", {"weights": "c"}, PublishDetails(properties={"licence": "apache-2.0"}))
    card = {"license:cc-by-nc-4.0": None}
    world.command("contributor", lambda call: tags.set_tags(call, "asset", shelf.assets["other"], card))
    shelf.recall("licence", "CC-BY-NC-4.0")
    assert [shelf.refused(one) for one in (stated, of_asset, free)] == [True, True, False]
    gone = ["license:cc-by-nc-4.0"]
    world.command("contributor", lambda call: tags.remove_tags(call, "asset", shelf.assets["other"], gone, strict=True))
    assert shelf.refused(of_asset), "taking the tag away frees nothing"
    later = shelf.publish("later", {"weights": "d"}, PublishDetails(properties={"licence": "cc-by-nc-4.0"}))
    assert shelf.refused(later)


def test_a_data_set_is_recalled_with_what_came_of_it(world: World, shelf: Shelf) -> None:
    """ "impact list through lineage to versions"; a data set that runs only name has nothing but what came of it."""
    run, later = run_of(world), shelf.publish("later", {"weights": "l"})
    trained, tuned, free = (shelf.publish(name, {"weights": name}) for name in ("trained", "tuned", "free"))

    def drawn(call: Call) -> str:
        node, _ = nodes.ensure(call, AddNode("events", "dataset", "", digest="7d86"))
        ids = {one.uid: Vertex("version", world_id(call, one.uid)) for one in (trained, tuned)}
        at = Vertex("run", runs.by_uid(call, run, Permission.RUN_READ)[1].id)
        graph.link(call, Vertex("node", node.id), EdgeType.INPUT, at)
        graph.link(call, at, EdgeType.OUTPUT, ids[trained.uid])
        graph.link(call, ids[trained.uid], EdgeType.BASE, ids[tuned.uid])
        return node.uid

    world.command("contributor", drawn)
    watched = shelf.recall("dataset", "7d86")
    assert watched.reached == 4
    assert not shelf.refused(tuned), "without downstream only the data set itself is recalled"
    made = shelf.recall("dataset", "7d86", downstream=True)
    assert [shelf.refused(one) for one in (trained, tuned, free, later)] == [True, True, False, False]
    join(world, tuned.uid, later.uid)
    assert shelf.refused(later), "what is made of it after the recall is recalled as well"
    assert world.read("admin", lambda call: recalling.get(call, made.uid)).reached == 5
    shelf.lift(made)
    assert not shelf.refused(later)


def world_id(call: Call, uid: str) -> int:
    found = call.tx.versions.by_uid(call.workspace.id, uid)
    assert found is not None
    return found.id


def join(world: World, source: str, target: str) -> None:
    def link(call: Call) -> None:
        ends = [Vertex("version", world_id(call, uid)) for uid in (source, target)]
        graph.link(call, ends[0], EdgeType.BASE, ends[1])

    world.command("contributor", link)


def test_what_a_recall_names_is_flagged_until_it_is_lifted(world: World, shelf: Shelf) -> None:
    version = shelf.publish("churn", {"weights": "one"})
    made = shelf.recall("version", version.uid)
    (flag,) = world.read("viewer", lambda call: flags.of(call, "version", version.uid))
    assert (flag.cause, flag.reason) == ("recall", "it was found to be bad")
    with pytest.raises(Conflict):
        world.command("admin", lambda call: flags.remove(call, flag.uid, "no"))
    shelf.lift(made)
    assert world.read("viewer", lambda call: flags.of(call, "version", version.uid)) == []


def test_another_process_refuses_at_once(world: World, shelf: Shelf, database: str, clock: MovableClock) -> None:
    """ "on every ... process": what one remembers does not outlive what another commits."""
    version = shelf.publish("churn", {"weights": "one"})
    is_sqlite = database.startswith("sqlite")
    other = SqliteExecutor(database, clock) if is_sqlite else PostgresExecutor(database, clock, connections=2)

    def refused(tx: Transaction) -> bool:
        call = world.call(tx, "viewer")
        return is_recalled(call, Content(version.tree))

    def recall(tx: Transaction) -> str:
        asked = SayRecall("version", version.uid, "it was found to be bad")
        return recalling.say(world.call(tx, "admin"), asked).uid

    try:
        assert not asyncio.run(other.read(refused))
        uid = asyncio.run(world.executor.command(recall))
        assert asyncio.run(other.read(refused))
        assert asyncio.run(other.command(refused))
        world.command("admin", lambda call: recalling.lift(call, uid, "fine"))
        assert not asyncio.run(other.read(refused))
    finally:
        other.close()


def test_where_nothing_is_recalled_the_question_costs_no_statement(world: World, shelf: Shelf) -> None:
    """ "cheap when nothing is recalled": what stands is remembered under the mark that each call reads."""
    version = shelf.publish("churn", {"weights": "one"})
    shelf.pull(version)
    found: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        world.read("viewer", lambda call: is_recalled(call, Content(version.tree)))
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    assert not [statement for statement in found if "recall" in statement]


def test_taking_an_edge_back_frees_nothing(world: World, shelf: Shelf) -> None:
    """Whoever may write lineage may not lift a recall by it."""
    base, tuned = (shelf.publish(name, {"weights": name}) for name in ("base", "tuned"))
    ends = [Vertex("version", id_in(world, one.uid)) for one in (base, tuned)]
    world.command("contributor", lambda call: graph.link(call, ends[0], EdgeType.BASE, ends[1]))
    shelf.recall("version", base.uid, downstream=True)
    assert shelf.refused(tuned)
    said = [SayEdge(End("version", base.uid), "base", End("version", tuned.uid))]
    world.command("contributor", lambda call: edges.remove_all(call, said, "it was not"))
    assert shelf.refused(tuned)


def id_in(world: World, uid: str) -> int:
    return world.read("admin", lambda call: world_id(call, uid))

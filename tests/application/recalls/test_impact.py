"""Who is concerned: what a recall reaches, with aliases, releases, targets, readers and owners; found in steps."""

import asyncio
import json

import pytest

from strongroom.application.audit.reads import open_window, window_of, write_counts
from strongroom.application.call import Call
from strongroom.application.delivery import placing, releases, reporting, watching
from strongroom.application.delivery.placing import Promote
from strongroom.application.delivery.releases import CreateRelease, WantedPart
from strongroom.application.delivery.reporting import Report
from strongroom.application.lineage import graph
from strongroom.application.paging import PageRequest
from strongroom.application.ports.recalls import AGAIN
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls import impact, reaching, recalling
from strongroom.application.recalls.recalling import SayRecall
from strongroom.application.recalls.views import AffectedView, RecallView
from strongroom.application.registry import aliases
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Conflict
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex
from tests.application.conftest import MovableClock, World
from tests.application.recalls.conftest import Shelf

LINE = "scoring"


def id_of(world: World, version: VersionView) -> int:
    found = world.read_tx(lambda tx: tx.versions.by_uid(world.workspace.id, version.uid))
    assert found is not None
    return found.id


def join(world: World, source: VersionView, target: VersionView) -> None:
    ends = [Vertex("version", id_of(world, one)) for one in (source, target)]
    world.command("contributor", lambda call: graph.link(call, ends[0], EdgeType.BASE, ends[1]))


def epoch(world: World, version: VersionView) -> int:
    return world.read_tx(lambda tx: tx.versions.by_id(id_)).evidence_epoch if (id_ := id_of(world, version)) else 0


def affected(world: World, recall: RecallView, *, size: int = 100, who: str = "admin") -> list[AffectedView]:
    """All of it, page by page."""
    found: list[AffectedView] = []
    page = PageRequest(size)
    while True:
        got = world.read(who, lambda call, page=page: impact.listed(call, recall.uid, page))  # type: ignore[misc]
        found += got.items
        if got.next_page_token is None:
            return found
        page = PageRequest(size, got.next_page_token)


@pytest.fixture
def chain(world: World, shelf: Shelf) -> list[VersionView]:
    """A base, what was tuned from it, and what was tuned from that."""
    made = [shelf.publish(name, {"weights": name}) for name in ("base", "tuned", "twice")]
    join(world, made[0], made[1])
    join(world, made[1], made[2])
    return made


def released(world: World, version: VersionView) -> str:
    """The uid of a release of the version that runs in `dev`."""
    command = CreateRelease(LINE, [WantedPart("model", version.uid)])
    made = world.command("contributor", lambda call: releases.create(call, command))
    world.command("admin", lambda call: placing.promote(call, "dev", Promote(made.uid)))
    return made.uid


def test_all_whom_it_concerns_are_listed(world: World, shelf: Shelf, chain: list[VersionView]) -> None:
    """ "impact list through lineage to versions, aliases, releases, deployments, consumers and owners"."""
    tuned = chain[1]
    asset = shelf.assets["tuned"]
    world.command("maintainer", lambda call: aliases.change(call, asset, [ChangeAlias("champion", tuned.uid)]))
    release = released(world, tuned)
    target = world.command("admin", lambda call: watching.register(call, "dev", LINE, "pod-1"))
    digest = world.read("admin", lambda call: releases.get(call, release)).digest
    world.command("admin", lambda call: reporting.report(call, target.uid, Report(digest, "healthy", {}, "")))

    def read(call: Call) -> None:
        window = window_of(call, id_of_version)
        open_window(call, window)
        write_counts(call.tx, {window: (3, 30)})

    id_of_version = id_of(world, tuned)
    world.command("viewer", read)
    made = shelf.recall("version", chain[0].uid)
    first, second, third = affected(world, made)
    assert [(one.vertex.uid, one.distance, one.barred) for one in (first, second, third)] == [
        (version.uid, distance, distance == 0) for distance, version in enumerate(chain)
    ]
    assert second.aliases == ["champion"]
    assert [(one.line, one.number, one.environment, one.mode) for one in second.releases] == [(LINE, 1, "dev", "live")]
    assert [(one.name, one.environment, one.running) for one in second.targets] == [("pod-1", "dev", True)]
    assert [(one.name, one.reads) for one in second.consumers] == [("viewer", 3)]
    assert [one.name for one in second.owners] == ["contributor"]
    assert not second.more
    paged = [one.vertex.uid for one in affected(world, made, size=1)]
    assert paged == [version.uid for version in chain]


def test_what_is_recalled_is_not_promoted_nor_put_back(world: World, shelf: Shelf) -> None:
    """ "pulls answer 451"; and no release of it is promoted, by whom and however."""
    first, second = (shelf.publish("churn", {"weights": word}) for word in ("one", "two"))
    released(world, first)
    released(world, second)
    made = shelf.recall("licence", "cc-by-nc-4.0")
    world.command("admin", lambda call: placing.rollback(call, "dev", LINE))
    shelf.lift(made)
    made = shelf.recall("version", second.uid)
    release = world.read("admin", lambda call: releases.listed(call, LINE, PageRequest(10))).items[0]
    with pytest.raises(Conflict, match="recalled"):
        world.command("admin", lambda call: placing.promote(call, "dev", Promote(release.uid)))
    shelf.lift(made)
    world.command("admin", lambda call: placing.promote(call, "dev", Promote(release.uid)))
    shelf.recall("version", first.uid)
    with pytest.raises(Conflict, match="recalled"):
        world.command("admin", lambda call: placing.rollback(call, "dev", LINE))


def test_gates_ask_again_about_all_that_is_reached(world: World, shelf: Shelf, chain: list[VersionView]) -> None:
    before = [epoch(world, version) for version in chain]
    made = shelf.recall("version", chain[0].uid)
    told = [epoch(world, version) for version in chain]
    assert all(now > then for now, then in zip(told, before, strict=True))
    shelf.lift(made)
    assert all(epoch(world, version) > then for version, then in zip(chain, told, strict=True))


def test_reach_is_followed_in_steps(
    world: World, shelf: Shelf, chain: list[VersionView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is bounded; the job does what the recall itself does not."""
    monkeypatch.setattr(reaching, "FRONTIER", 1)
    monkeypatch.setattr(reaching, "EDGES_MOST", 1)
    monkeypatch.setattr(reaching, "STEPS_AT_ONCE", 1)
    fan = [shelf.publish(f"fan-{number}", {"weights": str(number)}) for number in range(3)]
    for version in fan:
        join(world, chain[0], version)
    made = shelf.recall("version", chain[0].uid, downstream=True)
    assert not made.complete
    assert not shelf.refused(chain[2])
    asyncio.run(reaching.go_on(world.executor))
    known = world.read("admin", lambda call: recalling.get(call, made.uid))
    assert (known.complete, known.reached) == (True, 6)
    assert all(shelf.refused(version) for version in [*chain, *fan])


def test_an_edge_that_was_being_written_is_found_by_a_second_walk(
    world: World, shelf: Shelf, chain: list[VersionView], clock: MovableClock
) -> None:
    """Neither of two transactions at once sees the other's rows: the edge is looked for again when both have ended."""
    late = shelf.publish("late", {"weights": "late"})
    made = shelf.recall("version", chain[0].uid, downstream=True)
    ends = [Vertex("version", id_of(world, one)) for one in (chain[2], late)]

    def unseen(tx: Transaction) -> None:
        """As if the recall had not been there yet: the edge alone."""
        call = world.call(tx, "contributor")
        edge = Edge(ends[0], EdgeType.BASE, ends[1], {}, call.now, call.actor.id)
        tx.lineage.add_edges(world.workspace.id, [edge])

    world.command_tx(unseen)
    asyncio.run(reaching.go_on(world.executor))
    work = world.read_tx(lambda tx: tx.recalls.work(tx.recalls.by_uid(world.workspace.id, made.uid).id))  # type: ignore[union-attr]
    assert work is not None
    assert work.phase == AGAIN
    assert not shelf.refused(late)
    clock.advance(reaching.AGAIN_US + 1)
    asyncio.run(reaching.go_on(world.executor))
    assert shelf.refused(late)
    assert world.read_tx(lambda tx: tx.recalls.due(tx.now())) is None


def test_a_file_is_looked_for_in_all_versions_in_steps(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "LOOKED_AT", 1)
    monkeypatch.setattr(reaching, "STEPS_AT_ONCE", 1)
    having = [shelf.publish("churn", {"weights": "bad", "n": str(number)}) for number in range(3)]
    shelf.publish("churn", {"weights": "good"})
    digest = shelf.pull(having[0])
    made = shelf.recall("digest", digest)
    asyncio.run(reaching.go_on(world.executor))
    assert {one.vertex.uid for one in affected(world, made)} == {one.uid for one in having}


def test_what_one_may_not_see_is_left_out(world: World, shelf: Shelf, chain: list[VersionView]) -> None:
    made = shelf.recall("version", chain[0].uid)
    assert len(affected(world, made, who="viewer")) == 3
    owner = shelf.assets["tuned"]
    world.command_tx(
        lambda tx: tx.assets.advance(tx.assets.by_uid(world.workspace.id, owner), visibility="private")  # type: ignore[arg-type]
    )
    assert len(affected(world, made, who="viewer", size=1)) == 2
    assert len(affected(world, made)) == 3


def test_each_act_is_a_record_and_an_event(world: World, shelf: Shelf) -> None:
    """ "Audit record + event on recall/lift/exempt"; a refused pull is a record as well."""
    version = shelf.publish("churn", {"weights": "one"})
    command = SayRecall("version", version.uid, "a reason that is not for the log")

    def say(call: Call) -> list[bytes]:
        recalling.say(call, command)
        return [stored.body for stored in call.records]

    (body,) = world.command("admin", say)
    record = json.loads(body)
    assert (record["action"], record["details"]["version"]) == ("recall.say", version.uid)
    assert b"not for the log" not in body
    assert shelf.refused(version)
    assert world.last is not None
    assert world.last.refusal is not None
    assert (world.last.refusal.subject.kind, world.last.refusal.subject.uid) == ("version", version.uid)

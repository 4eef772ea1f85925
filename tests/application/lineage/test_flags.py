"""Flags and what they touch."""

import pytest

from strongroom.application.lineage import edges, flags, graph, impact, nodes
from strongroom.application.lineage.edges import SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.flags import FlagView, SetFlag
from strongroom.application.lineage.impact import ImpactView
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.domain.audit.record import parse
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion

PAGE = PageRequest()


def flag(world: World, kind: str, uid: str, who: str = "contributor", cause: str = "bad_data") -> FlagView:
    return world.command(who, lambda c: flags.set_(c, SetFlag(kind, uid, "labels are wrong", cause)))


def say(world: World, source: tuple[str, str], type_: str, target: tuple[str, str]) -> None:
    edge = SayEdge(End(*source), type_, End(*target))
    world.command("admin", lambda c: edges.assert_all(c, [edge]))


def asked(world: World, kind: str, uid: str, who: str = "viewer", **bounds: int) -> ImpactView:
    return world.read(who, lambda c: impact.impact(c, kind, uid, **bounds))


def test_a_flag_is_audited_and_an_event_of_the_asset(world: World, make_version: MakeVersion) -> None:
    """ "`flag.set/remove` with reason, audited, evented"; gates see by the epoch that evidence changed."""
    version = make_version("model")
    made = flag(world, "version", version.uid)
    assert (made.on.flagged, made.cause, made.set_by) == (True, "bad_data", world.uid("contributor"))
    assert world.last is not None
    record = parse(world.last.records[0].body)
    assert (record.action, record.subject.uid, record.details["flag"]) == ("flag.set", version.uid, made.uid)
    assert record.subject_seq is not None
    assert "labels" not in world.last.records[0].body.decode(), "free text stays out of the log"
    after = world.read_tx(lambda tx: tx.versions.by_id(version.id))
    assert after.evidence_epoch == version.evidence_epoch + 1
    gone = world.command("maintainer", lambda c: flags.remove(c, made.uid, "relabelled"))
    assert (gone.removed_by, gone.removed_reason) == (world.uid("maintainer"), "relabelled")
    assert world.read("viewer", lambda c: flags.of(c, "version", version.uid)) == []
    (past,) = world.read("viewer", lambda c: flags.of(c, "version", version.uid, removed=True))
    assert past.uid == made.uid
    assert not past.on.flagged
    with pytest.raises(Conflict):
        world.command("maintainer", lambda c: flags.remove(c, made.uid, "again"))


def test_who_may_flag(world: World, make_version: MakeVersion, make_run: MakeRun) -> None:
    version, secret = make_version("model"), make_version("secret", visibility="private", who="maintainer")
    with pytest.raises(Forbidden):
        flag(world, "version", version.uid, "viewer")
    with pytest.raises(NotFound):
        flag(world, "version", secret.uid)
    made = flag(world, "version", version.uid)
    hidden = flag(world, "version", secret.uid, "admin")
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: flags.remove(c, made.uid, "mine"))
    for uid in (hidden.uid, world.workspace.uid):
        with pytest.raises(NotFound):
            world.command("contributor", lambda c, u=uid: flags.remove(c, u, "none"))  # type: ignore[misc]
    assert [one.uid for one in world.read("viewer", lambda c: flags.listed(c, PAGE)).items] == [made.uid]
    assert len(world.read("admin", lambda c: flags.listed(c, PAGE)).items) == 2
    with pytest.raises(Forbidden):
        world.read("stranger", lambda c: flags.listed(c, PAGE))
    flag(world, "run", make_run("r"))
    for bad in (SetFlag("asset", version.uid, "r"), SetFlag("version", version.uid, ""), SetFlag("run", "x", "r", "y")):
        with pytest.raises(Invalid):
            world.command("contributor", lambda c, b=bad: flags.set_(c, b))  # type: ignore[misc]


def test_a_purged_version_may_be_flagged(world: World, make_version: MakeVersion) -> None:
    version = make_version("gone")
    world.command_tx(lambda tx: tx.versions.purge(version, tx.now(), "size"))
    assert flag(world, "version", version.uid, cause="vulnerability").on.state == "purged"


def test_impact_names_versions_aliases_and_consumers(
    world: World, make_version: MakeVersion, make_run: MakeRun
) -> None:
    """ "list everything downstream that is affected incl. versions, aliases that point at them, who consumes them"."""
    data = world.command("contributor", lambda c: nodes.add(c, AddNode("rows", digest="sha256:1")))
    run, model, tuned, card = make_run("train"), make_version("model"), make_version("tuned"), make_version("card")
    apart = make_version("apart")
    say(world, ("node", data.uid), "input", ("run", run))
    say(world, ("run", run), "registered", ("version", model.uid))
    say(world, ("version", model.uid), "adapter", ("version", tuned.uid))
    say(world, ("version", card.uid), "describes", ("version", model.uid))
    say(world, ("version", tuned.uid), "associated", ("version", apart.uid))
    asset = world.read_tx(lambda tx: tx.assets.by_id(tuned.asset_id))
    world.command("maintainer", lambda c: aliases.change(c, asset.uid, [ChangeAlias("champion", tuned.uid)]))
    world.command_tx(lambda tx: tx.lineage.consume(tuned.id, world.uid("viewer"), 480_000, 3, 99))
    flag(world, "node", data.uid)
    found = asked(world, "node", data.uid)
    assert [flag_.cause for flag_ in found.flags] == ["bad_data"]
    assert [(a.vertex.label, a.distance, list(a.aliases)) for a in found.affected] == [
        ("rows", 0, []),
        ("train", 1, []),
        ("model:1", 2, []),
        ("tuned:1", 3, ["champion"]),
    ]
    assert found.affected[0].vertex.flagged
    (consumer,) = found.consumers
    assert (consumer.version_uid, consumer.consumer.label, consumer.reads) == (tuned.uid, "viewer", 3)
    assert (found.hidden, found.truncated) == (False, False)
    above = world.read("viewer", lambda c: impact.flagged_above(c, graph.find(c, "version", tuned.uid)))
    assert [view.label for view in above] == ["rows"]
    assert asked(world, "node", data.uid, depth=2).truncated
    assert asked(world, "node", data.uid, most=2).truncated


def test_impact_says_that_there_is_more_than_may_be_seen(world: World, make_version: MakeVersion) -> None:
    base, secret = make_version("base"), make_version("secret", visibility="private", who="maintainer")
    say(world, ("version", base.uid), "base", ("version", secret.uid))
    found = asked(world, "version", base.uid)
    assert ([a.vertex.label for a in found.affected], found.hidden) == (["base:1"], True)
    assert len(asked(world, "version", base.uid, "admin").affected) == 2

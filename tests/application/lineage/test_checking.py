"""Checks of what stands behind a version, with facts out of the database."""

from collections.abc import Sequence

import pytest

from strongroom.application.lineage import checking, flags, graph
from strongroom.application.lineage.checking import CheckView
from strongroom.application.lineage.flags import SetFlag
from strongroom.application.tracking import runs
from strongroom.application.tracking.inputs import Input, add_inputs
from strongroom.application.tracking.runs import UpdateRun
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.lineage.check import PRESETS, Requirement
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.model import Version
from strongroom.domain.tracking.source import Source
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion


def registered(world: World, run_uid: str, version: Version) -> None:
    run = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run_uid))
    assert run is not None
    ends = Vertex("run", run.id), Vertex("version", version.id)
    world.command("contributor", lambda c: graph.link(c, ends[0], EdgeType.REGISTERED, ends[1]))


def check(world: World, version: Version, *names: str, who: str = "viewer") -> CheckView:
    asked = [checking.requirement(name) for name in names]
    return world.read(who, lambda c: checking.check(c, version.uid, asked))


def lacking(found: CheckView) -> Sequence[str]:
    return [missing.name for missing in found.missing]


def test_facts_of_what_stands_behind(world: World, make_version: MakeVersion, make_run: MakeRun) -> None:
    """ "mandatory-edge check": what is missing is named, until it is there."""
    model, run = make_version("model"), make_run("train")
    names = [name for name in PRESETS if name != "every_dataset_with_digest"]
    assert lacking(check(world, model, *names)) == ["dataset_with_digest", "code_commit", "registered_from_run"]
    registered(world, run, model)
    world.command("contributor", lambda c: add_inputs(c, run, [Input(name="rows", uri="s3://b")]))
    assert lacking(check(world, model, *PRESETS)) == ["dataset_with_digest", "every_dataset_with_digest", "code_commit"]
    world.command("contributor", lambda c: runs.update(c, run, UpdateRun(source=Source(commit="ab12"))))
    world.command("contributor", lambda c: add_inputs(c, run, [Input(name="rows", digest="sha256:1")]))
    found = check(world, model, *PRESETS)
    assert (lacking(found), found.met, found.complete) == (["every_dataset_with_digest"], False, True)
    node = graph_node(world, model)
    world.command("contributor", lambda c: flags.set_(c, SetFlag("node", node, "leak")))
    assert "upstream_unflagged" in lacking(check(world, model, *PRESETS))


def graph_node(world: World, model: Version) -> str:
    found = world.read("viewer", lambda c: graph.walk(c, "version", model.uid, "up"))
    return next(str(view.uid) for view in found.vertices if view.kind == "node")


def test_a_commit_is_a_field_of_the_source_and_not_a_word_in_it(
    world: World, make_version: MakeVersion, make_run: MakeRun
) -> None:
    model, run = make_version("model"), make_run("train")
    registered(world, run, model)
    odd = Source(branch='x","commit":"y', entry_point='{"commit": 1}')
    world.command("contributor", lambda c: runs.update(c, run, UpdateRun(source=odd)))
    assert lacking(check(world, model, "code_commit")) == ["code_commit"]


def test_gates_see_what_a_caller_may_not(world: World, make_version: MakeVersion) -> None:
    model = make_version("model")
    secret = make_version("secret", visibility="private", who="maintainer")
    ends = Vertex("version", secret.id), Vertex("version", model.id)
    world.command("admin", lambda c: graph.link(c, ends[0], EdgeType.BASE, ends[1]))
    asked = [Requirement("based", frozenset({EdgeType.BASE}), frozenset({"model"}), frozenset({"digest", "live"}))]
    seen = world.read("viewer", lambda c: checking.check(c, model.uid, asked))
    assert (seen.met, seen.complete) == (False, False)
    gate = world.read("viewer", lambda c: checking.check_version(c, model, asked, everything=True))
    assert (gate.met, gate.complete) == (True, True)


def test_what_may_be_asked(world: World, make_version: MakeVersion) -> None:
    model = make_version("model")
    with pytest.raises(Invalid):
        check(world, model)
    with pytest.raises(Invalid):
        check(world, model, "nonsense")
    with pytest.raises(Invalid):
        check(world, model, *["code_commit"] * 51)
    with pytest.raises(NotFound):
        check(world, model, "code_commit", who="stranger")

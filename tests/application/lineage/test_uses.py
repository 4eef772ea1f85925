"""What runs read and put out, as far as each caller may see it."""

from strongroom.application.paging import PageRequest
from strongroom.application.search import find
from strongroom.application.tracking import inputs, nested, runs
from strongroom.application.tracking.inputs import Input
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeRun, MakeVersion


def counted(world: World, who: str, uid: str) -> list[tuple[int, int]]:
    """Inputs and outputs of a run, in its own view and in a search."""
    view = world.read(who, lambda c: runs.get(c, uid))
    page = world.read(who, lambda c: find.runs(c, find.asked(Entity.RUN, f"uid = '{uid}'"), PageRequest()))
    return [(one.inputs, one.outputs) for one in (view, *page.items)]


def test_counts_are_of_what_the_caller_may_see(world: World, make_run: MakeRun, make_version: MakeVersion) -> None:
    """ "Every read goes through visibility; hidden = absent": how many private inputs a run has is not told."""
    uid = make_run("r")
    shown, secrets = (
        make_version("shown", who="maintainer"),
        [make_version(f"secret{n}", visibility="private", who="maintainer") for n in range(2)],
    )
    read = [Input(version_uid=one.uid) for one in (shown, *secrets)]
    world.command("admin", lambda c: inputs.add_inputs(c, uid, [*read, Input(name="rows", digest="d")]))
    put = [Input(version_uid=secrets[0].uid), Input(name="figures", digest="e")]
    world.command("admin", lambda c: inputs.add_outputs(c, uid, put))
    assert counted(world, "admin", uid) == [(4, 2), (4, 2)]
    assert counted(world, "viewer", uid) == [(2, 1), (2, 1)]


def test_all_that_is_hidden_is_one_thing(world: World, make_run: MakeRun, make_version: MakeVersion) -> None:
    uid = make_run("r")
    secrets = [make_version(f"secret{n}", visibility="private", who="maintainer") for n in range(3)]
    read = [Input(version_uid=one.uid, context="training") for one in secrets]
    world.command("admin", lambda c: inputs.add_inputs(c, uid, [*read, Input(name="rows", digest="d")]))
    uses = world.read("viewer", lambda c: nested.inputs(c, uid))
    assert [use.vertex.kind for use in uses] == ["node", "hidden"]
    assert uses[1].properties == {}
    assert len(world.read("admin", lambda c: nested.inputs(c, uid))) == 4

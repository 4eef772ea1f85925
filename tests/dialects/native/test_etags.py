"""ETag and If-Match on everything that can be changed."""

import pytest

from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.routes import OPERATIONS
from tests.support.api import Answer, assert_problem
from tests.support.api_world import World

COMPARING = [o for o in OPERATIONS if o.compares]
#: An update replaces what somebody read; README: "Where an answer carries an ETag, the update compares If-Match".
UPDATING = [o for o in OPERATIONS if o.method == "PATCH" and "etag" in getattr(o.answer, "__annotations__", {})]


def etag(answer: Answer) -> str:
    return answer.headers["etag"]


@pytest.mark.parametrize("operation", COMPARING, ids=lambda operation: operation.id)
def test_a_stale_etag_is_refused_and_changes_nothing(operation: Operation, world: World) -> None:
    """ "ETag / If-Match on mutable things": whoever read an older state gets 412."""
    asked = world.plausible(operation.id)
    before = world.do("audit.list", query={"page_size": 1, "action": operation.id})["items"]
    answer = world.ask("root", operation.id, asked, headers=[("If-Match", '"987654321"')])
    assert_problem(answer, 412)
    assert isinstance(answer.json()["etag"], int)
    assert world.do("audit.list", query={"page_size": 1, "action": operation.id})["items"] == before


@pytest.mark.parametrize("operation", COMPARING, ids=lambda operation: operation.id)
def test_the_etag_that_the_refusal_names_is_accepted(operation: Operation, world: World) -> None:
    """ "ETag / If-Match on mutable things": read again and retry, as the message says."""
    asked = world.plausible(operation.id)
    refused = world.ask("root", operation.id, asked, headers=[("If-Match", '"987654321"')])
    now = [("If-Match", f'"{refused.json()["etag"]}"')]
    done = world.ask("root", operation.id, asked, headers=now)
    assert done.status < 300, done
    if "etag" in done.headers:
        assert etag(done) == f'"{done.json()["etag"]}"'


def test_every_update_of_what_has_an_etag_compares() -> None:
    """ "ETag / If-Match on mutable things"."""
    assert [o.id for o in UPDATING if not o.compares] == []
    assert len(UPDATING) >= 5


@pytest.mark.parametrize(
    "id_", ["workspace.update", "namespace.update", "asset.update", "version.update", "run.update"]
)
def test_of_two_that_read_the_same_one_writes(id_: str, world: World) -> None:
    """Each change moves the ETag, so the second writer is told."""
    asked = world.plausible(id_)
    read = world.ask("root", id_.replace("update", "get"), world.plausible(id_.replace("update", "get")))
    stated = [("If-Match", etag(read))]
    first = world.ask("root", id_, asked, headers=stated)
    second = world.ask("root", id_, asked, headers=stated)
    assert (first.status, second.status) == (200, 412)
    assert etag(first) != etag(read)


def test_two_writers_racing_for_an_alias(world: World) -> None:
    """ "two writers racing for an alias (one wins, the other gets 412)"."""
    stated = [("If-Match", f'"{world.alias["etag"]}"')]
    asked = world.plausible("alias.set")
    moving = type(asked)(
        {**asked.path, "name": "champion"}, {}, {"version_uid": world.publish(world.asset["uid"])["uid"]}
    )
    answers = [world.ask("root", "alias.set", moving, headers=stated) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 412]
    assert answers[1].json()["version"] == 2


def test_an_alias_that_must_not_exist(world: World) -> None:
    """ "aliases with compare-and-swap": 0 means that it must not be there."""
    change = {"name": "champion", "version_uid": world.version["uid"], "etag": 0}
    assert world.alias
    answer = world.ask(
        "root",
        "alias.change",
        type(world.plausible("alias.change"))({"uid": world.asset["uid"]}, {}, {"changes": [change]}),
    )
    assert_problem(answer, 412)

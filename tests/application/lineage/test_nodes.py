"""Nodes: added once, listed for those who may read the whole workspace."""

from dataclasses import replace
from typing import Any

import pytest

from strongroom.application.lineage import nodes
from strongroom.application.lineage.nodes import AddNode, ListNodes, UpdateNode
from strongroom.application.paging import PageRequest
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from tests.application.conftest import World


def test_a_node_is_added_once(world: World) -> None:
    command = AddNode("images", uri="s3://b/images", digest="sha256:1", properties={"rows": 10})
    made = world.command("contributor", lambda c: nodes.add(c, command))
    assert world.last is not None
    assert len(world.last.records) == 1
    again = world.command("contributor", lambda c: nodes.add(c, AddNode("images", digest="sha256:1", uri="s3://c")))
    assert world.last.records == []
    assert again == made
    assert (made.properties, made.dialect) == ({"rows": 10}, "native")
    assert world.read("viewer", lambda c: nodes.get(c, made.uid)) == made


def test_who_may_add_and_see_nodes(world: World) -> None:
    made = world.command("contributor", lambda c: nodes.add(c, AddNode("images")))
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: nodes.add(c, AddNode("images")))
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: nodes.get(c, made.uid))
    with pytest.raises(NotFound):
        world.read("viewer", lambda c: nodes.get(c, world.workspace.uid))
    with pytest.raises(Forbidden):
        world.read("stranger", lambda c: nodes.listed(c, ListNodes(), PageRequest()))


def test_nodes_are_listed_in_pages_and_found_by_address(world: World) -> None:
    for number in range(5):
        command = AddNode(f"n{number}", kind="image" if number % 2 else "dataset", uri=f"s3://b/{number}")
        world.command("contributor", lambda c, new=command: nodes.add(c, new))  # type: ignore[misc]
    found, token = [], None
    for _ in range(3):
        page = world.read("viewer", lambda c, t=token: nodes.listed(c, ListNodes(), PageRequest(2, t)))  # type: ignore[misc]
        found += [node.name for node in page.items]
        token = page.next_page_token
    assert (found, token) == (["n4", "n3", "n2", "n1", "n0"], None)
    by_kind = world.read("viewer", lambda c: nodes.listed(c, ListNodes("image"), PageRequest()))
    assert [node.name for node in by_kind.items] == ["n3", "n1"]
    by_uri = world.read("viewer", lambda c: nodes.listed(c, ListNodes(uri="s3://b/2"), PageRequest()))
    assert [node.name for node in by_uri.items] == ["n2"]
    with pytest.raises(Invalid):
        world.read("viewer", lambda c: nodes.listed(c, ListNodes("thing"), PageRequest()))


def foreign(name: str = "approve", kind: str = "action", **more: Any) -> AddNode:
    return AddNode(name, kind, dialect="sagemaker", foreign_id="arn:aws:sagemaker:1:action/a", **more)


def test_a_node_of_another_system_is_told_apart_by_its_id_alone(world: World) -> None:
    """ "unique by (workspace, dialect, foreign id), found by uri"."""
    made = world.command("contributor", lambda c: nodes.add(c, foreign(state="InProgress", uri="s3://b/a")))
    again = world.command("contributor", lambda c: nodes.add(c, foreign("another name", state="Completed")))
    assert (again.uid, again.name, again.state) == (made.uid, "approve", "InProgress")
    with pytest.raises(AlreadyExists):
        world.command("contributor", lambda c: nodes.add(c, foreign(kind="context")))
    other = world.command("contributor", lambda c: nodes.add(c, replace(foreign(), dialect="vertex")))
    assert other.uid != made.uid
    for query in (ListNodes(dialect="sagemaker"), ListNodes(foreign_id=made.foreign_id, dialect="sagemaker")):
        found = world.read("viewer", lambda c, q=query: nodes.listed(c, q, PageRequest()))  # type: ignore[misc]
        assert [node.uid for node in found.items] == [made.uid]
    by_uri = world.read("viewer", lambda c: nodes.listed(c, ListNodes(uri="s3://user:secret@b/a"), PageRequest()))
    assert [node.uid for node in by_uri.items] == [made.uid], "passwords are dropped from what is asked, too"
    for bad in (replace(foreign(), foreign_id=None), replace(foreign(), dialect="native"), AddNode("a", dialect="A")):
        with pytest.raises(Invalid):
            world.command("contributor", lambda c, b=bad: nodes.add(c, b))  # type: ignore[misc]


def test_two_writers_make_one_foreign_node(world: World) -> None:
    made = world.race(*[lambda tx: nodes.add(world.call(tx, "contributor"), foreign())] * 2)
    assert len({getattr(node, "uid", node) for node in made}) == 1, made


def test_what_is_said_of_a_node_may_change(world: World) -> None:
    made = world.command("contributor", lambda c: nodes.add(c, foreign()))
    change = UpdateNode("Approval", "approved", "s3://b/a", "Completed", {"by": "ann"})
    after = world.command("contributor", lambda c: nodes.update(c, made.uid, change, made.etag))
    assert (after.type, after.name, after.uri, after.state, after.properties, after.etag) == (
        "Approval",
        "approved",
        "s3://b/a",
        "Completed",
        {"by": "ann"},
        2,
    )
    with pytest.raises(PreconditionFailed):
        world.command("contributor", lambda c: nodes.update(c, made.uid, UpdateNode(state="x"), made.etag))
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: nodes.update(c, made.uid, UpdateNode(state="x"), None))
    with pytest.raises(NotFound):
        world.command("contributor", lambda c: nodes.update(c, world.workspace.uid, UpdateNode(state="x"), None))


def test_what_makes_a_node_of_ours_itself_stays(world: World) -> None:
    bare = world.command("contributor", lambda c: nodes.add(c, AddNode("rows", uri="s3://a")))
    whole = world.command("contributor", lambda c: nodes.add(c, AddNode("rows", uri="s3://a", digest="1")))
    for uid, change in (
        (bare.uid, UpdateNode(uri="s3://b")),
        (bare.uid, UpdateNode(name="others")),
        (whole.uid, UpdateNode(name="others")),
    ):
        with pytest.raises(Conflict):
            world.command("contributor", lambda c, u=uid, x=change: nodes.update(c, u, x, None))  # type: ignore[misc]
    moved = world.command("contributor", lambda c: nodes.update(c, whole.uid, UpdateNode(uri="s3://b"), None))
    assert moved.uri == "s3://b"


def test_a_deleted_node_is_a_tombstone(world: World) -> None:
    made = world.command("contributor", lambda c: nodes.add(c, AddNode("rows", digest="1", properties={"a": 1})))
    gone = world.command("contributor", lambda c: nodes.delete(c, made.uid, "consent withdrawn", made.etag))
    assert (gone.properties, gone.deleted_reason, gone.digest) == ({}, "consent withdrawn", "1")
    assert world.last is not None
    assert b"consent" not in world.last.records[0].body, "free text stays out of the log"
    for deleted, there in ((False, []), (True, [made.uid])):
        found = world.read("viewer", lambda c, d=deleted: nodes.listed(c, ListNodes(deleted=d), PageRequest()))  # type: ignore[misc]
        assert [node.uid for node in found.items] == there
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: nodes.update(c, made.uid, UpdateNode(state="x"), None))
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: nodes.delete(c, made.uid, "again", None))

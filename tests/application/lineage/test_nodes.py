"""Nodes: added once, listed for those who may read the whole workspace."""

import pytest

from strongroom.application.lineage import nodes
from strongroom.application.lineage.nodes import AddNode, ListNodes
from strongroom.application.paging import PageRequest
from strongroom.domain.errors import Forbidden, Invalid, NotFound
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

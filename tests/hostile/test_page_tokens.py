"""Page tokens: garbage, forged, moved from another listing, another filter, another workspace."""

import base64

import pytest

from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.routes import OPERATIONS
from tests.support.api import PREFIX, Answer, InProcess, assert_problem
from tests.support.api_world import World
from tests.support.plausible import Asked

LISTINGS = [o for o in OPERATIONS if "page_token" in o.params.__struct_fields__]
#: As in the address.
GARBAGE = [
    "",
    "x",
    "AAAA",
    "A" * 43,
    "A" * 2048,
    "A" * 2049,
    "%00",
    "%ff",
    "%E2%80%AE",
    "..%2F..",
    "W10",
    "null",
    "!!!!",
    "%3D%3D",
]

each = pytest.mark.parametrize("operation", LISTINGS, ids=lambda operation: operation.id)


@each
def test_garbage_is_refused(operation: Operation, world: World) -> None:
    """ "garbage page tokens ... answered with a clear 4xx"."""
    asked = world.plausible(operation.id)
    address = world.address(operation.id, asked.path, {**asked.query, "page_size": 1}, world.workspace)
    for token in GARBAGE:
        answer = world.api.request("root", operation.method, f"{address}&page_token={token}", asked.json)
        assert_problem(answer, 400)


@pytest.fixture(scope="module")
def pages(api: InProcess) -> tuple[World, str]:
    """A world with several assets, and the token of the second page of all."""
    world = World(api)
    for _ in range(3):
        world.do("asset.create", {"kind": "model", "name": world.new("listed")})
    return world, world.do("asset.list", query={"page_size": 1})["next_page_token"]


def ask(world: World, token: str, **query: object) -> Answer:
    return world.ask("root", "asset.list", Asked({}, {"page_token": token, **query}))


def test_a_token_leads_on(pages: tuple[World, str]) -> None:
    world, token = pages
    first = world.do("asset.list", query={"page_size": 1})["items"]
    assert ask(world, token).json()["items"][0]["uid"] < first[0]["uid"]


def test_a_token_with_any_bit_flipped_is_refused(pages: tuple[World, str]) -> None:
    """ "garbage page tokens": nobody forges one."""
    world, token = pages
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert_problem(ask(world, base64.urlsafe_b64encode(flipped).decode().rstrip("=")), 400)
    for text in (token[:-1], token[1:], token + "A", token * 2, token.swapcase()):
        assert_problem(ask(world, text), 400)


def test_a_token_of_another_filter_is_refused(pages: tuple[World, str]) -> None:
    """A token works only for the listing that it came from (application/paging)."""
    world, token = pages
    for other in ({"kind": "model"}, {"name_prefix": "l"}, {"state": "all"}, {"tag": "t"}):
        assert_problem(ask(world, token, **other), 400)


@each
def test_a_token_of_another_listing_is_refused(operation: Operation, pages: tuple[World, str]) -> None:
    """A token works only for the listing that it came from (application/paging)."""
    world, token = pages
    if operation.id == "asset.list":
        return
    asked = world.plausible(operation.id)
    answer = world.ask("root", operation.id, Asked(asked.path, {**asked.query, "page_token": token}, asked.json))
    assert_problem(answer, 400)


def test_a_token_of_another_workspace_is_refused(pages: tuple[World, str]) -> None:
    """A token never carries a place over the wall of a workspace."""
    world, token = pages
    other = world.do("workspace.create", {"slug": world.new("other")})["slug"]
    assert_problem(world.ask("root", "asset.list", Asked({}, {"page_token": token}), workspace=other), 400)


def test_a_token_shows_no_more_than_its_bearer_may_see(pages: tuple[World, str]) -> None:
    """ "every list filtered": a token of the admin's listing is no right."""
    world, token = pages
    private = world.private["uid"]
    for who in ("viewer", "stranger"):
        shown = world.ask(who, "asset.list", Asked({}, {"page_token": token})).json()["items"]
        assert private not in {asset["uid"] for asset in shown}
    assert_problem(world.api.request(None, "GET", f"{PREFIX}/assets?page_token={token}"), 401)

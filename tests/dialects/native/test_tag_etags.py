"""Tags and properties, compared before they are changed."""

import pytest

from tests.support.api import assert_problem
from tests.support.api_world import World
from tests.support.plausible import Asked


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("tag.set", {"tags": {"a": "b"}}),
        ("tag.remove", {"keys": ["t"]}),
        ("property.set", {"properties": {"a": 1}}),
    ],
)
def test_a_change_moves_the_etag_by_one(world: World, operation: str, body: dict[str, object]) -> None:
    """What `strongroom apply` goes on from: several commands on one asset, and a stranger's between them refused."""
    uid = world.asset["uid"]
    world.do("tag.set", {"tags": {"t": "1"}}, kind="asset", uid=uid)
    etag = world.do("asset.get", uid=uid)["etag"]
    asked = Asked({"kind": "asset", "uid": uid}, {}, body)
    stated = [("If-Match", f'"{etag}"')]
    assert world.ask("root", operation, asked, headers=stated).status == 200
    assert world.do("asset.get", uid=uid)["etag"] == etag + 1
    assert_problem(world.ask("root", operation, asked, headers=stated), 412)

"""Writers that meet on PostgreSQL: what one of them read before it waited must not decide."""

from collections.abc import Callable

import pytest

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import aliases, assets, namespaces, workspaces
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset, ListAssets
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import PreconditionFailed
from tests.application.conftest import World
from tests.application.registry.conftest import Publish


def test_an_alias_moves_while_its_asset_moves_to_another_namespace(
    world: World, model: AssetView, publish: Publish
) -> None:
    version = publish(model)
    world.command("maintainer", lambda call: namespaces.create(call, "other", ""))
    champion = [ChangeAlias("champion", version.uid)]
    answers = world.race(
        lambda tx: assets.rename(world.call(tx, "maintainer"), model.uid, "other", None, None),
        lambda tx: aliases.change(world.call(tx, "maintainer"), model.uid, champion),
    )
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    found = world.read("viewer", lambda call: assets.get(call, model.uid))
    assert (found.path, found.aliases) == ("other/churn", {"champion": 1})


@pytest.mark.parametrize("first", ["create", "delete"])
def test_no_asset_is_left_in_a_namespace_that_is_deleted_meanwhile(world: World, first: str) -> None:
    uid = world.command("maintainer", lambda call: namespaces.create(call, "other", "")).uid
    works: list[Callable[[Transaction], object]] = [
        lambda tx: assets.create(world.call(tx, "contributor"), CreateAsset("model", "m", "other")),
        lambda tx: namespaces.delete(world.call(tx, "admin"), uid),
    ]
    world.race(*(works if first == "create" else reversed(works)))

    def unreachable(call: Call) -> list[str]:
        everything = assets.listed(call, ListAssets(), PageRequest()).items
        return [asset.path for asset in everything if namespaces.find(call, asset.namespace) is None]

    assert world.read("viewer", unreachable) == []


@pytest.mark.parametrize("what", ["namespace", "workspace"])
def test_of_two_that_state_one_etag_one_wins(world: World, what: str) -> None:
    uid = world.command("maintainer", lambda call: namespaces.create(call, "other", "")).uid

    def change(text: str) -> Callable[[Transaction], object]:
        if what == "namespace":
            return lambda tx: namespaces.update(world.call(tx, "admin"), uid, text, 1)
        return lambda tx: workspaces.update(world.call(tx, "admin"), "default", text, 1)

    answers = world.race(change("one"), change("two"))
    assert len([answer for answer in answers if isinstance(answer, PreconditionFailed)]) == 1

import pytest

from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, locate, namespaces
from strongroom.application.registry.assets import CreateAsset, ListAssets, UpdateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import (
    AlreadyExists,
    BadName,
    BadPageToken,
    Conflict,
    Forbidden,
    Held,
    Invalid,
    NotFound,
    PreconditionFailed,
    Purged,
)
from tests.application.conftest import World
from tests.application.registry.conftest import Publish


def create(world: World, name: str, namespace: str = "", who: str = "contributor", kind: str = "model") -> AssetView:
    return world.command(who, lambda call: assets.create(call, CreateAsset(kind, name, namespace)))


def test_creating_makes_the_namespaces_on_the_way(world: World) -> None:
    made = create(world, "net", "vision/resnet")
    assert made.path == "vision/resnet/net"
    listed = world.read("viewer", lambda call: namespaces.listed(call, PageRequest())).items
    assert [namespace.path for namespace in listed] == ["vision", "vision/resnet"]


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_readers_create_nothing(world: World, who: str) -> None:
    with pytest.raises((Forbidden, NotFound)):
        create(world, "net", who=who)


def test_a_name_is_unique_by_namespace_and_kind_in_nfc_and_case_counts(world: World) -> None:
    create(world, "caf\u00e9")
    with pytest.raises(AlreadyExists):
        create(world, "cafe\u0301")
    create(world, "caf\u00e9", kind="dataset")
    create(world, "caf\u00e9", "other")
    twin = create(world, "Caf\u00e9")
    assert twin.slug == "Cafe-2"


def test_bad_names_are_refused(world: World) -> None:
    for name in ("", "a/b", "a:b", " a", "a\u202eb"):
        with pytest.raises(BadName):
            create(world, name)
    with pytest.raises(Invalid):
        create(world, "x", kind="spaceship")


def test_an_etag_guards_changes(world: World, model: AssetView) -> None:
    changed = world.command("contributor", lambda c: assets.update(c, model.uid, UpdateAsset(card="new"), model.etag))
    assert changed.card == "new"
    assert changed.etag > model.etag
    with pytest.raises(PreconditionFailed):
        world.command("contributor", lambda c: assets.update(c, model.uid, UpdateAsset(card="lost"), model.etag))


def test_a_renamed_asset_answers_to_its_old_name_until_that_is_taken(world: World, model: AssetView) -> None:
    def found(reference: str) -> str:
        return world.read("viewer", lambda call: locate.resolve(call, reference, "model", None)).asset.uid

    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: assets.rename(c, model.uid, None, "leavers", None))
    renamed = world.command("maintainer", lambda c: assets.rename(c, model.uid, None, "leavers", None))
    assert renamed.path == "risk/leavers"
    assert found("risk/leavers") == found("risk/churn") == model.uid
    successor = create(world, "churn", "risk")
    assert found("risk/churn") == successor.uid
    assert found("risk/leavers") == model.uid


def test_the_trash_frees_the_name_and_gives_it_back_if_it_can(world: World, model: AssetView) -> None:
    world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=False, etag=None))
    successor = create(world, "churn", "risk")
    with pytest.raises(AlreadyExists):
        world.command("maintainer", lambda c: assets.restore(c, model.uid))
    world.command("maintainer", lambda c: assets.rename(c, successor.uid, None, "other", None))
    restored = world.command("maintainer", lambda c: assets.restore(c, model.uid))
    assert (restored.path, restored.deleted_at) == ("risk/churn", None)


def test_an_asset_with_aliases_is_held(world: World, model: AssetView, publish: Publish) -> None:
    publish(model, PublishDetails(aliases=["champion"]), who="maintainer")
    with pytest.raises(Held):
        world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=False, etag=None))
    gone = world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=True, etag=None))
    assert gone.aliases == {}


def test_purging_needs_the_trash_an_admin_and_a_reason(world: World, model: AssetView) -> None:
    with pytest.raises(Conflict):
        world.command("admin", lambda c: assets.purge(c, model.uid, "why"))
    world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=False, etag=None))
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda c: assets.purge(c, model.uid, "why"))
    with pytest.raises(Invalid):
        world.command("admin", lambda c: assets.purge(c, model.uid, "  "))
    assert world.command("admin", lambda c: assets.purge(c, model.uid, "why")).purged_at is not None
    with pytest.raises(Purged):
        world.command("admin", lambda c: assets.restore(c, model.uid))


def test_lists_are_filtered_and_paged(world: World) -> None:
    for name in ("a", "b", "c"):
        create(world, name, "risk")
    create(world, "d", "risk", kind="dataset")
    create(world, "e", "riskier")

    def names(query: ListAssets) -> list[str]:
        return [a.name for a in world.read("viewer", lambda c: assets.listed(c, query, PageRequest())).items]

    assert names(ListAssets()) == ["e", "d", "c", "b", "a"]
    assert names(ListAssets(namespace="risk")) == ["d", "c", "b", "a"]
    assert names(ListAssets(kind="model", namespace="risk", name_prefix="b")) == ["b"]
    first = world.read("viewer", lambda c: assets.listed(c, ListAssets(), PageRequest(3)))
    rest = world.read("viewer", lambda c: assets.listed(c, ListAssets(), PageRequest(3, first.next_page_token)))
    assert [a.name for a in (*first.items, *rest.items)] == ["e", "d", "c", "b", "a"]
    other = ListAssets(kind="model")
    with pytest.raises(BadPageToken):
        world.read("viewer", lambda c: assets.listed(c, other, PageRequest(3, first.next_page_token)))


def test_a_namespace_that_holds_something_stays(world: World, model: AssetView) -> None:
    assert model.namespace == "risk"
    uid = next(n.uid for n in world.read("viewer", lambda c: namespaces.listed(c, PageRequest())).items)
    with pytest.raises(Held):
        world.command("admin", lambda c: namespaces.delete(c, uid))

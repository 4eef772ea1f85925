"""Assets by their slugs, and assets made for clients that commit, on both databases."""

import pytest

from strongroom.application.call import Call
from strongroom.application.registry import assets, branched, card_facts, history, publication, slugs
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.card_facts import Card
from strongroom.application.registry.slugs import Found
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import AlreadyExists, BadName, NotFound
from strongroom.domain.identity.roles import Permission
from tests.application.conftest import World


def make(world: World, name: str, namespace: str = "lab", who: str = "maintainer") -> AssetView:
    return world.command(who, lambda call: branched.create(call, CreateAsset("model", name, namespace)))


def find(world: World, space: str, slug: str, who: str = "viewer") -> Found:
    return world.read(who, lambda call: slugs.asset_of(call, space, slug, "model", Permission.ASSET_READ))


def test_case_does_not_tell_names_apart(world: World) -> None:
    """N2: "Case-insensitive clients (HF, UC) look up by slug"."""
    made = make(world, "My.Model", "Lab/Vision")
    for space, slug in (("Lab/Vision", "My.Model"), ("lab/vision", "my.model"), ("LAB/VISION", "MY.MODEL")):
        assert find(world, space, slug).asset.uid == made.uid
    with pytest.raises(AlreadyExists):
        make(world, "my.model", "Lab/Vision")


def test_the_root_answers_to_the_workspace(world: World) -> None:
    world.command("maintainer", lambda call: assets.create(call, CreateAsset("model", "churn")))
    assert find(world, "default", "churn").asset.namespace_path == ""


def test_an_old_name_leads_there_until_it_is_taken(world: World) -> None:
    made = make(world, "old")
    world.command("maintainer", lambda call: branched.rename(call, made.uid, "other", "new"))
    assert (find(world, "lab", "OLD").asset.uid, find(world, "lab", "OLD").moved) == (made.uid, True)
    assert not find(world, "other", "NEW").moved
    again = make(world, "old")
    assert (find(world, "lab", "old").asset.uid, find(world, "lab", "old").moved) == (again.uid, False)
    with pytest.raises(AlreadyExists):
        world.command("maintainer", lambda call: branched.rename(call, again.uid, "other", "NEW"))


@pytest.mark.parametrize(("space", "slug"), [("lab", "none"), ("none", "x"), ("a.b", "x"), ("lab", "a--b"), ("", "x")])
def test_what_is_no_slug_is_not_there(world: World, space: str, slug: str) -> None:
    make(world, "x")
    with pytest.raises(NotFound):
        find(world, space, slug)


def test_what_is_hidden_is_not_there(world: World) -> None:
    world.command("maintainer", lambda call: branched.create(call, CreateAsset("model", "own", visibility="private")))
    with pytest.raises(NotFound):
        find(world, "default", "own")
    assert find(world, "default", "own", "maintainer").asset.visibility == "private"


@pytest.mark.parametrize("name", ["a b", "-a", "a--b", "a/b", "x.git", ""])
def test_a_name_that_is_no_slug_is_refused(world: World, name: str) -> None:
    with pytest.raises(BadName):
        make(world, name)


def test_it_begins_with_a_head_and_a_rule(world: World) -> None:
    """Trap 6: "New repo needs an initial commit"; N6: "Git-style dialects default to `pin + quiet(60)`"."""
    made = make(world, "m")
    assert world.read("viewer", lambda call: history.get(call, made.uid, "main")).message == "initial commit"
    assert world.read("viewer", lambda call: publication.get(call, made.uid)) == ("pin+quiet(60)", True)

    def set_rule(call: Call) -> None:
        space = call.tx.namespaces.by_path(call.workspace.id, "lab")
        assert space is not None
        publication.set_for_namespace(call, space.uid, "commit")

    world.command("maintainer", set_rule)
    other = make(world, "other")
    assert world.read("viewer", lambda call: publication.get(call, other.uid)) == ("commit", False)


def test_a_card_gives_tags_and_takes_its_own_back(world: World) -> None:
    """Tags that people set stay, also when the card names them too."""
    made = make(world, "m")

    def keep(call: Call, sha256: str | None, **data: object) -> None:
        asset = assets.locked(call, made.uid, Permission.VERSION_REGISTER)
        card_facts.keep(call, asset, Card(sha256, data))  # type: ignore[arg-type]  # plain values

    world.command("contributor", lambda call: keep(call, "0" * 64, license="mit", tags=["a", "b"], x=[1, {"y": None}]))
    assert tags(world, made) == ["a", "b", "license:mit"]
    assert world.read("viewer", lambda call: card_facts.said(call, [made.uid]))[made.uid]["x"] == [1, {"y": None}]
    world.command("contributor", lambda call: keep(call, "1" * 64, tags=["b"]))
    assert tags(world, made) == ["b"]
    world.command("contributor", lambda call: keep(call, "1" * 64, tags=["ignored, as it is the same file"]))
    world.command("contributor", lambda call: keep(call, None))
    assert tags(world, made) == []


def tags(world: World, asset: AssetView) -> list[str]:
    return [tag.key for tag in world.read("viewer", lambda call: assets.get(call, asset.uid)).tags]

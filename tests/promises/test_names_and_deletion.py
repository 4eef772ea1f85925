"""Issue 2: "names case-sensitive and stored NFC (two that differ only by case may coexist, two that differ only by
Unicode form may not ...)"; "archive, soft delete, restore, purge; deletion refused while something depends on it,
naming the holders".
"""

import asyncio

import pytest

from strongroom.application.artifacts import trees
from strongroom.application.artifacts.reading import open_version_file
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases, assets, locate, namespaces, purging, versions
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import ListAssets
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import AlreadyExists, BadName, Conflict, Held, NotFound, Purged
from tests.adapters.blobs.homes import read
from tests.promises.support import BOTH_STORES, Site, make_asset, publish, publish_bytes, run


def found(site: Site, reference: str, kind: str | None = "model") -> str:
    return site.world.read("viewer", lambda call: locate.resolve(call, reference, kind, None)).asset.uid


def trash(site: Site, asset_uid: str) -> None:
    site.world.command("maintainer", lambda c: assets.delete(c, asset_uid, release_aliases=True, etag=None))


def test_case_tells_names_apart_and_unicode_form_does_not(site: Site) -> None:
    """Issue 2: "two that differ only by case may coexist, two that differ only by Unicode form may not"."""
    composed, other_case = make_asset(site, "caf\u00e9"), make_asset(site, "CAF\u00c9")
    with pytest.raises(AlreadyExists):
        make_asset(site, "cafe\u0301")
    assert composed.slug.casefold() != other_case.slug.casefold()
    assert found(site, "cafe\u0301") == found(site, "caf\u00e9") == composed.uid
    assert found(site, "CAFE\u0301") == other_case.uid
    # the same holds for namespaces
    inner, outer = make_asset(site, "m", namespace="\u00c5"), make_asset(site, "m", namespace="\u00e5")
    assert inner.uid != outer.uid
    assert found(site, "A\u030a/m") == inner.uid
    listed = site.world.read("viewer", lambda call: namespaces.listed(call, PageRequest())).items
    assert len({space.slug_path.casefold() for space in listed}) == len(listed) == 2


def test_an_asset_comes_back_under_another_slug_when_its_own_was_taken(site: Site) -> None:
    """domain.md N2: slugs are made by the server and are unique; the *name* decides whether an asset can come back."""
    first = make_asset(site, "Churn")
    trash(site, first.uid)
    twin = make_asset(site, "churn")
    assert twin.slug.casefold() == first.slug.casefold()
    back = site.world.command("maintainer", lambda call: assets.restore(call, first.uid))
    assert (back.name, back.deleted_at) == ("Churn", None)
    assert back.slug.casefold() != twin.slug.casefold()
    assert found(site, "Churn") == first.uid
    assert found(site, "churn") == twin.uid


def test_a_rename_leaves_a_redirect_until_the_name_is_taken(site: Site, model: AssetView) -> None:
    """domain.md N2 and section 3: a rename leaves a redirect row; chains of renames all lead to the asset."""
    for name in ("second", "third"):
        site.world.command("maintainer", lambda c, n=name: assets.rename(c, model.uid, "moved", n, None))  # type: ignore[misc]
    for reference in ("churn", "moved/second", "moved/third"):
        assert found(site, reference) == model.uid
    successor = make_asset(site, "churn")
    assert found(site, "churn") == successor.uid
    # and back to a name of its own past
    site.world.command("maintainer", lambda c: assets.rename(c, model.uid, None, "second", None))
    assert found(site, "moved/second") == found(site, "moved/third") == model.uid
    with pytest.raises(AlreadyExists):
        site.world.command("maintainer", lambda c: assets.rename(c, model.uid, "", "churn", None))
    with pytest.raises(BadName):
        site.world.command("maintainer", lambda c: assets.rename(c, model.uid, None, "a/b", None))


def test_of_two_that_race_for_a_name_one_gets_it(site: Site) -> None:
    """domain.md section 3: U(ns, kind, name) live."""

    async def together() -> list[object]:
        works = (
            site.edge("contributor").command(lambda call: assets.create(call, assets.CreateAsset("model", "prize")))
            for _ in range(5)
        )
        return list(await asyncio.gather(*works, return_exceptions=True))

    outcomes = run(together())
    assert sum(isinstance(outcome, AssetView) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyExists | Conflict) for outcome in outcomes) == 4


def test_a_namespace_is_held_by_what_lives_in_it_or_may_come_back(site: Site) -> None:
    """Issue 2: "deletion refused while something depends on it, naming the holders"."""
    asset = make_asset(site, "m", namespace="a/b")
    listed = site.world.read("viewer", lambda call: namespaces.listed(call, PageRequest())).items
    outer = next(space for space in listed if space.path == "a")
    inner = next(space for space in listed if space.path == "a/b")
    with pytest.raises(Held) as caught:
        site.world.command("admin", lambda call: namespaces.delete(call, outer.uid))
    assert set(caught.value.details["holders"]) == {"namespace:a/b", "model:m"}  # type: ignore[call-overload]
    trash(site, asset.uid)
    with pytest.raises(Held):
        site.world.command("admin", lambda call: namespaces.delete(call, inner.uid))
    site.world.command("admin", lambda call: assets.purge(call, asset.uid, "why"))
    site.world.command("admin", lambda call: namespaces.delete(call, inner.uid))
    site.world.command("admin", lambda call: namespaces.delete(call, outer.uid))
    assert make_asset(site, "m", namespace="a/b").path == "a/b/m"


def test_nothing_is_created_in_a_namespace_that_is_deleted_meanwhile(site: Site) -> None:
    """Promise 2's cousin for names: of a delete and a create that race, one is refused or the namespace is new."""
    for round_ in range(8):
        space = site.world.command("admin", lambda c, r=round_: namespaces.create(c, f"n{r}", ""))  # type: ignore[misc]

        async def together(uid: str = space.uid, path: str = space.path) -> list[object]:
            creating = site.edge("contributor").command(
                lambda call: assets.create(call, assets.CreateAsset("model", "m", path))
            )
            deleting = site.edge("admin").command(lambda call: namespaces.delete(call, uid))
            return list(await asyncio.gather(deleting, creating, return_exceptions=True))

        created = run(together())[1]
        if isinstance(created, AssetView):
            assert found(site, f"{space.path}/m") == created.uid


def test_an_asset_in_the_trash_is_gone_for_readers_and_comes_back_whole(site: Site, model: AssetView) -> None:
    """Issue 2: "soft delete, restore": numbers, aliases' history and content survive."""
    version = publish(site, model.uid, details=PublishDetails(label="gold"))
    trash(site, model.uid)
    with pytest.raises(NotFound):
        found(site, "churn")
    with pytest.raises(Conflict):
        site.world.read("viewer", lambda call: versions.readable(call, version.uid))
    with pytest.raises(Conflict):
        publish(site, model.uid)
    assert site.world.read("viewer", lambda c: assets.listed(c, ListAssets(), PageRequest())).items == []
    site.world.command("maintainer", lambda call: assets.restore(call, model.uid))
    located = site.world.read("viewer", lambda call: locate.resolve(call, "churn:gold", None, None))
    assert located.version is not None
    assert located.version.uid == version.uid
    assert publish(site, model.uid).number == 2


@BOTH_STORES
def test_trash_restore_and_purge_of_a_version_with_bytes(site: Site, model: AssetView) -> None:
    """Issue 2: "archive, soft delete, restore, purge"; the tombstone keeps number, label and digest."""
    version = run(publish_bytes(site, model.uid, {"w": b"weights"}, PublishDetails(label="x")))

    async def content() -> bytes:
        opened = await open_version_file(site.edge("viewer"), version.uid, "w")
        return await read(site.store, opened.blob)

    assert run(content()) == b"weights"
    site.world.command("contributor", lambda c: versions.archive(c, version.uid, archived=True, etag=None))
    assert run(content()) == b"weights"
    listing = site.world.read("viewer", lambda c: versions.listed(c, model.uid, ListVersions(), PageRequest()))
    assert list(listing.items) == []
    site.world.command("maintainer", lambda c: aliases.change(c, model.uid, [ChangeAlias("champion", version.uid)]))
    with pytest.raises(Held) as caught:
        site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    assert caught.value.details["holders"] == ["alias:champion"]
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
    with pytest.raises(Conflict):
        run(content())
    site.world.command("maintainer", lambda call: versions.restore(call, version.uid))
    assert run(content()) == b"weights"
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
    tombstone = site.world.command("admin", lambda call: purging.purge(call, version.uid, "wrong data"))
    assert (tombstone.number, tombstone.label, tombstone.tree) == (1, "x", version.tree)
    with pytest.raises(Purged):
        run(content())
    with pytest.raises(Purged):
        site.world.read("viewer", lambda c: trees.listed(c, version.uid, "", PageRequest(), recursive=True))
    with pytest.raises(Purged):
        site.world.command("maintainer", lambda call: versions.restore(call, version.uid))

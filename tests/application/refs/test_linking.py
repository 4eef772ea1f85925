"""Links: a version shown in another asset (domain.md N7)."""

from typing import Any

import pytest

from strongroom.application.artifacts import reading
from strongroom.application.lineage import graph
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, links, locate, purging, tags, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.links import LinkVersion
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import UpdateVersion
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.search import find
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Held, Invalid, NotFound
from strongroom.domain.search.schema import Entity
from tests.promises.support import Site, added, make_asset, publish, publish_bytes, reference, run, sha256

FILES = {"w": b"weights", "d/x": b"x"}
READER = "viewer"


@pytest.fixture
def source(site: Site) -> VersionView:
    """A version of an asset that readers do not see."""
    asset = make_asset(site, "lab", "admin", visibility="private")
    details = PublishDetails(description="d", tags={"t": "1"}, properties={"p": 2}, signature={"inputs": []})
    return run(publish_bytes(site, asset.uid, FILES, details, "admin"))


def link(site: Site, uid: str, to: AssetView, who: str = "admin", *names: str) -> VersionView:
    return run(links.link(site.edge(who), uid, LinkVersion(to.uid, names)))


def got(site: Site, uid: str, who: str = READER) -> VersionView:
    return site.world.read(who, lambda call: versions.get(call, uid))


def remove(site: Site, uid: str, who: str = "admin", **more: Any) -> VersionView:
    given = {"release_aliases": False, "etag": None} | more
    return site.world.command(who, lambda call: versions.delete(call, uid, **given))


def test_a_version_is_linked_or_its_asset_deleted_and_never_both(
    site: Site, model: AssetView, source: VersionView
) -> None:
    """The asset's row is what who deletes it locks; the link looks at the source under that lock."""
    outcomes = site.world.race(
        lambda tx: assets.delete(site.world.call(tx, "admin"), source.asset_uid, release_aliases=False, etag=None),
        lambda tx: links._make(site.world.call(tx, "admin"), source.uid, LinkVersion(model.uid)),
    )
    assert [type(one) for one in outcomes if isinstance(one, Exception)] in ([Conflict], [Held])


def test_a_link_shows_its_source_to_who_may_read_the_link_only(
    site: Site, model: AssetView, source: VersionView
) -> None:
    """ "reading through it needs read on the link's asset only"; "its number, aliases, stage and time are its own"."""
    publish(site, model.uid, [reference("own")])
    before = site.counts()
    made = link(site, source.uid, model, "admin", "champion")
    assert added(before, site.counts()).keys().isdisjoint({"blob", "tree", "tree_page", "upload"})
    with pytest.raises(NotFound):
        got(site, source.uid)
    seen = got(site, made.uid)
    assert (seen.number, seen.label, seen.aliases, seen.source_uid) == (2, None, ["champion"], source.uid)
    assert (seen.tree, seen.revision, seen.files) == (source.tree, source.revision, 2)
    assert (seen.description, seen.properties, seen.signature) == ("d", {"p": 2}, {"inputs": []})
    assert [(tag.key, tag.value) for tag in seen.tags] == [("t", "1")]
    opened = run(reading.open_version_file(site.edge(READER), made.uid, "d/x"))
    assert opened.blob.sha256 == sha256(b"x")
    located = site.world.read(READER, lambda call: locate.resolve(call, "churn@champion", None, None))
    assert located.version is not None
    assert located.version.uid == made.uid
    walked = site.world.read("admin", lambda call: graph.walk(call, "version", made.uid, "up"))
    assert [edge.type for edge in walked.edges] == ["linked"]
    question = find.asked(Entity.VERSION, f"source_uid = '{source.uid}' AND tags.t = '1' AND properties.p = 2")
    page = site.world.read(READER, lambda call: find.versions(call, question, PageRequest()))
    assert [view.uid for view in page.items] == [made.uid]


def test_what_is_said_of_the_source_is_said_of_the_link(site: Site, model: AssetView, source: VersionView) -> None:
    """ "description, tags, properties ... are those of another version", also when they change; never at the link."""
    made = link(site, source.uid, model)
    command = site.world.command
    command("admin", lambda call: versions.update(call, source.uid, UpdateVersion(description="new"), None))
    command("admin", lambda call: tags.set_tags(call, "version", source.uid, {"t": "2", "u": None}))
    command("admin", lambda call: tags.set_properties(call, "version", source.uid, {"p": None, "q": "x"}))
    command("admin", lambda call: tags.remove_tags(call, "version", source.uid, ["u"]))
    seen = got(site, made.uid)
    assert (seen.description, seen.properties) == ("new", {"q": "x"})
    assert [(tag.key, tag.value) for tag in seen.tags] == [("t", "2")]
    for change in (
        lambda call: versions.update(call, made.uid, UpdateVersion(description="mine"), None),
        lambda call: tags.set_tags(call, "version", made.uid, {"t": "3"}),
        lambda call: tags.set_properties(call, "version", made.uid, {"p": 1}),
        lambda call: tags.remove_tags(call, "version", made.uid, ["t"]),
    ):
        with pytest.raises(Conflict, match="is a link"):
            command("admin", change)


def test_one_link_an_asset_and_source_and_none_of_a_link(site: Site, model: AssetView, source: VersionView) -> None:
    """ "One link per (asset, source)"."""
    made = link(site, source.uid, model)
    other, mine = (
        make_asset(site, "other", "admin"),
        site.world.read("admin", lambda c: assets.get(c, source.asset_uid)),
    )
    data = site.world.command("admin", lambda call: assets.create(call, CreateAsset("dataset", "data")))
    with pytest.raises(AlreadyExists):
        link(site, source.uid, model)
    with pytest.raises(Conflict, match="a link itself"):
        link(site, made.uid, other)
    with pytest.raises(Invalid, match="is linked in a model"):
        link(site, source.uid, data)
    with pytest.raises(Invalid, match="of this asset already"):
        link(site, source.uid, mine)
    remove(site, made.uid)
    with pytest.raises(AlreadyExists):
        link(site, source.uid, model)
    site.world.command("admin", lambda call: purging.purge(call, made.uid, "again"))
    assert link(site, source.uid, model).number == 2


def test_a_link_needs_share_on_its_source(site: Site, model: AssetView, source: VersionView) -> None:
    """ "Making one needs `share` on the source"."""
    with pytest.raises(NotFound):
        link(site, source.uid, model, "contributor")
    open_source = publish(site, make_asset(site, "open").uid, [reference("w")])
    with pytest.raises(Forbidden):
        link(site, open_source.uid, model, "contributor")
    assert link(site, open_source.uid, model, "maintainer").number == 1


def test_a_link_holds_its_source(site: Site, model: AssetView, source: VersionView) -> None:
    """ "A link holds its source against deletion"; soft holders "go with it on request"."""
    made = link(site, source.uid, model, "admin", "champion")
    with pytest.raises(Held) as held:
        remove(site, source.uid)
    assert held.value.details["holders"] == ["link:churn:1"]
    with pytest.raises(Held):
        site.world.command("admin", lambda call: assets.delete(call, source.asset_uid, release_aliases=True, etag=None))
    with pytest.raises(Held, match="Aliases"):
        remove(site, source.uid, release_links=True)
    remove(site, source.uid, release_links=True, release_aliases=True)
    assert [got(site, uid, "admin").state for uid in (source.uid, made.uid)] == ["trashed", "trashed"]
    with pytest.raises(Conflict, match="not there any more"):
        site.world.command("admin", lambda call: versions.restore(call, made.uid))
    site.world.command("admin", lambda call: versions.restore(call, source.uid))
    assert site.world.command("admin", lambda call: versions.restore(call, made.uid)).state == "live"


def test_links_are_listed_as_far_as_they_are_seen(site: Site, model: AssetView) -> None:
    shown = publish(site, make_asset(site, "open").uid, [reference("w")])
    secret = make_asset(site, "secret", "admin", visibility="private")
    made = [link(site, shown.uid, asset).uid for asset in (secret, model)]

    def listed(who: str, size: int = 50) -> list[str]:
        found, token = [], None
        while True:
            asked = PageRequest(size, token)
            page = site.world.read(who, lambda call, asked=asked: links.listed(call, shown.uid, asked))  # type: ignore[misc]
            found += [view.uid for view in page.items]
            if (token := page.next_page_token) is None:
                return found

    assert listed("admin") == listed("admin", 1) == made
    assert listed(READER) == made[1:]
    with pytest.raises(Held) as held:
        remove(site, shown.uid)
    assert held.value.details["holders"] == ["link:churn:1", "link:secret:1"]

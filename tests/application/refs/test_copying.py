"""Copy and promote: "keeps digests, evaluations, card and provenance, and moves no bytes"."""

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import audit
from strongroom.application.artifacts import reading
from strongroom.application.lineage import graph
from strongroom.application.registry import assets, copying, locate, versions, workspaces
from strongroom.application.registry.copying import CopyVersion
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.promises.support import Site, added, make_asset, publish, publish_bytes, reference, run, sha256

FILES = {"w": b"weights", "d/x": b"x"}


@pytest.fixture
def source(site: Site, model: AssetView) -> VersionView:
    details = PublishDetails(description="d", tags={"t": "1"}, properties={"p": 2}, signature={"inputs": []})
    return run(publish_bytes(site, model.uid, FILES, details))


def copy(site: Site, uid: str, who: str = "contributor", **to: object) -> VersionView:
    return run(copying.copy(site.edge(who), uid, CopyVersion(**to)))  # type: ignore[arg-type]


def test_a_promoted_version_has_the_digest_and_all_that_was_said_and_moves_no_bytes(
    site: Site, model: AssetView, source: VersionView
) -> None:
    world = site.world
    world.command("contributor", lambda c: assets.update(c, model.uid, assets.UpdateAsset(card="# The card"), None))
    before = site.counts()
    made = copy(site, source.uid, "maintainer", name="churn", namespace="prod", aliases=["champion"], label="1.0")
    rows = added(before, site.counts())
    assert rows.keys().isdisjoint({"blob", "tree", "tree_page", "folder", "folder_entry", "upload"})
    assert rows["asset_blob"] == len(FILES)
    assert (made.tree, made.number, made.asset, made.label) == (source.tree, 1, "prod/churn", "1.0")
    assert (made.description, made.properties, made.signature) == ("d", {"p": 2}, {"inputs": []})
    assert [(tag.key, tag.value) for tag in made.tags] == [("t", "1")]
    located = world.read("viewer", lambda c: locate.resolve(c, "prod/churn@champion", None, None))
    assert located.version is not None
    assert located.version.uid == made.uid
    assert located.asset.card == "# The card"
    opened = run(reading.open_version_file(site.edge("viewer"), made.uid, "d/x"))
    assert opened.blob.sha256 == sha256(b"x")


def test_a_copy_says_where_it_came_from(site: Site, model: AssetView, source: VersionView) -> None:
    """ "provenance `copied from` edge + recorded origin (workspace, asset, version uid, digest)"."""
    made = copy(site, source.uid, name="other")
    origin = site.world.read("viewer", lambda c: copying.origin(c, made.uid))
    said = (origin.workspace, origin.asset, origin.asset_uid, origin.version, origin.version_uid, origin.tree)
    assert said == ("default", "churn", model.uid, 1, source.uid, source.tree)
    seen = site.world.read("viewer", lambda c: graph.walk(c, "version", made.uid, "up"))
    assert [(edge.type, seen.vertices[edge.source].uid) for edge in seen.edges] == [("copied", source.uid)]
    with pytest.raises(NotFound):
        site.world.read("viewer", lambda c: copying.origin(c, source.uid))


def test_what_is_not_to_be_kept_is_left_behind(site: Site, source: VersionView) -> None:
    made = copy(site, source.uid, name="other", keep=("tags",))
    assert (made.description, made.properties, made.signature) == ("", {}, {})
    assert [tag.key for tag in made.tags] == ["t"]
    with pytest.raises(Invalid):
        copy(site, source.uid, name="other", keep=("everything",))


def test_a_copy_needs_rights_at_both_ends(site: Site, source: VersionView) -> None:
    """ "permission read on source + write on target"."""
    secret = make_asset(site, "secret", "admin", visibility="private")
    hidden = publish(site, secret.uid, [reference("key")], who="admin")
    with pytest.raises(NotFound):
        copy(site, hidden.uid, name="mine")
    with pytest.raises(Forbidden):
        copy(site, source.uid, "viewer", name="mine")
    with pytest.raises(Forbidden):
        copy(site, source.uid, "contributor", name="other", aliases=["champion"])
    with pytest.raises(NotFound):
        copy(site, source.uid, name="nowhere", create=False)
    with pytest.raises(Invalid):
        copy(site, source.uid, name="churn")


def test_a_version_in_the_trash_is_not_copied(site: Site, source: VersionView) -> None:
    site.world.command("maintainer", lambda c: versions.delete(c, source.uid, release_aliases=False, etag=None))
    with pytest.raises(Conflict):
        copy(site, source.uid, name="other")


def test_a_copy_into_another_workspace_needs_rights_in_both_and_crosses_nothing(
    site: Site, model: AssetView, source: VersionView
) -> None:
    """ "cross-workspace only when the caller has both"; N1: "nothing but admin tooling crosses it"."""
    world = site.world
    world.command("root", lambda c: workspaces.create(c, CreateWorkspace("other")))
    with pytest.raises(NotFound):
        copy(site, source.uid, "contributor", name="churn", workspace="other")
    with pytest.raises(NotFound):
        copy(site, source.uid, "root", name="churn", workspace="nowhere")
    made = copy(site, source.uid, "root", name="churn", workspace="other")
    assert made.tree == source.tree
    assert world.read("root", lambda c: versions.get(c, made.uid), "other").number == 1
    with pytest.raises(NotFound):
        world.read("root", lambda c: versions.get(c, made.uid))
    origin = world.read("root", lambda c: copying.origin(c, made.uid), "other")
    assert (origin.workspace, origin.asset, origin.version_uid) == ("default", model.path, source.uid)
    seen = world.read("root", lambda c: graph.walk(c, "version", made.uid, "both"), "other")
    assert [(v.kind, v.digest) for v in seen.vertices] == [("version", made.tree), ("node", source.tree)]
    down = world.read("root", lambda c: graph.walk(c, "version", source.uid, "down"))
    assert len(down.vertices) == 1
    with site.connect() as connection:
        rows = connection.execute(
            select(audit.c.action, audit.c.workspace_id).where(audit.c.action.like("version.%"))
        ).all()
    assert {(row.action, row.workspace_id == world.workspace.id) for row in rows} == {
        ("version.register", True),
        ("version.register", False),
        ("version.copy", True),
    }


def test_a_refusal_at_the_target_is_recorded(site: Site, source: VersionView) -> None:
    before = site.counts("audit")["audit"]
    with pytest.raises(Forbidden):
        copy(site, source.uid, "viewer", name="mine")
    assert site.counts("audit")["audit"] == before + 1


def test_references_go_along_with_their_pins(site: Site, model: AssetView) -> None:
    made = copy(site, publish(site, model.uid, [reference("w", "1")]).uid, name="other")
    assert (made.files, made.unpinned) == (0, False)

"""Commits: what they cost, what they may name, and what becomes of them when somebody else was faster."""

import pytest

from strongroom.application.artifacts import reading, trees, uploads
from strongroom.application.paging import PageRequest
from strongroom.application.registry import commits, history, locate, purging, refs, revisions, versions
from strongroom.application.registry.commits import Commit, Merge
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import (
    BadPath,
    Conflict,
    Forbidden,
    Held,
    Invalid,
    NotFound,
    NotPossessed,
    PreconditionFailed,
    SizeMismatch,
)
from strongroom.domain.registry.refs import RefKind
from tests.application.refs.conftest import Committing, elsewhere
from tests.promises.support import Site, added, make_asset, publish, publish_bytes, reference, run, sha256

EVERY_COMMIT = {"revision": 1, "tree": 1, "audit": 1, "audit_leaf": 1, "outbox": 1}


def files(site: Site, uid: str, revision: str = "", who: str = "viewer") -> dict[str, str]:
    page = site.world.read(who, lambda c: history.files(c, uid, revision, "", PageRequest(1000), recursive=True))
    return {item.path: item.sha256 or item.uri or "" for item in page.items}


def test_a_commit_of_one_file_in_100000_writes_few_rows(site: Site, commit: Committing) -> None:
    """Issue 3, "Refs on any asset": pages are "shared with the parent's tree (cost what changed)"."""
    for start in range(0, 100_000, 10_000):
        commit([elsewhere(f"d{n % 97}/{n:06}", str(n)) for n in range(start, start + 10_000)])
    before = site.counts()
    made = commit([elsewhere("d5/000005", "changed")])
    rows = added(before, site.counts())
    assert 1 <= rows.pop("tree_page") <= 2
    assert rows == {**EVERY_COMMIT, "revision_parent": 1}
    root = site.world.read("viewer", lambda call: trees.load_root(call, made.revision.tree))
    assert root.entries == 100_000
    before = site.counts()
    commit([EditCommand("delete", "d5/000005")])
    rows = added(before, site.counts())
    assert rows.pop("tree_page", 0) <= 2
    assert rows == {**EVERY_COMMIT, "revision_parent": 1}


def test_an_empty_commit_is_answered_with_the_head_unless_it_is_asked_for(site: Site, commit: Committing) -> None:
    head = commit([elsewhere("a")]).revision
    before = site.counts()
    same = commit([elsewhere("a")])
    assert (same.changed, same.revision.digest) == (False, head.digest)
    assert added(before, site.counts()) == {}
    made = commit([], allow_empty=True, message="nothing new")
    assert made.changed
    assert (made.revision.tree, list(made.revision.parents)) == (head.tree, [head.digest])


def test_a_branch_that_moved_is_refused_and_its_head_is_named(commit: Committing) -> None:
    """ "on a branch with expected head -> Conflict/PreconditionFailed naming the head when it moved"."""
    with pytest.raises(PreconditionFailed):
        commit([elsewhere("a")], parent="0" * 64)
    first = commit([elsewhere("a")], parent="").revision.digest
    second = commit([elsewhere("b")], parent=first[:40]).revision.digest
    for stale in (first, "", first[:7], second[:7]):
        with pytest.raises(PreconditionFailed) as refused:
            commit([elsewhere("c")], parent=stale)
        assert refused.value.details["head"] == second


def test_main_begins_at_the_latest_version_where_there_is_no_main(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """N6: "Where an asset has no `main`, reading `main` gives `latest`, and the first commit ... starts from it"."""
    version = publish(site, model.uid, [reference("weights")])
    assert set(files(site, model.uid, "main")) == {"weights"}
    made = commit([elsewhere("card")], parent=version.revision)
    assert list(made.revision.parents) == [version.revision]
    assert set(files(site, model.uid)) == {"weights", "card"}
    again = publish(site, model.uid, [reference("other")])
    assert again.number == 2
    assert set(files(site, model.uid, "main")) == {"weights", "card"}


def test_another_branch_needs_a_place_to_begin(site: Site, model: AssetView, commit: Committing) -> None:
    with pytest.raises(NotFound):
        commit([elsewhere("a")], branch="refs/pr/1")
    commit([elsewhere("a")])
    made = commit([elsewhere("b")], branch="refs/pr/1", start="main")
    assert made.branch.name == "refs/pr/1"
    assert set(files(site, model.uid, "^refs/pr/1")) == {"a", "b"}
    assert set(files(site, model.uid)) == {"a"}


def test_a_digest_is_only_taken_from_who_has_sent_it_or_whose_asset_holds_it(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """N16: "Naming a digest in a commit needs the same right"."""
    secret = make_asset(site, "secret", "admin", visibility="private")
    hidden = run(publish_bytes(site, secret.uid, {"key": b"hidden"}, who="admin"))
    put = EditCommand("put", "key", sha256=sha256(b"hidden"))
    with pytest.raises(NotPossessed):
        commit([put])
    with pytest.raises(NotFound):
        commit([EditCommand("copy", "key", source="key", version_uid=hidden.uid)])
    run(uploads.put_small(site.edge("contributor"), "asset", model.uid, [(sha256(b"hidden"), b"hidden")]))
    commit([put])
    with pytest.raises(SizeMismatch):
        commit([EditCommand("put", "key", sha256=sha256(b"hidden"), size=1)])
    assert files(site, model.uid) == {"key": sha256(b"hidden")}
    site.world.clock.advance(49 * 3600 * 1_000_000)
    commit([EditCommand("put", "again", sha256=sha256(b"hidden"))])  # the asset holds it now


def test_bytes_are_sent_to_an_asset_only_by_who_may_commit_to_it(site: Site, model: AssetView) -> None:
    with pytest.raises(Forbidden):
        run(uploads.put_small(site.edge("viewer"), "asset", model.uid, [(sha256(b"x"), b"x")]))
    with pytest.raises(NotFound):
        run(uploads.put_small(site.edge("stranger"), "asset", model.uid, [(sha256(b"x"), b"x")]))


def test_a_copy_from_another_asset_takes_its_bytes_along_and_no_others(
    site: Site, model: AssetView, commit: Committing
) -> None:
    other = make_asset(site, "other", "maintainer")
    version = run(publish_bytes(site, other.uid, {"d/a": b"1", "d/b": b"2", "da": b"3"}, who="maintainer"))
    commit([EditCommand("copy", "taken", source="d", version_uid=version.uid)])
    assert files(site, model.uid) == {"taken/a": sha256(b"1"), "taken/b": sha256(b"2")}
    with pytest.raises(NotPossessed):
        commit([EditCommand("put", "x", sha256=sha256(b"3"))])
    opened = run(reading.open_revision_file(site.edge("viewer"), model.uid, "main", "taken/b"))
    assert (opened.blob.sha256, opened.blob.size) == (sha256(b"2"), 1)


def test_files_are_moved_copied_and_taken_from_folders_and_other_revisions(
    site: Site, model: AssetView, commit: Committing
) -> None:
    from tests.promises.support import fill, make_draft

    first = commit([elsewhere("a/x", "1"), elsewhere("a/y", "2")]).revision.digest
    commit([EditCommand("move", "b", source="a"), EditCommand("copy", "kept", source="a/x")])
    assert set(files(site, model.uid)) == {"b/x", "b/y", "kept"}
    commit([EditCommand("delete", "b"), EditCommand("copy", "old", source="a", revision=first[:12])])
    assert set(files(site, model.uid)) == {"kept", "old/x", "old/y"}
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("out/w"), reference("log")])
    commit([EditCommand("folder", "run", source="out", folder=("draft", draft))])
    assert set(files(site, model.uid)) == {"kept", "old/x", "old/y", "run/w"}
    with pytest.raises(BadPath):
        commit([elsewhere("kept/below")])
    for bad in (EditCommand("put", "x"), EditCommand("move", "x"), EditCommand("folder", "x"), EditCommand("?", "x")):
        with pytest.raises(Invalid):
            commit([bad])


def test_a_protected_branch_is_moved_by_maintainers_and_deleted_by_nobody(
    site: Site, model: AssetView, commit: Committing
) -> None:
    world = site.world
    commit([elsewhere("a")])
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: refs.protect(c, model.uid, RefKind.BRANCH, "main", None, protected=True))
    world.command("maintainer", lambda c: refs.protect(c, model.uid, RefKind.BRANCH, "main", None, protected=True))
    with pytest.raises(Forbidden):
        commit([elsewhere("b")])
    commit([elsewhere("b")], branch="dev", start="main")
    with pytest.raises(Forbidden):
        run(commits.merge(site.edge("contributor"), model.uid, Merge("main", "dev")))
    assert run(commits.merge(site.edge("maintainer"), model.uid, Merge("main", "dev"))).changed
    for forbidden in (
        lambda c: refs.delete(c, model.uid, RefKind.BRANCH, "main", None),
        lambda c: refs.squash(c, model.uid, "main", "", None),
    ):
        with pytest.raises(Held) as held:
            world.command("maintainer", forbidden)
        assert held.value.details["holders"] == ["branch:main"]


def test_a_pin_never_moves_and_shares_the_names_of_branches(site: Site, model: AssetView, commit: Committing) -> None:
    head = commit([elsewhere("a")]).revision.digest
    run(refs.create(site.edge("contributor"), model.uid, RefKind.PIN, "v1", ""))
    with pytest.raises(Conflict):
        commit([elsewhere("b")], branch="v1")
    commit([elsewhere("b")])
    assert set(files(site, model.uid, "v1")) == {"a"}
    located = site.world.read("viewer", lambda c: locate.resolve(c, "churn^v1", None, None))
    assert (located.version, located.revision) == (None, head)


def test_published_versions_keep_their_revisions_when_a_branch_is_squashed(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """ "super-squash (one commit with the same tree; published versions keep their revisions readable)"."""
    world = site.world
    first = commit([elsewhere("a")]).revision
    version = run(history.publish(site.edge("contributor"), model.uid, "main", PublishDetails()))
    second = commit([elsewhere("b")]).revision
    third = commit([elsewhere("c")]).revision
    squashed = world.command("contributor", lambda c: refs.squash(c, model.uid, "main", "one", third.digest[:10]))
    assert (squashed.revision.tree, list(squashed.revision.parents)) == (third.tree, [])
    assert version.revision == first.digest
    assert set(files(site, model.uid, first.digest)) == {"a"}
    with pytest.raises(NotFound):
        files(site, model.uid, second.digest)
    assert [one.number for one in versions_of(site, model.uid)] == [1]


def versions_of(site: Site, uid: str) -> list[VersionView]:
    query = versions.ListVersions("all")
    return list(site.world.read("viewer", lambda c: versions.listed(c, uid, query, PageRequest())).items)


def test_a_version_whose_revision_a_branch_leads_to_is_not_purged(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """Purging promises that the content goes; what a branch still shows must be squashed or deleted first."""
    world = site.world
    commit([elsewhere("a")])
    version = run(history.publish(site.edge("contributor"), model.uid, "main", PublishDetails()))
    commit([elsewhere("b")])
    world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    with pytest.raises(Held) as held:
        world.command("admin", lambda c: purging.purge(c, version.uid, "a secret"))
    assert held.value.details["holders"] == ["branch:main"]
    world.command("contributor", lambda c: refs.squash(c, model.uid, "main", "", None))
    assert world.command("admin", lambda c: purging.purge(c, version.uid, "a secret")).state == "purged"
    with pytest.raises(NotFound):
        files(site, model.uid, version.revision or "")


def test_purging_keeps_the_bytes_that_a_branch_still_shows(site: Site, model: AssetView, commit: Committing) -> None:
    version = run(publish_bytes(site, model.uid, {"shared": b"s", "alone": b"a"}))
    run(uploads.put_small(site.edge("contributor"), "asset", model.uid, [(sha256(b"s"), b"s")]))
    commit([EditCommand("put", "kept", sha256=sha256(b"s")), elsewhere("n")], branch="dev", start=":1")
    commit([EditCommand("delete", "alone"), EditCommand("delete", "shared")], branch="dev")
    site.world.command("contributor", lambda c: refs.squash(c, model.uid, "dev", "", None))
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, version.uid, "r"))
    site.world.clock.advance(49 * 3600 * 1_000_000)
    commit([EditCommand("put", "again", sha256=sha256(b"s"))], branch="dev")
    with pytest.raises(NotPossessed):
        commit([EditCommand("put", "again", sha256=sha256(b"a"))], branch="dev")


def test_conflicts_of_a_merge_are_named_and_change_nothing(site: Site, model: AssetView, commit: Committing) -> None:
    commit([elsewhere("a", "1"), elsewhere("b", "1")])
    commit([elsewhere("a", "2")], branch="dev", start="main")
    commit([elsewhere("a", "3"), elsewhere("c")])
    before = site.counts()
    with pytest.raises(Conflict) as refused:
        run(commits.merge(site.edge("contributor"), model.uid, Merge("main", "dev")))
    assert (refused.value.details["paths"], refused.value.details["count"]) == (["a"], 1)
    assert added(before, site.counts()) == {}


def test_history_of_another_asset_is_never_walked(site: Site, model: AssetView) -> None:
    """A caller may state any parent as it registers; what it names in another asset stays hidden."""
    secret = make_asset(site, "secret", "admin", visibility="private")
    hidden = run(commits.commit(site.edge("admin"), secret.uid, Commit("main", [elsewhere("key")], "secret")))
    publish(site, model.uid, [reference("a")], PublishDetails(parents=[hidden.revision.digest]))
    page = site.world.read("viewer", lambda c: history.listed(c, model.uid, ":1", PageRequest(), first_parent=False))
    assert [list(one.parents) for one in page.items] == [[hidden.revision.digest]]
    for name in (hidden.revision.digest, hidden.revision.digest[:12], f"~{hidden.revision.digest}"):
        with pytest.raises(NotFound):
            files(site, model.uid, name)


def test_two_assets_may_have_the_very_same_commit_in_the_same_microsecond(site: Site, model: AssetView) -> None:
    """A digest names one revision of one asset: the second is recorded a microsecond later."""
    other = make_asset(site, "other")

    def both(call: object) -> tuple[str, str]:
        from strongroom.application.call import Call

        assert isinstance(call, Call)
        locked = [call.tx.assets.by_uid(call.workspace.id, uid) for uid in (model.uid, other.uid)]
        made = [revisions.store(call, asset, "0" * 64, (), "same") for asset in locked if asset]
        assert made[1].recorded_at == made[0].recorded_at + 1
        return made[0].digest, made[1].digest

    first, second = site.world.command("contributor", both)
    assert first != second

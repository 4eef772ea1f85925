"""Files of an asset by their digests, over all versions, branches and pins; and taking some out for good."""

import hashlib

import pytest

from strongroom.application.artifacts import uploads
from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import browsing, history, kept_files, purging, refs, versions
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.kept_files import KeptFile
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import Forbidden, Held, NotFound
from strongroom.domain.registry.refs import RefKind
from tests.application.refs.conftest import Committing
from tests.promises.support import Site, run


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def put(site: Site, asset: AssetView, branch: str = "main", **files: str) -> str:
    """Commit files by their names; their bytes are what is given."""
    bodies = [(digest(body), body.encode()) for body in files.values()]
    run(uploads.put_small(site.edge("maintainer"), "asset", asset.uid, bodies))
    edits = [EditCommand("put", f"{path}.bin", sha256=digest(body), size=len(body)) for path, body in files.items()]
    made = Committing(site, asset.uid)(edits, branch, "maintainer", start="main" if branch != "main" else None)
    return made.revision.digest


def drop(site: Site, asset: AssetView, path: str) -> None:
    Committing(site, asset.uid)([EditCommand("delete", f"{path}.bin")], who="maintainer")


def kept(site: Site, asset: AssetView, size: int = 100) -> list[str]:
    """Paths, the listing walked in pages."""
    found: list[str] = []
    token: str | None = None

    def page(call: Call) -> Page[KeptFile]:
        return kept_files.listed(call, asset.uid, lambda path, _: path != "small.bin", PageRequest(size, token))

    while True:
        rows = site.world.read("viewer", page)
        found += [one.path for one in rows.items]
        token = rows.next_page_token
        if token is None:
            return sorted(found)


def forget(site: Site, asset: AssetView, *bodies: str, who: str = "maintainer") -> list[str]:
    return run(kept_files.forget(site.edge(who), asset.uid, [digest(body) for body in bodies], "gone"))


def paths(site: Site, asset: AssetView, revision: str) -> list[str]:
    return [
        one.path for one in site.world.read("viewer", lambda c: browsing.all_entries(c, asset.uid, f"^{revision}", 9))
    ]


def held(site: Site, asset: AssetView) -> set[str]:
    """What the asset possesses once that was looked at again."""
    found = site.world.command_tx(lambda tx: tx.assets.by_uid(site.world.workspace.id, asset.uid))
    assert found is not None
    site.world.command("admin", lambda call: purging.review(call, found.id))
    return set(site.world.read_tx(lambda tx: tx.blobs.held_by(found.id)))


def test_files_of_every_revision_are_listed_once(site: Site, model: AssetView) -> None:
    """`list_lfs_files`: "useful to count how much storage a repo is using": also what only history names."""
    put(site, model, a="1", b="2", small="3")
    put(site, model, a="4", moved="2")
    drop(site, model, "b")
    put(site, model, "dev", c="5")
    assert kept(site, model) == kept(site, model, 1) == ["a.bin", "a.bin", "b.bin", "c.bin"]


def test_files_are_cut_off_from_every_branch_and_let_go(site: Site, model: AssetView) -> None:
    """`permanently_delete_lfs_files`: no revision is left that names them, so nothing holds their bytes."""
    put(site, model, wrong="1", right="2")
    drop(site, model, "wrong")
    put(site, model, "dev", other="3")
    put(site, model, "clean", wrong="4")
    assert {digest("1"), digest("4")} <= held(site, model)
    assert forget(site, model, "1", "4", "never") == ["clean", "dev", "main"]
    assert (paths(site, model, "main"), paths(site, model, "dev")) == (["right.bin"], ["other.bin", "right.bin"])
    assert kept(site, model) == ["other.bin", "right.bin"]
    log = site.world.read("viewer", lambda c: history.listed(c, model.uid, "^dev", PageRequest(), first_parent=False))
    assert [one.message for one in log.items] == ["gone"]
    assert held(site, model) == {digest("2"), digest("3")}
    assert forget(site, model, "1") == []


def test_what_a_version_pin_or_protected_branch_holds_stays(site: Site, model: AssetView) -> None:
    """A version is never changed: whoever wants its bytes gone purges it, and is told so by name."""
    put(site, model, a="1")
    made = run(history.publish(site.edge("maintainer"), model.uid, "", PublishDetails()))
    run(refs.create(site.edge("maintainer"), model.uid, RefKind.PIN, "v1", ""))
    put(site, model, b="2")

    def protect(*, on: bool) -> None:
        site.world.command(
            "maintainer", lambda c: refs.protect(c, model.uid, RefKind.BRANCH, "main", None, protected=on)
        )

    protect(on=True)
    for body, holders in (("1", ["version:1", "pin:v1", "branch:main"]), ("2", ["branch:main"])):
        with pytest.raises(Held) as refused:
            forget(site, model, body)
        assert refused.value.details["holders"] == holders
    protect(on=False)
    assert forget(site, model, "2") == ["main"]
    assert paths(site, model, "main") == ["a.bin"]
    site.world.command("maintainer", lambda c: versions.delete(c, made.uid, release_aliases=False, etag=None))
    site.world.command("maintainer", lambda c: refs.delete(c, model.uid, RefKind.PIN, "v1", None))
    with pytest.raises(Held, match="version:1"):
        forget(site, model, "1")
    site.world.command("admin", lambda c: purging.purge(c, made.uid, "wrong"))
    assert forget(site, model, "1") == ["main"]
    assert held(site, model) == set()


@pytest.mark.parametrize(("who", "error"), [("contributor", Forbidden), ("viewer", Forbidden), ("stranger", NotFound)])
def test_who_may_not_delete_versions_takes_nothing_away(
    site: Site, model: AssetView, who: str, error: type[Exception]
) -> None:
    put(site, model, a="1")
    with pytest.raises(error):
        forget(site, model, "1", who=who)
    assert kept(site, model) == ["a.bin"]

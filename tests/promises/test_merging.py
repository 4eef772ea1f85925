"""Promise 4 where branches are merged: "Garbage collection never removes a reachable or in-flight byte".

What is merged may lose its last branch or version between the plan of a merge and its last step, and be let go.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from strongroom.application.artifacts import uploads
from strongroom.application.call import Call
from strongroom.application.collaboration import proposals
from strongroom.application.collection import collecting
from strongroom.application.edge import RequestEdge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import commits, history, purging, refs, versions
from strongroom.application.registry.commits import Commit, Merge
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import Conflict, DomainError, NotFound, PreconditionFailed
from strongroom.domain.registry.refs import RefKind
from tests.promises.collecting import DAY, Timed, blob_of, collect
from tests.promises.support import Site, publish_bytes, run, sha256

T = TypeVar("T")
SIDE = b"only in the side branch"


class Interrupted(RequestEdge):
    """The edge of a request before whose last step something else happens, once."""

    def __init__(self, site: Site, between: Callable[[], Awaitable[object]]) -> None:
        super().__init__(site.gateway, site.world.tokens["contributor"], None)
        self._between: Callable[[], Awaitable[object]] | None = between

    async def finish(self, work: Callable[[Call], T]) -> T:
        between, self._between = self._between, None
        if between is not None:
            await between()
        return await super().finish(work)


@pytest.fixture(autouse=True)
def timed(site: Site) -> None:
    site.store = Timed(site)  # type: ignore[assignment]


async def put(site: Site, uid: str, path: str, data: bytes, branch: str, start: str | None = None) -> HeadView:
    edge = site.edge("contributor")
    await uploads.put_small(edge, "asset", uid, [(sha256(data), data)])
    edit = EditCommand("put", path, sha256=sha256(data), size=len(data))
    return await commits.commit(edge, uid, Commit(branch, [edit], start=start))


def parted(site: Site, uid: str, *, more: bool) -> None:
    """A branch `side` with a file of its own; `more`: the main branch went on, too. The sender's ledger is over."""
    run(put(site, uid, "a", b"base", "main"))
    run(put(site, uid, "b", SIDE, "side", start="main"))
    if more:
        run(put(site, uid, "c", b"more", "main"))
    site.world.clock.advance(3 * DAY)


async def gone(site: Site, uid: str, branch: str = "side") -> None:
    """The branch is deleted, and the collector runs."""
    await site.edge("contributor").command(lambda c: refs.delete(c, uid, RefKind.BRANCH, branch, None))
    await collecting.collect(site.world.executor, site.store)


def all_there(site: Site, uid: str) -> bool:
    """Whether the collector, over days, leaves all files of the main branch."""
    for _ in range(2):
        collect(site)
        site.world.clock.advance(DAY + DAY // 2)
    collect(site)
    found = site.world.read("viewer", lambda c: history.files(c, uid, "", "", PageRequest(1000), recursive=True)).items
    known = site.world.read_tx(lambda tx: tx.blobs.by_sha256([one.sha256 or "" for one in found]))
    return all(one.sha256 in known for one in found)


@pytest.mark.parametrize("more", [True, False], ids=["merged", "fast-forward"])
def test_a_branch_that_was_deleted_meanwhile_is_not_merged(site: Site, model: AssetView, more: bool) -> None:
    parted(site, model.uid, more=more)
    edge = Interrupted(site, lambda: gone(site, model.uid))
    with pytest.raises(NotFound):
        run(commits.merge(edge, model.uid, Merge("main", "side")))
    assert all_there(site, model.uid)
    assert blob_of(site, SIDE) is None, "nothing names it any more"


@pytest.mark.parametrize("more", [True, False], ids=["merged", "fast-forward"])
def test_a_branch_that_moved_meanwhile_is_merged_as_it_is_then(site: Site, model: AssetView, more: bool) -> None:
    """The caller named the branch, not its revision; the parent that it named is still right."""
    parted(site, model.uid, more=more)
    head = site.world.read("viewer", lambda c: refs.get(c, model.uid, RefKind.BRANCH, "main"))
    edge = Interrupted(site, lambda: put(site, model.uid, "d", b"late", "side"))
    run(commits.merge(edge, model.uid, Merge("main", "side", parent=head.revision)))
    found = site.world.read("viewer", lambda c: history.files(c, model.uid, "", "", PageRequest(1000), recursive=True))
    assert {"a", "b", "d"} <= {one.path for one in found.items}
    assert all_there(site, model.uid)


def test_a_parent_that_is_wrong_by_then_is_said(site: Site, model: AssetView) -> None:
    parted(site, model.uid, more=True)
    head = site.world.read("viewer", lambda c: refs.get(c, model.uid, RefKind.BRANCH, "main"))
    edge = Interrupted(site, lambda: put(site, model.uid, "d", b"late", "main"))
    with pytest.raises(PreconditionFailed):
        run(commits.merge(edge, model.uid, Merge("main", "side", parent=head.revision)))


def test_a_version_that_was_purged_meanwhile_is_not_merged(site: Site, model: AssetView) -> None:
    run(put(site, model.uid, "a", b"base", "main"))
    version = run(publish_bytes(site, model.uid, {"b": SIDE}))
    site.world.clock.advance(3 * DAY)

    async def purged() -> None:
        admin = site.edge("admin")
        await admin.command(lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
        await admin.command(lambda c: purging.purge(c, version.uid, "r"))
        await collecting.collect(site.world.executor, site.store)

    with pytest.raises(DomainError) as said:
        run(commits.merge(Interrupted(site, purged), model.uid, Merge("main", f":{version.number}")))
    assert isinstance(said.value, NotFound | Conflict)
    assert all_there(site, model.uid)


def test_a_proposal_whose_branch_was_deleted_meanwhile_is_not_merged(site: Site, model: AssetView) -> None:
    run(put(site, model.uid, "a", b"base", "main"))
    made = site.world.command("contributor", lambda c: proposals.propose(c, model.uid, "t", "why", "main"))
    run(put(site, model.uid, "b", SIDE, proposals.branch_of(made.number)))
    run(put(site, model.uid, "c", b"more", "main"))
    site.world.clock.advance(3 * DAY)
    edge = Interrupted(site, lambda: gone(site, model.uid, proposals.branch_of(made.number)))
    with pytest.raises(NotFound):
        run(proposals.merge(edge, made.uid, ""))
    assert all_there(site, model.uid)


def test_what_a_merge_brings_in_is_on_review_until_it_is_done(site: Site, model: AssetView) -> None:
    """Between the plan and the last step no purge takes it, and afterwards the row is gone."""
    parted(site, model.uid, more=True)
    seen: list[dict[str, int]] = []

    async def look() -> None:
        with site.connect() as connection:
            packed = connection.exec_driver_sql("SELECT blobs FROM possession_review").scalars().all()
        seen.append({"rows": len(packed), "bytes": len(packed[0] or b"")})

    assert run(commits.merge(Interrupted(site, look), model.uid, Merge("main", "side"))).changed
    assert seen == [{"rows": 1, "bytes": 8}], "one row, of one blob's id"
    assert site.counts("possession_review") == {"possession_review": 0}

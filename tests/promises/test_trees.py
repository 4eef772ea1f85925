"""Issue 2: "Listing a folder or one file of a tree with 100,000 files does not load the tree." domain.md section 3,
Trees: "Unchanged pages are shared between versions, so INCREMENTAL manifests, diff and collection cost what changed."
"""

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pytest

from strongroom.adapters.sql.repositories.trees import SqlTrees
from strongroom.application.artifacts import folders, trees
from strongroom.application.artifacts.folders import EntryView, PutEntry
from strongroom.application.call import Call
from strongroom.application.edge import RequestEdge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import freezing, publishing
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.domain.artifacts.changes import Change, diff
from strongroom.domain.errors import NotFound
from tests.promises.support import Site, added, fill, make_draft, publish, reference, run, seal, send

T = TypeVar("T")
MIB = 1024 * 1024


class PagesRead:
    """How many pages of trees a piece of work reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        real = SqlTrees.pages

        def counting(trees_: SqlTrees, digests: Sequence[str]) -> Mapping[str, bytes]:
            self.count += len(digests)
            return real(trees_, digests)

        monkeypatch.setattr(SqlTrees, "pages", counting)

    def of(self, site: Site, work: Callable[[Call], T]) -> tuple[T, int]:
        before = self.count
        return site.world.read("viewer", work), self.count - before


def listing(
    uid: str, directory: str, size: int = 100, token: str | None = None, *, recursive: bool = False
) -> Callable[[Call], object]:
    return lambda call: trees.listed(call, uid, directory, PageRequest(size, token), recursive=recursive)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_version_of_100_000_files_is_sealed_and_read_piece_by_piece(
    site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 2: "Listing a folder or one file of a tree with 100,000 files does not load the tree"."""
    pages = PagesRead(monkeypatch)
    draft = make_draft(site, model.uid)
    run(send(site, draft, {"zz/real.bin": b"bytes"}))
    # 100 directories of 999, and one flat one beside them
    fill(site, draft, (reference(f"d{n % 100:02}/f{n:06}", str(n)) for n in range(99_900)))
    fill(site, draft, (reference(f"top{n:03}") for n in range(99)))
    tracemalloc.start()
    version = seal(site, draft)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert version.files + 0 >= 1
    assert peak < 250 * MIB
    total = len(site.world.read("viewer", lambda call: trees.load_root(call, version.tree or "")).pages)
    assert 250 < total < 700

    (entry, blob), read = pages.of(site, lambda call: trees.file_of(call, version.uid, "zz/real.bin"))
    assert (entry.size, blob.size, read) == (5, 5, 1)
    page, read = pages.of(site, lambda call: trees.listed(call, version.uid, "d50", PageRequest(50), recursive=False))
    assert [item.path for item in page.items] == [f"d50/f{n:06}" for n in range(50, 5_050, 100)]
    assert read <= 20
    whole, read = pages.of(site, lambda call: trees.listed(call, version.uid, "", PageRequest(1_000), recursive=False))
    assert [item.path for item in whole.items[:100]] == [f"d{n:02}/" for n in range(100)]
    assert len(whole.items) == 100 + 99 + 1
    assert read <= 110
    deep, read = pages.of(site, lambda call: trees.listed(call, version.uid, "d99", PageRequest(10), recursive=True))
    assert len(deep.items) == 10
    assert read <= 40
    after, read = pages.of(
        site,
        lambda call: trees.listed(call, version.uid, "d99", PageRequest(10, deep.next_page_token), recursive=True),
    )
    assert after.items[0].path > deep.items[-1].path
    assert read <= 40
    for missing in ("d50/nothing", "nowhere", "zz"):
        with pytest.raises(NotFound):
            site.world.read("viewer", lambda call, m=missing: trees.file_of(call, version.uid, m))  # type: ignore[misc]

    # the next version changes ten files and adds one: it costs the pages that hold them
    changed = make_draft(site, model.uid)
    _copy(site, draft, changed)
    fill(site, changed, [reference(f"d00/f{n:06}", "new") for n in range(0, 1_000, 100)])
    before = site.counts("tree", "tree_page")
    second = seal(site, changed)
    grown = added(before, site.counts("tree", "tree_page"))
    assert grown["tree"] == 1
    assert grown["tree_page"] <= 12
    ends = version.tree or "", second.tree or ""

    def compare(call: Call) -> list[Change]:
        old, new = (trees.load_root(call, end) for end in ends)
        return list(diff(old, new, trees.StoredPages(call.tx.trees)))

    changes, read = pages.of(site, compare)
    assert len(changes) == 10
    assert read <= 4 * grown["tree_page"] + 4


def _copy(site: Site, source: str, target: str) -> None:
    """A draft with the entries of another, as a client that pushes the same directory again makes it."""

    def copy(call: Call) -> None:
        rows = call.tx.folders.all(folders.open_folder(call, "draft", source, write=False).folder.id, "")
        call.tx.folders.put(folders.open_folder(call, "draft", target, write=True).folder, rows)

    site.world.command("contributor", copy)


def test_identical_content_adds_no_page_and_no_tree(site: Site, model: AssetView) -> None:
    """domain.md section 3: "Unchanged pages are shared between versions"."""
    entries = [reference(f"{n:04}", str(n)) for n in range(2_000)]
    first = publish(site, model.uid, entries)
    before = site.counts("tree", "tree_page")
    second = publish(site, model.uid, reversed(entries))
    assert (second.tree, second.number) == (first.tree, 2)
    assert added(before, site.counts("tree", "tree_page")) == {}


def test_every_listing_page_by_page_is_the_whole_listing(site: Site, model: AssetView) -> None:
    """Issue 2: "keyset pages": whatever the page size, each path once, in order."""
    names = [f"{a}/{b}" for a in ("a", "a-b", "a0", "b") for b in ("x", "y/z", "y0", "\u00e9")] + ["a.txt", "c"]
    version = publish(site, model.uid, [reference(name, name) for name in names])

    def all_of(directory: str, size: int, *, recursive: bool) -> list[EntryView]:
        found: list[EntryView] = []
        token: str | None = None
        while True:
            request = PageRequest(size, token)
            page = site.world.read(
                "viewer",
                lambda call, r=request: trees.listed(call, version.uid, directory, r, recursive=recursive),  # type: ignore[misc]
            )
            found += page.items
            token = page.next_page_token
            if token is None:
                return found

    assert [item.path for item in all_of("", 3, recursive=True)] == sorted(names)
    for recursive in (True, False):
        for directory in ("", "a", "a-b"):
            once = all_of(directory, 1_000, recursive=recursive)
            assert all(all_of(directory, size, recursive=recursive) == once for size in (1, 2, 3))
    assert {item.path for item in all_of("", 1_000, recursive=False)} == {"a/", "a-b/", "a0/", "b/", "a.txt", "c"}


@pytest.mark.parametrize(("rows_at_seal", "commands"), [(64, 1), (0, 3)], ids=["small tree", "large tree"])
def test_sealing_reads_no_folder_under_the_writers_lock(
    site: Site, model: AssetView, rows_at_seal: int, commands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N4: "constant-size sealing keeps SQLite's one writer free": freezing is a read; many pages come before the seal,
    in pieces, behind a review.
    """
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", rows_at_seal)
    steps: list[str] = []

    class Naming(RequestEdge):
        async def command(self, work: Callable[[Call], T]) -> T:
            steps.append("command")
            return await super().command(work)

        async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
            steps.append("read")
            return await super().read(work, brief=brief)

    draft = make_draft(site, model.uid)
    fill(site, draft, [PutEntry(f"{n}", uri=f"s3://b/{n}", pin="p") for n in range(2_000)])
    edge = Naming(site.gateway, site.world.tokens["contributor"], None)
    run(publishing.seal(edge, draft, PublishDetails()))
    assert steps == ["read", "read", *["command"] * commands]

"""Paged trees: the same tree has the same pages, and reading opens only the pages it needs."""

from collections.abc import Mapping, Sequence
from functools import cache
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts import pages as paging
from strongroom.domain.artifacts.changes import Change, diff, rebuild
from strongroom.domain.artifacts.lookup import Directory, find, is_directory, iterate, list_directory
from strongroom.domain.artifacts.page import Page, encode_page
from strongroom.domain.artifacts.pages import (
    PagesInMemory,
    TreeRoot,
    build,
    decode_root,
    encode_root,
    open_page,
)
from strongroom.domain.artifacts.tree import Entry, is_unpinned, summarise
from strongroom.domain.errors import Corrupted
from tests.domain.artifacts.strategies import PATHS, TREES, file, large_tree


class Counting:
    """A source that counts the pages it gave."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self.pages = dict(pages)
        self.opened = 0

    def get(self, ids: Sequence[str]) -> Sequence[bytes]:
        self.opened += len(ids)
        return [self.pages[page] for page in ids]


@pytest.fixture(autouse=True)
def _small_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let generated trees of a few entries span several pages: cut at every third path, three entries at most."""
    if "large" not in request.fixturenames:

        def ends_page(path: str, length: int) -> bool:
            return length >= 3 or crc32(path.encode()) % 3 == 0

        monkeypatch.setattr(paging, "ends_page", ends_page)
        monkeypatch.setattr("strongroom.domain.artifacts.changes.ends_page", ends_page)


@cache
def _large() -> tuple[list[Entry], TreeRoot, dict[str, bytes]]:
    tree = large_tree()
    root, pages = build(tree)
    return tree, root, pages


@pytest.fixture
def large() -> tuple[list[Entry], TreeRoot, Counting]:
    tree, root, pages = _large()
    return tree, root, Counting(pages)


@given(TREES)
def test_a_page_reads_back_whole_and_one_by_one(tree: list[Entry]) -> None:
    page = Page(encode_page(tree))
    assert page.entries() == tree
    assert [page.entry(index) for index in range(len(tree))] == tree
    assert all(page.find(entry.path) == entry for entry in tree)
    assert page.find("no such path") is None


@given(TREES, st.data())
def test_damaged_pages_never_pass_for_whole_ones(tree: list[Entry], data: st.DataObject) -> None:
    page = encode_page(tree)
    cut = page[: data.draw(st.integers(0, len(page) - 1))]
    with pytest.raises(Corrupted):
        Page(cut).entries()
    with pytest.raises(Corrupted):
        Page(page + b"\0").entries()


@given(TREES)
def test_pages_hold_the_tree_and_the_root_its_totals(tree: list[Entry]) -> None:
    root, pages = build(tree)
    source = PagesInMemory(pages)
    assert list(iterate(root, source)) == tree
    summary = summarise(tree)
    assert (root.entries, root.files, root.bytes) == (summary.entries, summary.files, summary.bytes)
    assert root.unpinned == sum(map(is_unpinned, tree))
    assert decode_root(encode_root(root)) == root


@given(TREES, PATHS)
def test_finding_agrees_with_a_dict(tree: list[Entry], other: str) -> None:
    root, pages = build(tree)
    held = {entry.path: entry for entry in tree}
    for path in {*held, other, ""}:
        assert find(root, PagesInMemory(pages), path) == held.get(path)


@given(TREES, st.sampled_from(["", "a", "a/", "b/c", "é", "a/b/"]), st.one_of(st.just(""), PATHS))
def test_iterating_agrees_with_a_filter(tree: list[Entry], prefix: str, after: str) -> None:
    root, pages = build(tree)
    expected = [e for e in tree if e.path.startswith(prefix) and (e.path > after or not after)]
    assert list(iterate(root, PagesInMemory(pages), prefix=prefix, after=after)) == expected
    assert is_directory(root, PagesInMemory(pages), "a") == any(e.path.startswith("a/") for e in tree)


@given(TREES, st.sampled_from(["", "a", "b", "a/b", "nowhere"]), st.integers(1, 4))
def test_listing_a_directory_page_by_page_agrees_with_grouping(tree: list[Entry], directory: str, limit: int) -> None:
    root, pages = build(tree)
    prefix = directory + "/" if directory else ""
    inside = [entry for entry in tree if entry.path.startswith(prefix)]
    expected: dict[str, Entry | Directory] = {}
    for entry in inside:
        name, slash, _ = entry.path[len(prefix) :].partition("/")
        expected[prefix + name + slash] = Directory(prefix + name + "/") if slash else entry
    found: list[Entry | Directory] = []
    while some := list_directory(
        root, PagesInMemory(pages), directory, after=found[-1].path if found else "", limit=limit
    ):
        assert len(some) <= limit
        found += some
    assert found == [expected[path] for path in sorted(expected)]


@given(TREES, TREES)
def test_a_diff_says_what_changed(before: list[Entry], after: list[Entry]) -> None:
    root_a, pages_a = build(before)
    root_b, pages_b = build(after)
    old, new = ({entry.path: entry for entry in tree} for tree in (before, after))
    expected = [Change(p, old.get(p), new.get(p)) for p in sorted({*old, *new}) if old.get(p) != new.get(p)]
    assert list(diff(root_a, root_b, PagesInMemory(pages_a | pages_b))) == expected


@given(TREES, TREES, st.lists(PATHS, max_size=4))
def test_rebuilding_gives_the_pages_of_the_result(before: list[Entry], puts: list[Entry], deleted: list[str]) -> None:
    root, pages = build(before)
    some = [entry.path for entry in before[::2]]
    changes: dict[str, Entry | None] = {**dict.fromkeys([*deleted, *some]), **{entry.path: entry for entry in puts}}
    made = list(rebuild(root, changes, PagesInMemory(pages)))
    held: dict[str, Entry | None] = {**{entry.path: entry for entry in before}, **changes}
    expected_root, expected_pages = build([held[p] for p in sorted(held) if held[p] is not None])  # type: ignore[misc]
    assert TreeRoot(tuple(ref for ref, _ in made)) == expected_root
    known = pages | {ref.id: data for ref, data in made if data is not None}
    assert all(known[page] == data for page, data in expected_pages.items())


def test_pages_end_by_path_and_never_grow_past_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert paging.ends_page("x", 4096)
    assert not paging.ends_page("model.bin", 4095)
    chosen = [path for n in range(20_000) if crc32((path := f"{n:06}").encode()) & 0xFF]
    assert [ref.entries for ref, _ in paging.paginate(map(file, chosen[:9000]))] == [4096, 4096, 808]


def test_the_format_does_not_drift() -> None:
    ref, data = paging.make_page([file("a/b", 1), file("a/c", 2)])
    assert data.hex().startswith("53525001" + "00" + "02" + "08" + "0003612f62" + "020163")
    assert ref.id[:12] == "a97e93225a86"


def test_a_page_that_is_not_what_was_written_is_named() -> None:
    root, pages = build([file("a")])
    for bad in (b"", pages[root.pages[0].id] + b"\0"):
        with pytest.raises(Corrupted) as found:
            open_page(PagesInMemory({root.pages[0].id: bad}), root.pages[0])
        assert found.value.details["page"] == root.pages[0].id
    with pytest.raises(Corrupted):
        find(root, PagesInMemory({}), "a")


@pytest.mark.parametrize("data", [b"", b"SRR\x01", b"SRR\x01\x01", b"SRR\x01\xff\xff\xff\x7f", b"SRP\x01\x00"])
def test_a_root_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(Corrupted):
        decode_root(data)


def test_one_of_100_000_is_found_in_one_page(large: tuple[list[Entry], TreeRoot, Counting]) -> None:
    tree, root, source = large
    assert find(root, source, tree[54_321].path) == tree[54_321]
    assert source.opened == 1
    assert find(root, source, "zzz") is None
    assert find(root, source, "aaa") is None
    assert source.opened == 1


def test_listing_skips_what_lies_in_subdirectories(large: tuple[list[Entry], TreeRoot, Counting]) -> None:
    tree, root, source = large
    assert list_directory(root, source, limit=1) == [Directory("d000/")]
    assert source.opened == 0, "the root alone tells what comes first"
    assert [item.path for item in list_directory(root, source)] == [f"d{n:03}/" for n in range(100)]
    assert source.opened <= 100 < len(root.pages)
    source.opened = 0
    assert list_directory(root, source, "d042") == tree[42_000:43_000]
    assert source.opened < 10


def test_pages_take_few_bytes_and_unchanged_ones_are_shared(large: tuple[list[Entry], TreeRoot, Counting]) -> None:
    tree, root, source = large
    assert sum(map(len, source.pages.values())) < 46 * len(tree)
    assert 300 < len(root.pages) < 500
    changes: dict[str, Entry | None] = {
        tree[10].path: file(tree[10].path, "changed"),
        tree[70_000].path: None,
        "zz/new": file("zz/new"),
    }
    made = list(rebuild(root, changes, source))
    assert 3 <= source.opened <= 6
    fresh = {ref.id: data for ref, data in made if data is not None}
    assert len(fresh) <= 5
    source.pages.update(fresh)
    source.opened = 0
    after = TreeRoot(tuple(ref for ref, _ in made))
    assert [change.path for change in diff(root, after, source)] == sorted(changes)
    assert source.opened <= 12

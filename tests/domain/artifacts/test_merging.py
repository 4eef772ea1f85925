"""Three-way merges and edits of random trees, against dictionaries."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strongroom.domain.artifacts import edits, merging
from strongroom.domain.artifacts.changes import rebuild
from strongroom.domain.artifacts.edits import Delete, Put, Take, changes_of
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.pages import PagesInMemory, TreeRoot, build
from strongroom.domain.artifacts.tree import Entry, FileEntry, tree_digest
from strongroom.domain.errors import BadPath, Invalid, NotFound, TooLarge

Plain = dict[str, str]
PATHS = ["a", "b", "a/x", "a/y", "b/c/d", "c"]


def entry(path: str, content: str) -> FileEntry:
    return FileEntry(path, content * 64, 1)


def is_tree(files: Plain) -> bool:
    return not any(other.startswith(path + "/") for path in files for other in files)


plain = st.dictionaries(st.sampled_from(PATHS), st.sampled_from("012"), max_size=5).filter(is_tree)


def store(pages: dict[str, bytes], files: Plain) -> TreeRoot:
    root, made = build([entry(path, content) for path, content in sorted(files.items())])
    pages |= made
    return root


def apply(root: TreeRoot, changes: dict[str, Entry | None], pages: dict[str, bytes]) -> Plain:
    """The tree after the changes. :raises BadPath: it is none."""
    made = list(rebuild(root, changes, PagesInMemory(pages)))
    pages = pages | {ref.id: data for ref, data in made if data is not None}
    found = list(iterate(TreeRoot(tuple(ref for ref, _ in made)), PagesInMemory(pages)))
    tree_digest(found)
    return {one.path: one.sha256[0] for one in found if isinstance(one, FileEntry)}


@given(plain, plain, plain)
def test_a_merge_holds_what_either_side_changed_or_names_the_paths_they_disagree_on(
    base: Plain, ours: Plain, theirs: Plain
) -> None:
    """ "merge of branches (three-way on paths, conflicts named; no content merge)"."""
    pages: dict[str, bytes] = {}
    start, mine, other = (store(pages, files) for files in (base, ours, theirs))
    merged = merging.merge(start, mine, other, PagesInMemory(pages))
    paths = {*base, *ours, *theirs}
    disagree = [
        path
        for path in paths
        if ours.get(path) != base.get(path) != theirs.get(path) and ours.get(path) != theirs.get(path)
    ]
    expected = {
        path: content
        for path in paths
        if (content := theirs.get(path) if ours.get(path) == base.get(path) else ours.get(path)) is not None
    }
    assert set(disagree) <= set(merged.conflicts)
    assert bool(merged.conflicts) == (bool(disagree) or not is_tree(expected))
    if not merged.conflicts:
        assert apply(mine, merged.changes, pages) == expected


@given(plain, plain)
def test_merging_what_nobody_changed_meanwhile_gives_theirs(base: Plain, theirs: Plain) -> None:
    pages: dict[str, bytes] = {}
    start, end = store(pages, base), store(pages, theirs)
    merged = merging.merge(start, start, end, PagesInMemory(pages))
    assert merged.conflicts == []
    assert apply(start, merged.changes, pages) == theirs


@given(plain, st.sampled_from(PATHS), st.sampled_from(PATHS))
def test_a_move_is_a_copy_without_the_original(files: Plain, old: str, new: str) -> None:
    pages: dict[str, bytes] = {}
    root = store(pages, files)
    source = PagesInMemory(pages)
    below = {path: content for path, content in files.items() if path == old or path.startswith(old + "/")}
    if not below:
        with pytest.raises(NotFound):
            changes_of(root, [Delete(old), Take(root, old, new)], source)
        return
    moved = {path: content for path, content in files.items() if path not in below}
    moved |= {new + path[len(old) :]: content for path, content in below.items()}
    assume(is_tree(moved))
    assert apply(root, changes_of(root, [Delete(old), Take(root, old, new)], source), pages) == moved


def test_what_is_put_wins_over_what_is_deleted_and_twice_is_refused() -> None:
    pages: dict[str, bytes] = {}
    root = store(pages, {"a/x": "0", "a/y": "0"})
    source = PagesInMemory(pages)
    changes = changes_of(root, [Put(entry("a/x", "1")), Delete("a")], source)
    assert apply(root, changes, pages) == {"a/x": "1"}
    with pytest.raises(Invalid):
        changes_of(root, [Put(entry("n", "1")), Put(entry("n", "2"))], source)
    with pytest.raises(BadPath):
        apply(root, changes_of(root, [Put(entry("a", "1"))], source), pages)


def test_a_commit_that_touches_too_many_paths_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "PATHS_MOST", 10)
    pages: dict[str, bytes] = {}
    root = store(pages, {f"d/{n:02}": "0" for n in range(12)})
    with pytest.raises(TooLarge):
        changes_of(root, [Delete("d")], PagesInMemory(pages))

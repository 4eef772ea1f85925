"""Folders: what may be written beside what, and what a freeze makes of a part."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts.folder import check_put, frozen, neighbours, placed_under, rename, subpath
from strongroom.domain.artifacts.tree import Entry, MountEntry
from strongroom.domain.errors import BadPath
from tests.domain.artifacts.strategies import PATHS, TREES, file

FOLDER: list[Entry] = [file("a/x", 1), file("a/y/z", 2), file("a0", 3), file("b", 4)]


def test_neighbours_are_the_parents_and_the_range_below() -> None:
    assert neighbours("a/b/c") == (["a/b", "a"], ("a/b/c/", "a/b/c0"))


@pytest.mark.parametrize("path", ["a", "a/y", "b/c", "a/x/y/z"])
def test_a_put_that_clashes_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        check_put(path, [entry.path for entry in FOLDER])


@pytest.mark.parametrize("path", ["a/x", "a/y/w", "b", "c/d", "a-"])
def test_a_put_that_fits_or_replaces(path: str) -> None:
    check_put(path, [entry.path for entry in FOLDER])


@given(TREES, PATHS)
def test_looking_at_neighbours_is_enough(tree: list[Entry], path: str) -> None:
    above, (low, high) = neighbours(path)
    near = [entry.path for entry in tree if entry.path in above or low <= entry.path < high]

    def refuses(existing: list[str]) -> bool:
        try:
            check_put(path, existing)
        except BadPath:
            return True
        return False

    assert refuses(near) == refuses([entry.path for entry in tree])


def test_a_part_is_taken_relative_to_its_directory() -> None:
    assert list(subpath(FOLDER, "a")) == [file("x", 1), file("y/z", 2)]
    assert list(subpath(FOLDER, "a/y/")) == [file("z", 2)]
    assert list(subpath(FOLDER, "")) == FOLDER
    assert list(subpath(FOLDER, "a/x")) == [file("x", 1)]
    assert list(subpath(FOLDER, "nothing")) == []
    with pytest.raises(BadPath):
        list(subpath([file("a/C:x")], "a"))
    with pytest.raises(BadPath):
        list(subpath(FOLDER, "../a"))


def test_entries_are_placed_below_a_directory() -> None:
    assert list(placed_under([file("x")], "a/b")) == [file("a/b/x")]
    assert list(placed_under([MountEntry("", "s3://b/")], "data")) == [MountEntry("data", "s3://b/")]
    assert list(placed_under(FOLDER, "")) == FOLDER
    with pytest.raises(BadPath):
        list(placed_under([file("x" * 200)], "/".join(["y" * 200] * 5)))


def test_rename_selects_and_moves() -> None:
    assert list(rename(FOLDER, [("a/y", "deep"), ("b", "c/d")])) == [file("deep/z", 2), file("c/d", 4)]
    assert list(rename(FOLDER, [("a", "")])) == [file("x", 1), file("y/z", 2)]
    assert list(rename(FOLDER, [("", "")])) == FOLDER
    assert list(rename(FOLDER, [("b", "1"), ("b", "2")])) == [file("1", 4), file("2", 4)]
    with pytest.raises(BadPath):
        list(rename(FOLDER, [("nothing", "x")]))
    with pytest.raises(BadPath):
        list(rename(FOLDER, [("b", "")]))


@given(TREES, st.randoms(use_true_random=False))
def test_freezing_sorts(tree: list[Entry], random: Random) -> None:
    shuffled = tree[:]
    random.shuffle(shuffled)
    assert frozen(shuffled) == tree


def test_freezing_refuses_clashes() -> None:
    with pytest.raises(BadPath):
        frozen([file("a"), file("a/b")])
    with pytest.raises(BadPath):
        frozen([file("a"), file("a", 2)])

"""Paths: hostile spellings never get in, and what gets in stays inside."""

import posixpath
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts.paths import AscendingPaths, clean_directory, clean_path, is_under, parents
from strongroom.domain.errors import BadPath

HOSTILE = [
    *("", "/", "/etc/passwd", "//host/share", "\\\\host\\share", "C:/x", "c:x", "a\\b", "..", ".", "../a", "a/.."),
    *("./a", "a/./b", "a//b", "a/", "a/../b", "a\x00b", "a\nb", "a\x7f", "\x85", "a\ud800", "a\u202eb"),
    *("a\u2066b", "a\u2028b"),
    *("%2e%2e/x", "a%2Fb", "%5c", "a%00", "%252e%252e%252fx", "%25252e", "%c0%ae%c0%ae/x", "x" * 256, "é" * 128),
    *("/".join(["x" * 200] * 6), "/".join(["a"] * 65), "...".replace("...", "../..")),
]
PIECES = st.sampled_from(
    [
        *("a", "b", ".", "..", "/", "//", "\\", "%2e", "%2F", "%25", "%5C", "%00", "%c0%ae", "\x00", "C:", "é"),
        *("e\u0301", "\u202e", "\ud800", " ", "\u2024", "\uff0f", "CON", "~", "\n", "-", "0"),
    ]
)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_path_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        clean_path(text)


@pytest.mark.parametrize(
    "text", ["a", "a/b.bin", "...", ".git/config", "a b", "ab:c", "d/C:x", "CON", "100%", "%41", "模型/重"]
)
def test_a_path_is_kept(text: str) -> None:
    assert clean_path(text) == text


def test_limits_are_inclusive() -> None:
    assert clean_path("x" * 255)
    assert clean_path("/".join(["a"] * 64))
    assert len(clean_path("/".join(["x" * 255] * 4))) == 1023


@given(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=12)))
def test_an_accepted_path_stays_inside_and_has_one_spelling(text: str) -> None:
    try:
        path = clean_path(text)
    except BadPath:
        return
    assert clean_path(path) == path == unicodedata.normalize("NFC", text)
    for spelling in (path, unquote(path), unquote(unquote(path))):
        assert posixpath.normpath(posixpath.join("/root", spelling)).startswith("/root/")
        assert ".." not in PurePosixPath(spelling).parts
        assert "\\" not in spelling
        assert "\x00" not in spelling
    windows = PureWindowsPath(path)
    assert not windows.drive
    assert not windows.is_absolute()


def test_directories() -> None:
    assert clean_directory("") == ""
    assert clean_directory("a/b/") == "a/b"
    for text in ("/", "a//", "..", "a/../"):
        with pytest.raises(BadPath):
            clean_directory(text)


def test_parents_and_what_lies_under() -> None:
    assert list(parents("a/b/c")) == ["a/b", "a"]
    assert is_under("a/b", "a")
    assert is_under("a", "")
    assert not is_under("a", "a")
    assert not is_under("ab", "a")


def ascending(paths: list[str]) -> None:
    check = AscendingPaths()
    for path in paths:
        check.check(path)


@pytest.mark.parametrize(
    "paths", [["a", "a"], ["b", "a"], ["a", "a/b"], ["a", "a-b", "a/b"], ["a", "a!", "a!b", "a-", "a/b/c"], ["", "a"]]
)
def test_paths_clash(paths: list[str]) -> None:
    with pytest.raises(BadPath):
        ascending(paths)


@given(st.sets(st.text("ab-/.", min_size=1, max_size=6), max_size=12))
def test_clashes_are_found_exactly(texts: set[str]) -> None:
    paths = sorted(text for text in texts if all(text.split("/")))
    clash = any(is_under(b, a) for a in paths for b in paths)
    if clash:
        with pytest.raises(BadPath):
            ascending(paths)
    else:
        ascending(paths)
